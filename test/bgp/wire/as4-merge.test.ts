import { expect, test } from "vitest";
import { mergeAggregator, mergeAsPath } from "#bgp/wire/as4-merge.ts";
import { decodeAsPath } from "#bgp/wire/attributes/as-path.ts";
import { Reader } from "#lib/bytes.ts";
import { formatAsPath } from "#route/as-path.ts";
import { attribute, hex, toHex } from "./support/octets.ts";

/** A path of sequences and sets, `{…}`, as the value of an attribute. */
function pathValue(text: string, asOctets: number): string {
  const segments = text.match(/\{[^}]*\}|[^{}]+/g) ?? [];
  return segments
    .map((segment) => segment.trim())
    .filter((segment) => segment !== "")
    .map((segment) => {
      const members = segment.replace(/[{}]/g, "").trim().split(/\s+/).map(Number);
      const octets = members.map((as) => as.toString(16).padStart(asOctets * 2, "0")).join("");
      return (segment.startsWith("{") ? "01" : "02") + members.length.toString(16).padStart(2, "0") + octets;
    })
    .join("");
}

function merged(old: string, wide: string | undefined, aggregator?: string): string {
  const set = Uint8Array.from(
    Buffer.concat([
      attribute(0x40, 2, pathValue(old, 2)),
      ...(aggregator === undefined ? [] : [attribute(0xc0, 7, aggregator)]),
      ...(wide === undefined ? [] : [attribute(0xc0, 17, pathValue(wide, 4))]),
    ]),
  );
  const value = mergeAsPath(new Reader(set), new Reader(hex(pathValue(old, 2))));
  return formatAsPath((value && decodeAsPath(new Reader(value), 4)) ?? []);
}

test.each([
  ["no AS4_PATH", "10 23456 30", undefined, "10 23456 30"],
  ["as long as each other", "10 23456 30", "10 70000 30", "10 70000 30"],
  ["old speakers in front", "1 2 23456 30", "70000 30", "1 2 70000 30"],
  ["AS4_PATH longer: ignored", "23456 30", "1 70000 30", "23456 30"],
  ["a set counts as one", "1 {2 3} 23456", "70000", "1 {2 3} 70000"],
  ["a set in front of a sequence", "{2 3} 23456 4", "70000 4", "{2 3} 70000 4"],
  ["a set at the end", "1 23456 {5 6}", "70000 {5 6}", "1 70000 {5 6}"],
  ["an empty path", "", undefined, ""],
])("RFC 6793 §4.2.3: %s", (_what, old, wide, expected) => {
  expect(merged(old, wide)).toBe(expected);
});

test("RFC 6793 §4.2.3: an AGGREGATOR that is not AS_TRANS makes AS4_PATH unusable", () => {
  expect(merged("1 23456", "70000", "5ba0 0a000001")).toBe("1 70000");
  expect(merged("1 23456", "70000", "fde8 0a000001")).toBe("1 23456");
});

test("a malformed AS_PATH stays malformed, a malformed AS4_PATH is left out", () => {
  const set = attribute(0xc0, 17, "0200");
  expect(mergeAsPath(new Reader(set), new Reader(hex("0200")))).toBeUndefined();
  expect(toHex(mergeAsPath(new Reader(set), new Reader(hex("0201 5ba0"))) ?? new Uint8Array())).toBe("020100005ba0");
});

test("RFC 6793 §4.2.3: AGGREGATOR takes AS4_AGGREGATOR's place for AS_TRANS alone", () => {
  const set = attribute(0xc0, 18, "00011170 0a000002");
  const aggregator = (value: string): string =>
    toHex(mergeAggregator(new Reader(set), new Reader(hex(value))) ?? new Uint8Array());
  expect(aggregator("5ba0 0a000001")).toBe("000111700a000002");
  expect(aggregator("fde8 0a000001")).toBe("0000fde80a000001");
  expect(aggregator("fde8 0a0000")).toBe("");
  expect(toHex(mergeAggregator(new Reader(hex("")), new Reader(hex("5ba0 0a000001"))) ?? new Uint8Array())).toBe(
    "00005ba00a000001",
  );
});
