import { expect, test } from "vitest";
import { type Capabilities, decodeCapabilities, describeCapabilities, noCapabilities } from "#bgp/wire/capabilities.ts";
import { Reader } from "#lib/bytes.ts";
import { hex } from "./support/octets.ts";

const decode = (text: string): Capabilities | undefined => decodeCapabilities([new Reader(hex(text))]);

test.each([
  ["multiprotocol (RFC 4760 §8)", "0104 00010001 0104 00020001", { families: ["ipv4", "ipv6"] }],
  ["a family twice (RFC 5492 §4)", "0104 00020001 0104 00020001", { families: ["ipv6"] }],
  ["a family that Linnet does not route", "0104 00190046", { otherFamilies: [{ afi: 25, safi: 70 }] }],
  ["route refresh (RFC 2918 §2)", "0200", { routeRefresh: true }],
  ["extended next hop (RFC 8950 §4)", "0506 0001 0001 0002", { extendedNextHop: true }],
  ["extended next hop for VPN routes alone", "0506 0001 0080 0002", { extendedNextHop: false }],
  ["extended message (RFC 8654 §3)", "0600", { extendedMessage: true }],
  ["4-octet AS numbers (RFC 6793 §3)", "4104 fa56ea00", { fourOctetAs: 4_200_000_000 }],
  ["enhanced route refresh (RFC 7313 §3.1)", "4600", { enhancedRefresh: true }],
  [
    "ADD-PATH (RFC 7911 §4)",
    "4508 00010103 00020101",
    {
      addPath: [
        { afi: 1, safi: 1, receive: true, send: true },
        { afi: 2, safi: 1, receive: true, send: false },
      ],
    },
  ],
  ["ADD-PATH of an unknown kind (RFC 7911 §4)", "4504 00010104", { addPath: [] }],
  [
    "long-lived graceful restart (RFC 9494 §3)",
    "4707 000201 80 015180",
    {
      longLived: [{ afi: 2, safi: 1, forwarding: true, staleSeconds: 86_400 }],
    },
  ],
  ["FQDN", "4908 03 746f72 03 646331", { hostName: "tor.dc1" }],
  ["FQDN without a domain", "4905 03 746f72 00", { hostName: "tor" }],
  ["one that nobody knows", "c803 010203", { unknown: [{ code: 200, value: hex("010203") }] }],
])("reads %s", (_what, octets, expected) => {
  expect(decode(octets)).toEqual({ ...noCapabilities, ...expected });
});

test("graceful restart (RFC 4724 §3, RFC 8538 §2): all bits, families Linnet routes, the last instance", () => {
  const first = "4006 0078 00010100";
  const last = "400e c05a 00010180 00020100 00190180";
  expect(decode(`${first} ${last}`)?.gracefulRestart).toEqual({
    restarting: true,
    notification: true,
    restartSeconds: 90,
    families: [
      { family: "ipv4", forwarding: true },
      { family: "ipv6", forwarding: false },
    ],
  });
  expect(decode("4002 0fff")?.gracefulRestart).toEqual({
    restarting: false,
    notification: false,
    restartSeconds: 4095,
    families: [],
  });
});

test.each([
  "0103 000100",
  "0201 00",
  "0505 0001000100",
  "4001 00",
  "4005 0078000101",
  "4103 00fde9",
  "4503 000101",
  "4706 000201800151",
  "4902 0574",
  "4903 02 c3 28",
])("a known capability with a value that makes no sense counts as not understood: %s", (octets) => {
  const [code = 0, , ...value] = hex(octets);
  expect(decode(octets)).toEqual({ ...noCapabilities, unknown: [{ code, value: Uint8Array.from(value) }] });
});

test("one that overruns its parameter is refused with it", () => {
  expect(decode("0201")).toBeUndefined();
  expect(decode("02")).toBeUndefined();
});

test("a log line names what there is", () => {
  const all = decode("0104 00190046 0506 000100010002 4504 00020101 4707 000201 80 015180 4905 03 746f72 00 c801 00");
  expect(all && describeCapabilities(all)).toBe(
    "multiprotocol AFI 25 SAFI 70, extended next hop, ADD-PATH ipv6 receive, long-lived graceful restart ipv6 86400 s, " +
      "FQDN tor, capability 200 (1 octets)",
  );
  expect(describeCapabilities(noCapabilities)).toBe("none");
});
