import { expect, test } from "vitest";
import { noCapabilities } from "#bgp/wire/capabilities.ts";
import { encodeKeepalive } from "#bgp/wire/keepalive.ts";
import { decodeMessage, describeMessage } from "#bgp/wire/message.ts";
import { encodeNotification, operatorCease } from "#bgp/wire/notification.ts";
import { encodeOpen } from "#bgp/wire/open.ts";
import { encodeRouteRefresh } from "#bgp/wire/route-refresh.ts";
import { attribute, hex, message, update } from "./support/octets.ts";

const line = (octets: Uint8Array, asOctets: 2 | 4 = 4): string =>
  describeMessage(decodeMessage(octets, 0, octets.length, asOctets), 2);

test.each([
  ["KEEPALIVE", encodeKeepalive()],
  ["NOTIFICATION Cease/Administrative Shutdown: lunch", encodeNotification(operatorCease(2, "lunch"))],
  ["ROUTE-REFRESH ipv6", encodeRouteRefresh({ kind: "request", family: "ipv6" })],
  ["ROUTE-REFRESH ipv4 begin", encodeRouteRefresh({ kind: "begin", family: "ipv4" })],
  ["ROUTE-REFRESH of something Linnet does not route", message(5, hex("00190046"))],
  [
    "OPEN AS 65001, hold time 90 s, id 10.0.0.9, capabilities: route refresh",
    encodeOpen({
      as: 65001,
      holdSeconds: 90,
      routerId: 0x0a000009,
      capabilities: { ...noCapabilities, routeRefresh: true },
    }),
  ],
  ["UPDATE End-of-RIB ipv4", update({})],
  ["UPDATE End-of-RIB ipv6", update({ attributes: ["800f03000201"] })],
  ["UPDATE withdraws 10.0.0.0/8 11.0.0.0/8 and 1 more", update({ withdrawn: "08 0a 08 0b 08 0c" })],
  ["UPDATE without routes", update({ attributes: ["40010100"] })],
])("%s", (text, octets) => {
  expect(line(octets)).toBe(text);
});

test("an UPDATE is told in full", () => {
  const hops = `20010db8${"00".repeat(11)}01 fe80${"00".repeat(13)}02`;
  const octets = update({
    withdrawn: "08 0b",
    attributes: [
      attribute(0x80, 14, `000201 20 ${hops} 00 20 20010db8`),
      "40010102",
      attribute(0x40, 2, "0201 00011170 0102 00000001 00000002"),
      "80040400000005 40050400000064 400600",
      "c007080001117001020304",
      attribute(0xc0, 8, "fc000001 ffffff01"),
      "8009 04 01010101 800a 04 02020202",
      "c0100840040000 49742400",
      "c0200c 0000fbf0 00000001 00000002",
      "c06302abcd",
    ],
  });
  expect(line(octets)).toBe(
    "UPDATE withdraws 11.0.0.0/8, announces 2001:db8::/32 with origin incomplete, path 70000 {1 2}, next hop 2001:db8::1, " +
      "link-local fe80::2, MED 5, local preference 100, atomic aggregate, aggregator 70000 1.2.3.4, originator 1.1.1.1, " +
      "cluster list 2.2.2.2, communities 64512:1 no-export, large communities 64496:1:2, " +
      "extended communities 4004000049742400, unknown attributes 99 (2 octets)",
  );
});

test("2-octet AS numbers are read as such where the session has them", () => {
  const octets = update({
    attributes: ["40010100", attribute(0x40, 2, "0202 fde9 5ba0"), "4003040a000002", "c00706fde901020304"],
    nlri: "08 0a",
  });
  expect(line(octets, 2)).toBe(
    "UPDATE announces 10.0.0.0/8 with origin IGP, path 65001 23456, next hop 10.0.0.2, aggregator 65001 1.2.3.4",
  );
});
