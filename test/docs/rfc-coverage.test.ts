import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/**
 * Each page, and the folders that its file names start from; names that begin with `src/` or `test/` start from the root.
 * `least`: a page with fewer rows was not read.
 */
const pages = {
  "wire.md": { code: "src/bgp/wire", tests: "test/bgp/wire", least: 41 },
  "session.md": { code: "src/bgp", tests: "test/bgp", least: 41 },
  "rib.md": { code: "src/rib", tests: "test/rib", least: 41 },
  "discovery.md": { code: "src/discovery", tests: "test/discovery", least: 18 },
} as const;

interface Row {
  readonly line: number;
  readonly level: string;
  readonly rule: string;
  readonly status: string;
  readonly code: string;
  readonly tests: string;
}

/** Rows of the tables with the columns `level | rule | status | code | test`. */
function rowsOf(text: string): Row[] {
  return text.split("\n").flatMap((line, index) => {
    const cells = line.split("|").map((cell) => cell.trim());
    if (cells.length !== 8 || cells[1] === "§" || cells[1] === "RFC §" || /^-+$/.test(cells[1] ?? "")) return [];
    const [, , level = "", rule = "", status = "", code = "", tests = ""] = cells;
    return [{ line: index + 1, level, rule, status, code, tests }];
  });
}

const namesIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);

const isPath = (name: string): boolean => /\.ts$|\/$/.test(name);

const pathOf = (folder: string, name: string): string =>
  join(root, /^(src|test|bench|demo)\//.test(name) ? name : `${folder}/${name}`);

/** Texts between quotes, each with the file that was named last before it. */
function quotedIn(cell: string, folder: string, before: string): { file: string; title: string }[] {
  let file = before;
  return [...cell.matchAll(/`([^`]+)`|"([^"]+)"/g)].flatMap(([, name, title]) => {
    if (name !== undefined) file = pathOf(folder, name);
    return title === undefined ? [] : [{ file, title }];
  });
}

/**
 * Titles of tests and groups as they are written, with placeholders (`hold times of %i s …`), and the texts that stand in
 * tables of cases.
 */
function titlesIn(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const calls = /(?:\b(?:test|describe)(?:\.\w+)?\(|\]\s*(?:as const)?\s*\)\()\s*(["`])(.*?)\1,/g;
  const cases = /(?:\[|\bname: |^ +)"([^"\n]*)",?/gm;
  return [
    ...[...text.matchAll(calls)].map(([, , title = ""]) => title),
    ...[...text.matchAll(cases)].map(([, title = ""]) => title),
  ];
}

/** Pieces between which anything may stand: `…` in the tables, placeholders in titles. */
const piecesOf = (text: string): string[] => text.split(/ ?… ?|%[sij]|\$\{[^}]*\}|\$\w+/);

/** Is there a text that both patterns describe? */
function meet(one: readonly string[], other: readonly string[]): boolean {
  const left = one.join("\0");
  const right = other.join("\0");
  const known = new Map<number, boolean>();
  const from = (i: number, j: number): boolean => {
    const key = i * (right.length + 1) + j;
    const seen = known.get(key);
    if (seen !== undefined) return seen;
    let result: boolean;
    if (i === left.length && j === right.length) result = true;
    else if (left[i] === "\0") result = from(i + 1, j) || (j < right.length && from(i, j + 1));
    else if (right[j] === "\0") result = from(i, j + 1) || (i < left.length && from(i + 1, j));
    else result = i < left.length && left[i] === right[j] && from(i + 1, j + 1);
    known.set(key, result);
    return result;
  };
  return from(0, 0);
}

test("patterns meet where one text fits both", () => {
  const fits = (pattern: string, title: string): boolean => meet(piecesOf(pattern), piecesOf(title));
  expect(fits("hold times of … make …", "hold times of %i s and %i s make %i s (RFC 4271 §4.2)")).toBe(true);
  expect(fits("ORIGIN is malformed …", "$name is malformed as %s says")).toBe(true);
  expect(fits("a request is passed on", "a request is passed on (RFC 2918 §4)")).toBe(false);
  expect(fits("… ends the connection", "a %s starts the hold time anew")).toBe(false);
});

for (const [page, { code, tests, least }] of Object.entries(pages)) {
  describe(page, () => {
    const rows = rowsOf(readFileSync(join(root, "docs/rfc-coverage", page), "utf8"));

    test("is a table of rules", () => {
      expect(rows.length).toBeGreaterThanOrEqual(least);
    });

    test("every file that it names is there", () => {
      const missing = rows.flatMap((row) =>
        [
          ...namesIn(row.code).map((name) => pathOf(code, name)),
          ...namesIn(row.tests)
            .filter(isPath)
            .map((name) => pathOf(tests, name)),
        ].flatMap((file) => (existsSync(file) ? [] : [`${row.line}: ${file.slice(root.length + 1)}`])),
      );
      expect(missing).toEqual([]);
    });

    test("every test that it names is there", () => {
      let last = "";
      const missing = rows.flatMap((row) => {
        const quoted = quotedIn(row.tests, tests, last);
        last =
          quoted.at(-1)?.file ??
          namesIn(row.tests)
            .map((name) => pathOf(tests, name))
            .at(-1) ??
          last;
        return quoted.flatMap(({ file, title }) => {
          const there = existsSync(file) && statSync(file).isFile() ? titlesIn(file) : [];
          const found = there.some((candidate) => meet(piecesOf(title), piecesOf(candidate)));
          return found ? [] : [`${row.line}: "${title}" in ${file.slice(root.length + 1)}`];
        });
      });
      expect(missing).toEqual([]);
    });

    test("every rule that is kept names a test; one that is not says why", () => {
      const silent = rows.flatMap(({ line, rule, status, tests: named }) => {
        const proven = named === "the same" || namesIn(named).some(isPath);
        const explained = /[:;,]/.test(status);
        return proven || explained ? [] : [`${line}: ${rule}`];
      });
      expect(silent).toEqual([]);
      const odd = rows.filter(({ status }) => !/^(done|differs|no\b|as RFC|not specified)/.test(status));
      expect(odd.map(({ line, status }) => `${line}: ${status}`)).toEqual([]);
    });
  });
}
