import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const program = join(import.meta.dirname, "../../src/main.ts");

test.each([
  [["cni", "plugins", "--from", "/does/not/exist", "--to", "/proc"], /ENOENT.* '\/(proc|does\/not\/exist)\//],
  [["migrate", "calico", "--file", "/does/not/exist"], /^\/does\/not\/exist cannot be read: ENOENT/],
  [["migrate", "calico"], /^- cannot be read: Flow sequence .* at line 2, column 1:$/],
])("what the system refuses to linnet %j is one line, and exit status 1", (words, line) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], { input: "a: [\n" });
  expect({ status, stdout: String(stdout) }).toEqual({ status: 1, stdout: "" });
  expect(String(stderr).trimEnd().split("\n")).toEqual([expect.stringMatching(line)]);
});
