import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { leaveProgram } from "#lib/io/upkeep.ts";

const fileKibibytes = (): number =>
  Number(/^RssFile:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1]);

test("pages of Node's own file leave the process, and what is wanted of them comes back", async () => {
  const before = fileKibibytes();
  const mappings = await leaveProgram();
  const after = fileKibibytes();
  expect(mappings).toBeGreaterThanOrEqual(1);
  expect(after).toBeLessThan(before - 8 * 1024);
  expect([3, 1, 2].sort().map((each) => JSON.stringify({ each }))).toEqual(['{"each":1}', '{"each":2}', '{"each":3}']);
});
