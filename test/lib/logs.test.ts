import { expect, test } from "vitest";
import { textLog } from "#lib/io/logs.ts";

test("a line carries its own and its log's fields, quoted where they must be, without undefined ones", () => {
  const lines: string[] = [];
  textLog("info", (line) => lines.push(line))
    .with({ peer: "a" })
    .warn("went down", { why: "hold timer", code: 4, none: undefined });
  expect(lines.map((line) => line.replace(/^\S+ /, ""))).toEqual(['WARN  went down peer=a why="hold timer" code=4\n']);
});

test("what is below the level is not written", () => {
  const lines: string[] = [];
  textLog("warn", (line) => lines.push(line)).info("quiet");
  expect(lines).toEqual([]);
});
