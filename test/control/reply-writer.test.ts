import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_REPLY_LINE_OCTETS, REPLY_BLOCK_OCTETS, type ReplyLine } from "#control/line-protocol.ts";
import { writeAddress, writePrefix } from "#control/render/addresses.ts";
import { ReplyWriter } from "#control/reply-writer.ts";
import { formatAddress } from "#route/address.ts";
import { formatPrefix, prefixOf } from "#route/prefix.ts";
import { ReplyFramer } from "./support/reply-framer.ts";

/** A writer, and the blocks that left it. */
function writing() {
  const blocks: string[] = [];
  const out = new ReplyWriter((block) => blocks.push(Buffer.from(block).toString()));
  return { out, blocks };
}

/** What came of one line that `write` puts together. */
function lineOf(write: (out: ReplyWriter) => void): string {
  const { out, blocks } = writing();
  out.begin(0, true);
  write(out);
  out.end();
  out.flush();
  return blocks.join("").slice("0000 ".length, -1);
}

const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.string({ minLength: 480, maxLength: 520 }),
);
const line = fc.record({
  code: fc.constantFrom(0, 1, 1007, 1008, 8000, 9999),
  pieces: fc.array(fc.oneof(text, fc.maxSafeNat()), { maxLength: 5 }),
  last: fc.boolean(),
});
const withoutEnds = (piece: string): string => piece.replaceAll("\n", " ");

describe("a writer", () => {
  test("agrees with framing whole lines as text, however they are put together", () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 40 }), (lines) => {
        const { out, blocks } = writing();
        const framer = new ReplyFramer();
        const expected: string[] = [];
        for (const { code, pieces, last } of lines) {
          out.begin(code, last);
          for (const piece of pieces) {
            if (typeof piece === "number") out.decimal(piece);
            else out.text(withoutEnds(piece));
          }
          out.end();
          expected.push(framer.frame({ code, text: withoutEnds(pieces.join("")) }, last));
        }
        out.flush();
        expect(blocks.join("")).toBe(expected.join(""));
      }),
    );
  });

  test("fills blocks with whole lines, as many as go in", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(MAX_REPLY_LINE_OCTETS - 6), { maxLength: 80 }), (lengths) => {
        const { out, blocks } = writing();
        for (const length of lengths) out.line({ code: 1007, text: "x".repeat(length) } satisfies ReplyLine);
        out.flush();
        for (const [index, block] of blocks.entries()) {
          expect(block.length).toBeLessThanOrEqual(REPLY_BLOCK_OCTETS);
          expect(block.endsWith("\n")).toBe(true);
          const [next = ""] = blocks[index + 1]?.split("\n") ?? [];
          if (index + 1 < blocks.length) expect(block.length + next.length + 1).toBeGreaterThan(REPLY_BLOCK_OCTETS);
        }
        expect(out.blocks).toBe(blocks.length);
      }),
    );
  });

  test("lets notices pass between the lines of a reply", () => {
    const { out, blocks } = writing();
    out.line({ code: 1007, text: "a" });
    out.notice("möglich");
    out.line({ code: 1007, text: "b" });
    out.flush();
    expect(blocks).toEqual(["1007-a\n+möglich\n b\n"]);
  });

  test("writes half a character as U+FFFD, as all that is UTF-8 does", () => {
    expect(lineOf((out) => out.text("a\ud83d"))).toBe("a\ufffd");
  });

  test("fills up with blanks to a column of the text, and adds none behind it", () => {
    const { out, blocks } = writing();
    for (const piece of ["ab", "cd", "abcdef"]) {
      out.begin(1007);
      out.text(piece);
      out.padTo(4);
      out.text("|");
      out.end();
    }
    out.flush();
    expect(blocks).toEqual(["1007-ab  |\n cd  |\n abcdef|\n"]);
  });
});

describe("addresses and prefixes", () => {
  const word = fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 1, 0xffff, 0x10000, 0xffffffff));
  const address = fc.oneof(
    word.map((only) => ({ family: "ipv4" as const, words: [only] })),
    fc.tuple(word, word, word, word).map((words) => ({ family: "ipv6" as const, words })),
  );

  test("are written as they are formatted", () => {
    fc.assert(
      fc.property(address, fc.nat(128), (any, length) => {
        const prefix = prefixOf(any, any.family === "ipv4" ? length % 33 : length);
        expect(lineOf((out) => writeAddress(out, any))).toBe(formatAddress(any));
        expect(lineOf((out) => writePrefix(out, prefix))).toBe(formatPrefix(prefix));
      }),
    );
  });
});
