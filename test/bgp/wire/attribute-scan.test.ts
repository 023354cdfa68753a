import { expect, test } from "vitest";
import { AttributeScanner, type ScanContext } from "#bgp/wire/attribute-scan.ts";
import { DISCARD, FINE, RESET, Remarks, WITHDRAW } from "#bgp/wire/outcome.ts";
import {
  type AttributeFacts,
  GRACEFUL_SHUTDOWN,
  HAS_LINK_BANDWIDTH,
  LOOPED,
  NO_ADVERTISE,
  NO_EXPORT,
} from "#route/attribute-facts.ts";
import { attribute, hex, toHex } from "./support/octets.ts";

const internal: ScanContext = {
  external: false,
  localAs: 64512,
  remoteAs: 64512,
  checkFirstAs: true,
  fourOctetAs: true,
  routerId: 0x0a000001,
  clusterId: 0x0a0000ff,
  allowOwnAs: 0,
};
const external: ScanContext = { ...internal, external: true, remoteAs: 65001 };

interface Scanned {
  readonly severity: number;
  readonly remarks: string;
  readonly canonical: string;
  /** The canonical octets are the received ones. */
  readonly same: boolean;
  readonly facts: AttributeFacts;
}

function scan(context: ScanContext, ...attributes: readonly (Uint8Array | string)[]): Scanned {
  const octets = Uint8Array.from(Buffer.concat(attributes.map((one) => (typeof one === "string" ? hex(one) : one))));
  const remarks = new Remarks();
  const scanner = new AttributeScanner(context, remarks);
  scanner.scan(octets, 0, octets.length);
  return {
    severity: remarks.severity,
    remarks: remarks.toString(),
    canonical: toHex(scanner.octets.subarray(scanner.start, scanner.end)),
    same: scanner.octets === octets,
    facts: scanner.facts,
  };
}

const ORIGIN = "40010100";
const PATH = "4002060201 0000fde9";
const NEXT_HOP = "4003040a000002";

test("a set that is in order is stored as it came, without a copy", () => {
  const found = scan(external, ORIGIN, PATH, NEXT_HOP, "c00804fde90001", "c06301ff");
  expect(found).toMatchObject({ severity: FINE, remarks: "", same: true });
  expect(found.facts).toMatchObject({ pathLength: 1, neighbourAs: 65001, nextHopFamily: "ipv4", nextHop0: 0x0a000002 });
});

test.each([
  ["NO_EXPORT", "ffffff01", NO_EXPORT],
  ["NO_EXPORT_SUBCONFED, which is the same here", "ffffff03", NO_EXPORT],
  ["NO_ADVERTISE", "ffffff02", NO_ADVERTISE],
  ["GRACEFUL_SHUTDOWN", "ffff0000", GRACEFUL_SHUTDOWN],
  ["nothing, of other communities", "fffe0001", 0],
])("communities say %s", (_what, community, flag) => {
  expect(scan(external, attribute(0xc0, 8, community)).facts.flags).toBe(flag);
});

test("link bandwidth counts where it is a number of octets", () => {
  const one = (value: string): AttributeFacts => scan(external, attribute(0xc0, 16, value)).facts;
  expect(one("4004fde8 49742400")).toMatchObject({ linkBandwidth: 1_000_000, flags: HAS_LINK_BANDWIDTH });
  expect(one("0004fde8 49742400")).toMatchObject({ linkBandwidth: 1_000_000 });
  expect(one("4004fde8 7f800000")).toMatchObject({ linkBandwidth: 0, flags: 0 });
  expect(one("4004fde8 c9742400")).toMatchObject({ linkBandwidth: 0, flags: 0 });
  expect(one("0002fde8 00000001")).toMatchObject({ linkBandwidth: 0, flags: 0 });
});

test("RFC 4271 §9.1.2: our AS in the path is a loop, unless it is allowed so often", () => {
  const path = attribute(0x40, 2, "0203 0000fde9 0000fc00 0000fc00");
  const looped = (allowOwnAs: number): boolean => (scan({ ...external, allowOwnAs }, path).facts.flags & LOOPED) !== 0;
  expect([looped(0), looped(1), looped(2)]).toEqual([true, true, false]);
});

test("RFC 4456 §8: our identifier as the originator, or our cluster on the way, is a loop", () => {
  const flags = (...attributes: Uint8Array[]): number => scan(internal, ...attributes).facts.flags;
  expect(flags(attribute(0x80, 9, "0a000001"))).toBe(LOOPED);
  expect(flags(attribute(0x80, 9, "0a000002"))).toBe(0);
  expect(flags(attribute(0x80, 10, "0a0000fe 0a0000ff"))).toBe(LOOPED);
  expect(flags(attribute(0x80, 10, "0a0000fe"))).toBe(0);
});

test("RFC 4271 §6.3: an external neighbour's path begins with its AS", () => {
  const other = attribute(0x40, 2, "0201 0000fdea");
  const set = attribute(0x40, 2, "0101 0000fde9");
  expect(scan(external, other)).toMatchObject({ severity: WITHDRAW, remarks: "AS_PATH malformed" });
  expect(scan(external, set).severity).toBe(WITHDRAW);
  expect(scan(external, attribute(0x40, 2, "")).severity).toBe(WITHDRAW);
  expect(scan({ ...external, checkFirstAs: false }, other).severity).toBe(FINE);
  expect(scan(internal, other).severity).toBe(FINE);
  expect(scan(internal, attribute(0x40, 2, "")).severity).toBe(FINE);
});

test("RFC 7606 §7.5, §7.9, §7.10: what is for internal neighbours is discarded from others, well-formed or not", () => {
  const found = scan(external, ORIGIN, "400504 00000064", "8009 04 0a000002", "800a 03 0a0000", PATH);
  expect(found).toMatchObject({ severity: DISCARD, canonical: ORIGIN + PATH.replace(" ", ""), same: false });
  expect(found.facts).toMatchObject({ localPref: 100, originatorId: 0, clusterLength: 0, flags: 0 });
  expect(found.remarks).toBe(
    "LOCAL_PREF from an external neighbour, ORIGINATOR_ID from an external neighbour, CLUSTER_LIST from an external neighbour",
  );
});

test("RFC 7606 §3 (g): of several only the first counts", () => {
  const found = scan(internal, ORIGIN, "800404 00000001", "800404 00000002", "c06301aa", "c06301bb");
  expect(found).toMatchObject({ severity: DISCARD, canonical: `${ORIGIN}80040400000001c06301aa` });
  expect(found.facts.med).toBe(1);
  expect(found.remarks).toBe("MULTI_EXIT_DISC more than once, attribute 99 more than once");
});

test("RFC 7606 §3 (c): flags that contradict the type cost the routes", () => {
  expect(scan(internal, "c0010100")).toMatchObject({ severity: WITHDRAW, remarks: "ORIGIN wrong flags" });
  expect(scan(internal, "c0040400000001").severity).toBe(WITHDRAW);
  expect(scan(internal, "800804fde90001").severity).toBe(WITHDRAW);
});

test("Partial and the low bits say nothing about the type", () => {
  expect(scan(internal, "e00804fde90001").severity).toBe(FINE);
  expect(scan(internal, "4f 01 01 00").severity).toBe(FINE);
});

test("RFC 4271 §6.3: an unknown attribute that claims to be well-known ends the session", () => {
  expect(scan(internal, "406300")).toMatchObject({
    severity: RESET,
    remarks: "attribute 99 unknown but marked well-known",
  });
});

test("RFC 7606 §3 (h): of several faults the worst decides", () => {
  expect(scan(internal, "c00600", "c00703 000000", "40010109").severity).toBe(WITHDRAW);
  expect(scan(internal, "40010109", "406300").severity).toBe(RESET);
});

test("RFC 7606 §7.6, §7.7: malformed ATOMIC_AGGREGATE and AGGREGATOR go, the routes stay", () => {
  const found = scan(internal, ORIGIN, "40060100", "c00706 fde80a000001", NEXT_HOP);
  expect(found).toMatchObject({ severity: DISCARD, canonical: ORIGIN + NEXT_HOP });
});

test("RFC 8092 §3: a large community that is there twice is stored once", () => {
  const [one, other] = ["0000fbf00000000100000002", "0000fbf00000000100000003"];
  const found = scan(internal, ORIGIN, attribute(0xc0, 32, one + other + one), NEXT_HOP);
  expect(found).toMatchObject({ severity: FINE, canonical: `${ORIGIN}c02018${one}${other}${NEXT_HOP}` });
});

test("RFC 7606 §4: a list that ends inside an attribute costs the routes", () => {
  for (const rest of ["40", "4001", "400101", "40010200", "5001", "500100"]) {
    expect(scan(internal, rest).severity, rest).toBe(WITHDRAW);
  }
});

test("RFC 6793 §4.1: new speakers have no business to send AS4_PATH", () => {
  const found = scan(
    internal,
    ORIGIN,
    PATH,
    attribute(0xc0, 17, "0201 00011170"),
    attribute(0xc0, 18, "00011170 0a000002"),
  );
  expect(found).toMatchObject({ severity: DISCARD, canonical: ORIGIN + PATH.replace(" ", "") });
});

test("RFC 6793 §4.2.3: an old speaker's set is stored with 4-octet numbers, where they stood", () => {
  const old = { ...external, fourOctetAs: false };
  const found = scan(
    old,
    ORIGIN,
    attribute(0x40, 2, "0202 fde9 5ba0"),
    NEXT_HOP,
    attribute(0xc0, 7, "5ba0 0a000002"),
    attribute(0xc0, 17, "0201 00011170"),
    attribute(0xc0, 18, "00011170 0a000003"),
  );
  expect(found).toMatchObject({
    severity: FINE,
    canonical: `${ORIGIN}40020a02020000fde900011170${NEXT_HOP}c00708000111700a000003`,
  });
  expect(found.facts).toMatchObject({ pathLength: 2, neighbourAs: 65001 });
});

test("RFC 6793 §6: a malformed AS4_PATH is left out and mentioned", () => {
  const old = { ...external, fourOctetAs: false };
  const found = scan(old, attribute(0x40, 2, "0201 fde9"), attribute(0xc0, 17, "0200"));
  expect(found).toMatchObject({ severity: DISCARD, remarks: "AS4_PATH malformed", canonical: "40020602010000fde9" });
});

test("a next hop that is no host costs the routes", () => {
  const mp = (hop: string): number => scan(internal, attribute(0x80, 14, `000201 ${hop} 00`)).severity;
  expect(scan(internal, "400304e0000001")).toMatchObject({
    severity: WITHDRAW,
    remarks: "NEXT_HOP not a host address",
  });
  expect(mp(`10 ${"00".repeat(16)}`)).toBe(WITHDRAW);
  expect(mp(`10 ff02${"00".repeat(13)}01`)).toBe(WITHDRAW);
  expect(mp(`10 20010db8${"00".repeat(11)}01`)).toBe(FINE);
});

test("RFC 2545 §3: the link-local address is kept beside the global one", () => {
  const both = `20010db8${"00".repeat(11)}01 fe80${"00".repeat(13)}02`;
  expect(scan(internal, attribute(0x80, 14, `000201 20 ${both} 00`)).facts).toMatchObject({
    nextHopFamily: "ipv6",
    nextHop0: 0x20010db8,
    nextHop3: 1,
    linkLocal0: 0xfe800000,
    linkLocal3: 2,
  });
});

test("facts of one set do not leak into the next", () => {
  const remarks = new Remarks();
  const scanner = new AttributeScanner(internal, remarks);
  const full = hex(`${ORIGIN} ${PATH} ${NEXT_HOP} 80040400000001 40050400000007 c00804ffffff01 8009040a000001`);
  scanner.scan(full, 0, full.length);
  scanner.scan(full, 0, 4);
  expect(scanner.facts).toEqual(new AttributeScanner(internal, new Remarks()).facts);
});
