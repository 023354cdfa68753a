import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type PrintStyle, ReplyPrinter } from "#control/client/printer.ts";
import { jsonLines } from "#control/render/json.ts";
import { missing, type Recording, recordings, selected } from "../support/recordings.ts";
import { ReplyFramer } from "../support/reply-framer.ts";

function print(bytes: string, style: PrintStyle): { text: string; failed: boolean } {
  const items = new ReplyPrinter(style).push(bytes);
  const text = items.flatMap(({ lines }) => lines.map((line) => `${line}\n`)).join("");
  return { text, failed: items.at(-1)?.failed ?? false };
}

describe("words", () => {
  test("codes are left out, and so is a last line that says nothing", () => {
    expect(print("1002-a\n b\n1006-\n \n0000 \n", "plain").text).toBe("a\nb\n\n\n");
    expect(print("0016 Access restricted\n", "plain").text).toBe("Access restricted\n");
  });

  test("the last code decides what failed", () => {
    expect(print("0015-x\n8006-y\n0000 \n", "plain").failed).toBe(false);
    expect(print("8007 Access denied\n", "plain").failed).toBe(true);
  });

  test("what comes unasked, and what is no reply, is marked", () => {
    expect(print("+hello\nwhat\n", "plain").text).toBe(">>> hello\n??? <what>\n");
    expect(print(`${"y".repeat(5000)}\n`, "plain").text.length).toBeLessThan(100);
  });

  test("in any chunking the same is printed", () => {
    const bytes = "1002-a\n b\n+note\n1006-  c\n0000 \n";
    fc.assert(
      fc.property(fc.nat(bytes.length), fc.nat(bytes.length), (one, two) => {
        const printer = new ReplyPrinter("plain");
        const [first = 0, second = 0] = [one, two].toSorted((a, b) => a - b);
        const parts = [bytes.slice(0, first), bytes.slice(first, second), bytes.slice(second)];
        expect(parts.flatMap((part) => printer.push(part))).toEqual(new ReplyPrinter("plain").push(bytes));
      }),
    );
  });
});

describe("JSON", () => {
  test("values pass whole, however long they are and whatever they hold", () => {
    const value = fc.jsonValue({ depthSize: "small" });
    const long = fc.string({ unit: "binary", minLength: 0, maxLength: 1500 });
    fc.assert(
      fc.property(fc.array(fc.oneof(value, long), { maxLength: 5 }), (values) => {
        const framer = new ReplyFramer();
        const framed = values.flatMap((item) => jsonLines(item).map((line) => framer.frame(line, false)));
        const { text } = print(`${framed.join("")}${framer.frame({ code: 0, text: "" }, true)}`, "json");
        const printed = text.split("\n").slice(0, -1);
        expect(printed).toEqual(values.map((item) => JSON.stringify(item)));
      }),
      { numRuns: 40 },
    );
  });

  test("failures are words all the same", () => {
    expect(print("9001 syntax error\n", "json")).toEqual({ text: "syntax error\n", failed: true });
  });
});

/** The rendering of the real client: the part of the file between a heading and the next. */
function rendering({ text }: Recording, heading: string): { exit: number; lines: string } | undefined {
  const [, exit, lines] = new RegExp(`^## ${heading}, exit=(\\d+)\\n([^]*?)(?=^## |$(?![^]))`, "m").exec(text) ?? [];
  return lines === undefined ? undefined : { exit: Number(exit), lines };
}

const renderings = [
  ["plain", "birdc rendering"],
  ["verbose", "birdc -v rendering"],
] as const;

/** @returns how many were compared */
function compare(all: readonly Recording[], style: PrintStyle, heading: string): number {
  let compared = 0;
  for (const recording of all) {
    const expected = rendering(recording, heading);
    // Replies that never came, and the greeting alone.
    if (expected === undefined || recording.reply === "" || recording.sent.includes("\n")) continue;
    if (recording.file.includes("banner-only")) continue;
    const greeting = /^0001 .*$/m.exec(recording.text)?.[0] ?? "";
    const { text, failed } = print(`${greeting}\n${recording.reply}`, style);
    expect(text.trimEnd(), recording.file).toBe(expected.lines.trimEnd());
    // Clients of 1.6 leave with 0 whatever was said.
    if (greeting.includes(" 2.")) expect(failed ? 1 : 0, recording.file).toBe(expected.exit);
    compared++;
  }
  return compared;
}

describe("what the real client prints", () => {
  test.each(renderings)("%s", (style, heading) => {
    expect(compare([...selected("2.0.12"), ...selected("calico-1.6.8")], style, heading)).toBe(27);
  });
});

describe.skipIf(missing)(`all that the real client was seen to print ${missing ?? ""}`, () => {
  test.each(renderings)("%s", (style, heading) => {
    const groups = ["basic", "route", "errors", "restricted", "states", "mrt", "shutdown"];
    const all = groups.flatMap((group) => recordings("2.0.12", group));
    expect(compare(all, style, heading)).toBeGreaterThan(250);
  });
});
