import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { removeFile, writeFileAtomically } from "#cni/io/write-file.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "linnet-write-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("a file is made with its directories, mode 0644, and nothing else is left", async () => {
  const path = join(directory, "a/b/10-linnet.conflist");
  const umask = process.umask(0o077);
  expect(await writeFileAtomically(path, "one\n")).toBe(true);
  process.umask(umask);
  expect(readFileSync(path, "utf8")).toBe("one\n");
  expect(statSync(path).mode & 0o777).toBe(0o644);
  expect(readdirSync(join(directory, "a/b"))).toEqual(["10-linnet.conflist"]);
});

test("a file that holds the text already is not touched", async () => {
  const path = join(directory, "f");
  writeFileSync(path, "one\n");
  const before = statSync(path, { bigint: true }).ctimeNs;
  expect(await writeFileAtomically(path, "one\n")).toBe(false);
  expect(statSync(path, { bigint: true }).ctimeNs).toBe(before);
});

test("another text replaces the file as a whole: a reader that has it open reads the old one", async () => {
  const path = join(directory, "f");
  await writeFileAtomically(path, "one\n");
  const { ino } = statSync(path);
  expect(await writeFileAtomically(path, "two\n")).toBe(true);
  expect(statSync(path).ino).not.toBe(ino);
  expect(readFileSync(path, "utf8")).toBe("two\n");
});

test("what a crash left is overwritten", async () => {
  writeFileSync(join(directory, ".f.linnet-tmp"), "half a li");
  await writeFileAtomically(join(directory, "f"), "whole\n");
  expect(readdirSync(directory)).toEqual(["f"]);
});

test("a file is removed; one that is not there is no error", async () => {
  const path = join(directory, "f");
  writeFileSync(path, "");
  expect(await removeFile(path)).toBe(true);
  expect(await removeFile(path)).toBe(false);
});

test("a path that cannot be written says so", async () => {
  const path = join(directory, "f");
  writeFileSync(path, "");
  chmodSync(path, 0o644);
  await expect(writeFileAtomically(join(path, "under"), "x")).rejects.toThrow(/ENOTDIR/);
});
