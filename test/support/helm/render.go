// Renders a Helm chart with the two things that Helm's engine is made of, Go's text/template and Sprig, and the functions
// that Helm adds to them. Nothing of a cluster: no lookup, no hooks, no subcharts.
//
// Usage: GO111MODULE=off GOPATH=/usr/share/gocode go run render.go CHART NAMESPACE <VALUES.yaml
package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"gopkg.in/yaml.v3"
)

type object = map[string]interface{}

// files is what templates see as .Files.
type files struct{ chart string }

func (f files) Get(name string) string {
	text, err := os.ReadFile(filepath.Join(f.chart, filepath.Clean("/"+name)))
	if err != nil {
		return ""
	}
	return string(text)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func parse(text []byte) object {
	values := object{}
	check(yaml.Unmarshal(text, &values))
	return values
}

// merge puts what is given over the chart's own values; null takes a value away.
func merge(own, given object) object {
	for key, value := range given {
		inner, isObject := value.(object)
		before, wasObject := own[key].(object)
		switch {
		case value == nil:
			delete(own, key)
		case isObject && wasObject:
			own[key] = merge(before, inner)
		default:
			own[key] = value
		}
	}
	return own
}

func toYaml(value interface{}) (string, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	err := encoder.Encode(value)
	return strings.TrimSuffix(out.String(), "\n"), err
}

func functions(all *template.Template) template.FuncMap {
	funcs := sprig.TxtFuncMap()
	delete(funcs, "env")
	delete(funcs, "expandenv")
	funcs["toYaml"] = toYaml
	funcs["include"] = func(name string, data interface{}) (string, error) {
		var out strings.Builder
		err := all.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	funcs["required"] = func(message string, value interface{}) (interface{}, error) {
		if value == nil || value == "" {
			return nil, fmt.Errorf("%s", message)
		}
		return value, nil
	}
	funcs["b64enc"] = func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	return funcs
}

func main() {
	chart, namespace := os.Args[1], os.Args[2]
	description, err := os.ReadFile(filepath.Join(chart, "Chart.yaml"))
	check(err)
	own, err := os.ReadFile(filepath.Join(chart, "values.yaml"))
	check(err)
	given, err := io.ReadAll(os.Stdin)
	check(err)
	facts := parse(description)
	data := object{
		"Values":  merge(parse(own), parse(given)),
		"Release": object{"Name": "linnet", "Namespace": namespace, "Service": "Helm"},
		"Chart":   object{"Name": facts["name"], "Version": facts["version"], "AppVersion": facts["appVersion"]},
		"Files":   files{chart},
	}
	all := template.New("chart").Option("missingkey=zero")
	all.Funcs(functions(all))
	paths, err := filepath.Glob(filepath.Join(chart, "templates", "*"))
	check(err)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		check(err)
		_, err = all.New(path).Parse(string(text))
		check(err)
	}
	for _, path := range paths {
		if !strings.HasSuffix(path, ".yaml") {
			continue
		}
		var out strings.Builder
		check(all.ExecuteTemplate(&out, path, data))
		fmt.Printf("---\n# Source: %s\n%s\n", path, strings.ReplaceAll(out.String(), "<no value>", ""))
	}
}
