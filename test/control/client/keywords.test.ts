import { describe, expect, test } from "vitest";
import { KeywordTree } from "#control/client/keywords.ts";
import { abbreviations } from "../support/recordings.ts";

const tree = new KeywordTree("2.0.12");

test("keywords are written out and arguments left alone", () => {
  expect(tree.expand("s p a Mesh_10_0_0_2")).toEqual({ kind: "command", text: "show protocols all Mesh_10_0_0_2" });
  expect(tree.expand("sh ro a")).toEqual({ kind: "command", text: "show route a" });
  expect(tree.expand("show  status   extra  word")).toEqual({ kind: "command", text: "show status extra  word" });
});

test("an abbreviation of several keywords is not guessed at", () => {
  const expansion = tree.expand("conf c");
  const possible = expansion.kind === "ambiguous" ? expansion.possible : [];
  expect(possible.map((row) => row.split(" ")[1])).toEqual(["confirm", "check"]);
});

test("words that are no command by themselves are not sent", () => {
  for (const line of ["", "  ", "show", "sh bfd", "graceful", "SHOW STATUS", "show protocols;"]) {
    expect(tree.expand(line), line).toEqual({ kind: "unknown" });
  }
});

test("a newer server has more commands", () => {
  expect(tree.expand("timeformat iso long")).toEqual({ kind: "unknown" });
  expect(new KeywordTree("2.17.5").expand("timef iso long")).toEqual({ kind: "command", text: "timeformat iso long" });
});

test("TAB completes what is certain and lists the rest", () => {
  expect(tree.complete("sh")).toEqual({ append: "ow ", possible: [] });
  expect(tree.complete("show pro")).toEqual({ append: "tocols ", possible: [] });
  expect(tree.complete("sh st")).toEqual({ append: "at", possible: [] });
  expect(tree.complete("sh stat").possible).toHaveLength(2);
  expect(tree.complete("show protocols ")).toEqual({ append: "all ", possible: [] });
  expect(tree.complete("show route e")).toEqual({ append: "", possible: [] });
  expect(tree.complete("conf ").possible).toHaveLength(6);
});

test("`?` explains the command so far and what continues it", () => {
  expect(tree.help("show bfd ")).toEqual([
    "show bfd sessions [<name>]                     Show information about BFD sessions",
  ]);
  expect(tree.help("configure ")).toHaveLength(7);
  expect(tree.help("show foo ")).toEqual(tree.help("show "));
  expect(tree.help("foo ")).toEqual(tree.help(""));
});

describe("what the real client makes of abbreviations", () => {
  const rows = abbreviations();
  test("there are 183 inputs", () => {
    expect(rows).toHaveLength(183);
  });

  test.each(rows)("%s", (input = "", sent = "", exit = "", stdout = "") => {
    const expansion = tree.expand(JSON.parse(input) as string);
    expect(expansion.kind === "command" ? [expansion.text] : []).toEqual(JSON.parse(sent));
    expect(expansion.kind === "command" ? "0" : "1").toBe(exit);
    const head = "Ambiguous command, possible expansions are:";
    if (expansion.kind === "ambiguous")
      expect(`${[head, ...expansion.possible].join("\n")}\n`).toBe(JSON.parse(stdout));
  });
});
