import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Entry, tar } from "../../tools/image/tar.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "linnet-tar-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const file = (path: string, text: string, mode = 0o644): Entry => ({
  type: "file",
  path,
  mode,
  content: Buffer.from(text),
});
const long = `${"folder-with-a-long-name/".repeat(5)}${"file-with-a-long-name".repeat(4)}`;
const entries: Entry[] = [
  { type: "directory", path: "a", mode: 0o1777 },
  file("a/empty", ""),
  file("a/program", "x".repeat(513), 0o755),
  { type: "link", path: "b", target: "a/program" },
  file(long, "deep"),
];

test("GNU tar finds in it what was put into it", () => {
  const archive = tar(entries, 1_700_000_000);
  const list = execFileSync("tar", ["-tv", "--numeric-owner", "--utc"], { input: archive, encoding: "utf8" });
  expect(
    list
      .trim()
      .split("\n")
      .map((line) => line.replace(/ +/g, " ")),
  ).toEqual([
    "drwxrwxrwt 0/0 0 2023-11-14 22:13 a/",
    "-rw-r--r-- 0/0 0 2023-11-14 22:13 a/empty",
    "-rwxr-xr-x 0/0 513 2023-11-14 22:13 a/program",
    "lrwxrwxrwx 0/0 0 2023-11-14 22:13 b -> a/program",
    `-rw-r--r-- 0/0 4 2023-11-14 22:13 ${long}`,
  ]);
  execFileSync("tar", ["-x", "-C", directory], { input: archive });
  expect(readFileSync(join(directory, "b"), "utf8")).toBe("x".repeat(513));
  expect(readFileSync(join(directory, long), "utf8")).toBe("deep");
});

test("a path that fits no header is refused", () => {
  expect(() => tar([file("x".repeat(101), "")], 0)).toThrow(/too long/);
  expect(() => tar([file(`${"y".repeat(156)}/x`, "")], 0)).toThrow(/too long/);
});
