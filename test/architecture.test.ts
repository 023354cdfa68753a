import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";

const siblings = ["bgp", "rib", "kernel", "k8s", "bfd", "cni", "control", "discovery", "observe", "migrate"];

/** Who may import whom; a module may always import itself, and one missing here may import nothing. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  route: ["lib"],
  config: ["route", "lib"],
  ...Object.fromEntries(siblings.map((name) => [name, ["config", "route", "lib"]])),
  daemon: [...siblings, "config", "route", "lib"],
  cli: ["daemon", ...siblings, "config", "route", "lib", ".."], // package.json, for the version
  "main.ts": ["cli", "lib"],
  "birdc.ts": ["control", "lib"],
};

/** Packages that only compute, and the modules that may use them outside io/. */
const purePackages: Readonly<Record<string, readonly string[]>> = {
  config: ["ipaddr.js", "valibot", "yaml"],
  route: ["ipaddr.js"],
};

const src = join(import.meta.dirname, "../src");
const moduleOf = (path: string): string => path.split("/")[0] ?? "";
const isIo = (path: string): boolean => path.split("/").includes("io");
const mayTouchTheWorld = (path: string): boolean => isIo(path) || moduleOf(path) === "cli" || !path.includes("/");

const imports = globSync("**/*.ts", { cwd: src }).flatMap((file) => {
  const text = readFileSync(join(src, file), "utf8");
  return [...text.matchAll(/^(?:import|export|\}).*?(?:\bfrom|^import) "([^"\n]+)"|\bimport\("([^"\n]+)"\)/gm)].map(
    ([, still, lazy]) => {
      const name = still ?? lazy ?? "";
      const inside = name.startsWith("#") || name.startsWith(".");
      const to = name.startsWith("#") ? name.slice(1) : inside ? relative(src, join(src, dirname(file), name)) : name;
      return { file, to, inside };
    },
  );
});

test("the scan finds the code it is meant to judge", () => {
  expect(imports.length).toBeGreaterThan(5);
});

test("modules import only what the table allows", () => {
  const offences = imports.filter(({ file, to, inside }) => {
    return inside && moduleOf(file) !== moduleOf(to) && !allowed[moduleOf(file)]?.includes(moduleOf(to));
  });
  expect(offences).toEqual([]);
});

test("pure code imports neither the platform, nor packages, nor io", () => {
  const offences = imports.filter(({ file, to, inside }) => {
    if (mayTouchTheWorld(file)) return false;
    return inside ? isIo(to) : !purePackages[moduleOf(file)]?.includes(to);
  });
  expect(offences).toEqual([]);
});

test("the wiring in daemon/ never imports an io/", () => {
  expect(imports.filter(({ file, to }) => moduleOf(file) === "daemon" && isIo(to))).toEqual([]);
});
