import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeAddress } from "#kernel/wire/address.ts";
import { decodeLink } from "#kernel/wire/link.ts";
import { eachMessage, type MessageHeader, type Received, received } from "#kernel/wire/message.ts";
import { decodeNextHop } from "#kernel/wire/nexthop.ts";
import { decodeReply } from "#kernel/wire/reply.ts";
import { decodeRoute, emptyRoute, hopSetOf, sourceOf } from "#kernel/wire/route.ts";

const file = new URL("../../vectors/rtnetlink/kernel.json", import.meta.url);
const { dumps } = JSON.parse(readFileSync(file, "utf8")) as { dumps: Record<string, string> };
const seeds = Object.values(dumps).map((hex) => new Uint8Array(Buffer.from(hex, "hex")));

/** Every decoder on every message, whatever its type. @returns how many messages were seen */
function decodeAll(bytes: Uint8Array): number {
  const data: Received = received(bytes.slice().buffer as ArrayBuffer);
  let seen = 0;
  eachMessage(data, (header: MessageHeader) => {
    seen++;
    expect(header.end).toBeLessThanOrEqual(bytes.length);
    const facts = emptyRoute();
    if (decodeRoute(data, header, facts)) {
      hopSetOf(data, facts);
      sourceOf(data, facts);
    }
    decodeLink(data, header);
    decodeAddress(data, header);
    decodeNextHop(data, header);
    decodeReply(data, header, true);
    decodeReply(data, header, false);
  });
  return seen;
}

test("captured octets cut off anywhere, or changed anywhere, never throw or run past their end", () => {
  expect(seeds.length).toBeGreaterThan(5);
  const change = fc.tuple(fc.nat(), fc.nat(255));
  fc.assert(
    fc.property(fc.constantFrom(...seeds), fc.nat(), fc.array(change, { maxLength: 8 }), (seed, cut, changes) => {
      const bytes = seed.slice(0, seed.length - (cut % seed.length));
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      decodeAll(bytes);
    }),
    { numRuns: 2_000 },
  );
});

test("random octets never throw", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void decodeAll(bytes)));
});

test("what is whole before a cut is still seen", () => {
  for (const seed of seeds) {
    const all = decodeAll(seed);
    expect(all).toBeGreaterThan(0);
    expect(decodeAll(seed.slice(0, -1))).toBe(all - 1);
  }
});
