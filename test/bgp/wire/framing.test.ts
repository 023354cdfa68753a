import fc from "fast-check";
import { expect, test } from "vitest";
import { HEAD_ROOM, MessageCutter } from "#bgp/wire/framing.ts";
import { encodeKeepalive } from "#bgp/wire/keepalive.ts";
import { MAX_EXTENDED_OCTETS } from "#bgp/wire/message-type.ts";
import { faultOf, hex, message, toHex, update } from "./support/octets.ts";

/** Everything that comes out of `cutter` when `stream` is read in pieces of the given lengths into a shared buffer. */
function cutAll(cutter: MessageCutter, stream: Uint8Array, pieces: readonly number[]): string[] {
  const shared = new Uint8Array(HEAD_ROOM + stream.length);
  const found: string[] = [];
  let at = 0;
  for (const octets of [...pieces, stream.length]) {
    const piece = stream.subarray(at, at + octets);
    shared.fill(0xaa);
    shared.set(piece, HEAD_ROOM);
    cutter.feed(shared, HEAD_ROOM, HEAD_ROOM + piece.length);
    while (cutter.next()) found.push(toHex(cutter.bytes.subarray(cutter.start, cutter.end)));
    at += piece.length;
  }
  return found;
}

const messages = fc.array(
  fc.integer({ min: 2, max: 500 }).map((octets) => message(3, new Uint8Array(octets))),
  {
    maxLength: 12,
  },
);

test("the same messages come out whole, octet by octet, and in any pieces", () => {
  fc.assert(
    fc.property(messages, fc.array(fc.nat(700), { maxLength: 40 }), (sent, pieces) => {
      const stream = Uint8Array.from(Buffer.concat(sent));
      const expected = sent.map(toHex);
      expect(cutAll(new MessageCutter(), stream, [])).toEqual(expected);
      expect(cutAll(new MessageCutter(), stream, pieces)).toEqual(expected);
    }),
    { seed: 1, numRuns: 300 },
  );
  const pair = Uint8Array.from(Buffer.concat([encodeKeepalive(), message(3, hex("0602"))]));
  const single = Array.from(pair, () => 1);
  expect(cutAll(new MessageCutter(), pair, single)).toEqual([toHex(encodeKeepalive()), toHex(message(3, hex("0602")))]);
});

test("a message waits for its last octet", () => {
  const cutter = new MessageCutter();
  const keepalive = encodeKeepalive();
  const shared = new Uint8Array(HEAD_ROOM + 64);
  shared.set(keepalive, HEAD_ROOM);
  cutter.feed(shared, HEAD_ROOM, HEAD_ROOM + 18);
  expect(cutter.next()).toBe(false);
  shared[HEAD_ROOM] = keepalive[18]!;
  cutter.feed(shared, HEAD_ROOM, HEAD_ROOM + 1);
  expect(cutter.next()).toBe(true);
  expect([cutter.type, cutter.end - cutter.start]).toEqual([4, 19]);
  expect(cutter.next()).toBe(false);
});

test("without head room the pieces are joined elsewhere", () => {
  const cutter = new MessageCutter();
  const stream = message(3, hex("0602"));
  const found: string[] = [];
  for (let at = 0; at < stream.length; at += 5) {
    const piece = stream.slice(at, at + 5);
    cutter.feed(piece, 0, piece.length);
    while (cutter.next()) found.push(toHex(cutter.bytes.subarray(cutter.start, cutter.end)));
  }
  expect(found).toEqual([toHex(stream)]);
});

test("two connections may share one buffer", () => {
  const shared = new Uint8Array(HEAD_ROOM + 64);
  const cutters = [new MessageCutter(), new MessageCutter()];
  const streams = [message(3, hex("0602")), message(3, hex("0604"))];
  const found: string[] = [];
  for (let at = 0; at < 21; at += 7) {
    for (const [index, cutter] of cutters.entries()) {
      shared.set(streams[index]!.subarray(at, at + 7), HEAD_ROOM);
      cutter.feed(shared, HEAD_ROOM, HEAD_ROOM + 7);
      while (cutter.next()) found.push(toHex(cutter.bytes.subarray(cutter.start, cutter.end)));
    }
  }
  expect(found).toEqual(streams.map(toHex));
});

const cutOne = (octets: Uint8Array, maxOctets?: number): string => {
  const cutter = new MessageCutter();
  if (maxOctets !== undefined) cutter.maxOctets = maxOctets;
  return faultOf(() => cutAll(cutter, octets, []));
};

const header = (octets: number, type: number): Uint8Array =>
  Uint8Array.of(...Array.from({ length: 16 }, () => 0xff), octets >> 8, octets & 255, type);

test.each([
  ["a marker with one wrong bit", hex(`${"ff".repeat(15)}fe 0013 04`), "1/1"],
  ["a length below the header's", header(18, 4), "1/2 0012"],
  ["a length above the maximum", header(4097, 2), "1/2 1001"],
  ["an OPEN shorter than 29 octets", header(28, 1), "1/2 001c"],
  ["an UPDATE shorter than 23 octets", header(22, 2), "1/2 0016"],
  ["a NOTIFICATION shorter than 21 octets", header(20, 3), "1/2 0014"],
  ["a KEEPALIVE with a body", header(20, 4), "1/2 0014"],
  ["a type that does not exist", header(19, 6), "1/3 06"],
  ["type 0", header(19, 0), "1/3 00"],
])("RFC 4271 §6.1: %s ends the session", (_what, octets, fault) => {
  expect(cutOne(octets)).toBe(fault);
});

test("a header is judged before its message is whole", () => {
  expect(cutOne(header(5000, 2))).toBe("1/2 1388");
});

test("RFC 8654 §4: longer messages only when agreed, and never an OPEN or a KEEPALIVE", () => {
  const long = update({ nlri: "18 0a0000".repeat(2000) });
  expect(cutOne(long)).toBe(`1/2 ${long.length.toString(16)}`);
  const cutter = new MessageCutter();
  cutter.maxOctets = MAX_EXTENDED_OCTETS;
  expect(cutAll(cutter, long, [1000, 3000, 3000])).toEqual([toHex(long)]);
  expect(cutOne(header(4097, 1), MAX_EXTENDED_OCTETS)).toBe("1/2 1001");
});

test("the longest message comes through in reads of 16 KiB", () => {
  const cutter = new MessageCutter();
  cutter.maxOctets = MAX_EXTENDED_OCTETS;
  const longest = message(2, new Uint8Array(MAX_EXTENDED_OCTETS - 19));
  const pieces = [16_384, 16_384, 16_384, 16_382];
  expect(cutAll(cutter, longest, pieces)).toEqual([toHex(longest)]);
});
