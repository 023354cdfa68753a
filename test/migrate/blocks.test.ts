import fc from "fast-check";
import { expect, test } from "vitest";
import { blocksOf } from "#migrate/blocks.ts";
import { contains, hostPrefix, type Prefix, parsePrefix } from "#route/prefix.ts";

test.each<[string, readonly string[] | undefined]>([
  ["203.0.113.0/24", ["203.0.113.0/24"]],
  ["203.0.113.7/24", ["203.0.113.0/24"]],
  ["192.0.2.10-192.0.2.10", ["192.0.2.10/32"]],
  ["192.0.2.240 - 192.0.2.250", ["192.0.2.240/29", "192.0.2.248/31", "192.0.2.250/32"]],
  ["2001:db8::1-2001:db8::4", ["2001:db8::1/128", "2001:db8::2/127", "2001:db8::4/128"]],
  ["0.0.0.0-255.255.255.255", ["0.0.0.0/0"]],
  ["192.0.2.9-192.0.2.1", undefined],
  ["192.0.2.9-2001:db8::1", undefined],
  ["192.0.2.9-", undefined],
  ["pool", undefined],
])("%s is %j", (text, blocks) => {
  expect(blocksOf(text)).toEqual(blocks);
});

test("a range is covered exactly, each address once", () => {
  const range = fc.tuple(fc.nat(1023), fc.nat(1023)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
  const text = (value: number): string => `10.0.${value >> 8}.${value & 255}`;
  fc.assert(
    fc.property(range, ([first, last]) => {
      const blocks = (blocksOf(`${text(first)}-${text(last)}`) ?? []).map((each) => parsePrefix(each) as Prefix);
      for (let value = 0; value < 1024; value++) {
        const address = hostPrefix({ family: "ipv4", words: [0x0a00_0000 + value] });
        const holding = blocks.filter((block) => contains(block, address)).length;
        if (holding !== Number(value >= first && value <= last)) return false;
      }
      return true;
    }),
    { numRuns: 50 },
  );
});
