import { describe, expect, test } from "vitest";
import { commandTable, recordedCommands, tables } from "./support/command-table.ts";
import { missing } from "./support/recordings.ts";

describe.skipIf(missing)(`every command that was recorded is in the tables of docs/birdc.md ${missing ?? ""}`, () => {
  test.each(Object.keys(tables) as (keyof typeof tables)[])("%s", (heading) => {
    const rows = commandTable(heading);
    expect([...rows.keys()].toSorted()).toEqual(recordedCommands(heading).toSorted());
  });
});

test.each(Object.keys(tables) as (keyof typeof tables)[])("the table of %s says what and why", (heading) => {
  const rows = [...commandTable(heading).values()];
  expect(rows.length).toBeGreaterThan(100);
  for (const { answer, codes, reason } of rows) {
    expect(["same", "other content", "not applicable"]).toContain(answer);
    if (answer !== "same") expect(reason).not.toBe("");
    if (answer === "not applicable") expect(codes).toHaveLength(1);
  }
});
