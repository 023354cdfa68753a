import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { generatedFiles } from "../../../tools/generate.ts";

const root = join(import.meta.dirname, "../../..");

test.each([...generatedFiles(root)])("%s is what tools/generate.ts makes of the schemas", (path, text) => {
  expect(readFileSync(join(root, path), "utf8")).toBe(text);
});
