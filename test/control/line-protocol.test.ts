import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  MAX_REPLY_LINE_OCTETS,
  MAX_REQUEST_CHARACTERS,
  octetLength,
  ReplyReader,
  RequestCutter,
} from "#control/line-protocol.ts";
import { ReplyFramer } from "./support/reply-framer.ts";

const octets = (text: string): number => new TextEncoder().encode(text).length;

test("octets are counted as UTF-8 counts them", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => octetLength(text) === octets(text)));
});

describe("replies", () => {
  test("a line with the code of the one before begins with a blank", () => {
    const framer = new ReplyFramer();
    const lines = [1002, 1002, 1006, 1002].map((code) => framer.frame({ code, text: "x" }, false));
    expect(lines).toEqual(["1002-x\n", " x\n", "1006-x\n", "1002-x\n"]);
  });

  test("the last line has its code and a blank, and the next reply begins anew", () => {
    const framer = new ReplyFramer();
    expect(framer.frame({ code: 0, text: "" }, true)).toBe("0000 \n");
    expect(framer.frame({ code: 0, text: "a" }, false)).toBe("0000-a\n");
    expect(framer.frame({ code: 0, text: "" }, true)).toBe("0000 \n");
  });

  test("a line that is too long for clients becomes 8000", () => {
    const framer = new ReplyFramer();
    const fits = "x".repeat(MAX_REPLY_LINE_OCTETS - 6);
    expect(framer.frame({ code: 1, text: fits }, false)).toHaveLength(MAX_REPLY_LINE_OCTETS);
    expect(framer.frame({ code: 2, text: `${fits}x` }, false)).toBe("8000-<line overflow>\n");
    expect(framer.frame({ code: 2, text: "y" }, false)).toBe("2".padStart(4, "0").concat("-y\n"));
    expect(framer.frame({ code: 23, text: `${fits}x` }, true)).toBe("8000 <line overflow>\n");
  });

  test("no line is ever longer than the limit, and readers get back what was said", () => {
    const line = fc.record({ code: fc.integer({ min: 0, max: 9999 }), text: fc.string({ maxLength: 700 }) });
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const framer = new ReplyFramer();
        const reader = new ReplyReader();
        lines.forEach(({ code, text }, index) => {
          const clean = text.replaceAll("\n", "");
          const last = index === lines.length - 1;
          const framed = framer.frame({ code, text: clean }, last);
          expect(octets(framed)).toBeLessThanOrEqual(MAX_REPLY_LINE_OCTETS);
          const read = reader.read(framed.slice(0, -1));
          if (octets(clean) > MAX_REPLY_LINE_OCTETS - 6) return;
          expect(read).toMatchObject({ kind: "reply", code, last, text: clean });
        });
      }),
    );
  });

  test("what is no reply is told apart", () => {
    const reader = new ReplyReader();
    expect(reader.read("+async")).toEqual({ kind: "notice", text: "async" });
    expect(reader.read("garbage")).toEqual({ kind: "garbage", text: "garbage" });
    expect(reader.read("12345")).toEqual({ kind: "garbage", text: "12345" });
  });
});

describe("requests", () => {
  test("in any chunking they are the same", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", " ", "\n", "\r", "\0", "é"), maxLength: 60 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(60)), (whole, cuts) => {
        const cutter = new RequestCutter();
        const places = [0, ...cuts.filter((at) => at < whole.length).toSorted((a, b) => a - b), whole.length];
        const pieces = places.slice(1).map((end, index) => whole.slice(places[index], end));
        expect(pieces.flatMap((piece) => cutter.push(piece))).toEqual(new RequestCutter().push(whole));
      }),
    );
  });

  test("carriage returns are dropped and NUL ends the text", () => {
    expect(new RequestCutter().push("show status\r\nshow\0 foo\n")).toEqual(["show status", "show"]);
  });

  test("a line that is too long is one mistake and nothing is kept of it", () => {
    const cutter = new RequestCutter();
    const long = "x".repeat(MAX_REQUEST_CHARACTERS);
    expect(cutter.push(`${long}\n`)).toEqual([long]);
    expect(cutter.push(`${long}x`)).toEqual([]);
    for (let more = 0; more < 100; more++) expect(cutter.push(long)).toEqual([]);
    expect(cutter.push("end\nshow status\n")).toEqual([undefined, "show status"]);
  });

  test("what has no line end counts when no more comes", () => {
    const cutter = new RequestCutter();
    cutter.push("show status");
    expect(cutter.finish()).toBe("show status");
    expect(cutter.finish()).toBeUndefined();
  });
});
