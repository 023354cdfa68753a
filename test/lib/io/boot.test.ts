import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bootedSince } from "#lib/io/boot.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "boot-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a boot is noticed once, and the first time is none", () => {
  const [record, kernel] = [join(folder, "record"), join(folder, "boot_id")];
  const asked = (id: string): boolean => {
    writeFileSync(kernel, `${id}\n`);
    return bootedSince(record, kernel);
  };
  expect(["a", "a", "b", "b", "a"].map(asked)).toEqual([false, false, true, false, true]);
});

test("the machine's own boot lasts", () => {
  const record = join(folder, "record");
  expect([bootedSince(record), bootedSince(record)]).toEqual([false, false]);
});
