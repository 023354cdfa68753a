import fc from "fast-check";
import { expect, test } from "vitest";
import { type Capabilities, noCapabilities } from "#bgp/wire/capabilities.ts";
import { checkOpen, decodeOpen, describeOpen, encodeOpen, type Open } from "#bgp/wire/open.ts";
import type { Family } from "#route/family.ts";
import { word } from "./support/arbitraries.ts";
import { faultOf, hex, message, toHex } from "./support/octets.ts";

const restart = fc.record({
  restarting: fc.boolean(),
  notification: fc.boolean(),
  restartSeconds: fc.nat(4095),
  families: fc
    .subarray(["ipv4", "ipv6"] as const)
    .map((chosen) => chosen.map((family) => ({ family, forwarding: true }))),
});

const capabilities: fc.Arbitrary<Capabilities> = fc
  .record({
    families: fc.subarray<Family>(["ipv4", "ipv6"]),
    routeRefresh: fc.boolean(),
    enhancedRefresh: fc.boolean(),
    extendedNextHop: fc.boolean(),
    extendedMessage: fc.boolean(),
    fourOctetAs: fc.option(word, { nil: undefined }),
    gracefulRestart: fc.option(restart, { nil: undefined }),
    unknown: fc.array(
      fc.record({ code: fc.constantFrom(9, 66, 128, 200), value: fc.uint8Array({ maxLength: 200, size: "max" }) }),
      {
        maxLength: 4,
      },
    ),
  })
  .map((sent) => ({ ...noCapabilities, ...sent }));

const opens: fc.Arbitrary<Open> = fc
  .record({
    as: fc.integer({ min: 1, max: 0xffff }),
    holdSeconds: fc.oneof(fc.constant(0), fc.integer({ min: 3, max: 0xffff })),
    routerId: word,
    capabilities,
  })
  .map((open) => ({ ...open, as: open.capabilities.fourOctetAs ?? open.as }));

const decode = (octets: Uint8Array): Open => decodeOpen(octets, 0, octets.length);

test("comes back as it was sent, also with more than 255 octets of capabilities (RFC 9072)", () => {
  let extended = 0;
  fc.assert(
    fc.property(opens, (open) => {
      const octets = encodeOpen(open);
      if (octets[28] === 255 && octets[29] === 255) extended++;
      expect(decode(octets)).toEqual(open);
    }),
    { seed: 1, numRuns: 500 },
  );
  expect(extended).toBeGreaterThan(50);
});

test("an AS number of 4 octets hides behind AS_TRANS (RFC 6793 §4.1)", () => {
  const open = {
    as: 4_200_000_001,
    holdSeconds: 90,
    routerId: 1,
    capabilities: { ...noCapabilities, fourOctetAs: 4_200_000_001 },
  };
  expect(toHex(encodeOpen(open)).slice(38, 44)).toBe("045ba0");
  expect(decode(encodeOpen(open)).as).toBe(4_200_000_001);
});

/** An OPEN of AS 65001, 90 s, id 10.0.0.9, with these optional parameters, their length octet included. */
const withParameters = (parameters: string): Uint8Array => message(1, hex(`04 fde9 005a 0a000009 ${parameters}`));

test("capabilities may come in one parameter or in many (RFC 5492 §4)", () => {
  const together = decode(withParameters("0e 02 0c 0104 00010001 0200 4600 0600"));
  const apart = decode(withParameters("14 02 06 0104 00010001 02 02 0200 02 02 4600 02 02 0600"));
  expect(apart).toEqual(together);
  expect(apart.capabilities).toMatchObject({
    families: ["ipv4"],
    routeRefresh: true,
    enhancedRefresh: true,
    extendedMessage: true,
  });
});

test("RFC 9072 §2: the extended form is read, whatever the plain length says", () => {
  const extended = withParameters("ff ff 0007 02 0004 0200 4600");
  expect(decode(extended).capabilities).toMatchObject({ routeRefresh: true, enhancedRefresh: true });
  for (const length of ["01", "07", "fe"]) {
    expect(decode(withParameters(`${length} ff 0007 02 0004 0200 4600`))).toEqual(decode(extended));
  }
});

test.each([
  ["another version", message(1, hex("03 fde9 005a 0a000009 00")), "2/1 0004"],
  ["a hold time of 1 s", message(1, hex("04 fde9 0001 0a000009 00")), "2/6"],
  ["a hold time of 2 s", message(1, hex("04 fde9 0002 0a000009 00")), "2/6"],
  ["an unknown optional parameter", withParameters("03 01 01 00"), "2/4"],
  ["parameters longer than the message", withParameters("05 02 02 0200"), "2/0"],
  ["parameters shorter than the message", withParameters("02 02 02 0200"), "2/0"],
  ["a parameter that overruns", withParameters("04 02 05 0200"), "2/0"],
  ["a lone octet of a parameter", withParameters("01 02"), "2/0"],
  ["a capability that overruns its parameter", withParameters("04 02 02 0201"), "2/0"],
  ["a lone octet of a capability", withParameters("03 02 01 02"), "2/0"],
  ["the extended form behind a length of 0 (RFC 9072 §2)", withParameters("00 ff 0007 02 0004 0200 4600"), "2/0"],
  ["type 255 inside the extended form (RFC 9072 §3)", withParameters("ff ff 0007 ff 0004 0200 4600"), "2/4"],
  ["type 255 behind another parameter (RFC 9072 §3)", withParameters("06 02 02 0200 ff 00"), "2/4"],
  ["the extended form cut short", withParameters("ff ff 00"), "2/0"],
  ["the extended form with a wrong length", withParameters("ff ff 0008 02 0004 0200 4600"), "2/0"],
])("RFC 4271 §6.2: %s is refused", (_what, octets, fault) => {
  expect(faultOf(() => decode(octets))).toBe(fault);
});

test("hold times of 0 and of 3 s are fine", () => {
  expect(decode(message(1, hex("04 fde9 0000 0a000009 00"))).holdSeconds).toBe(0);
  expect(decode(message(1, hex("04 fde9 0003 0a000009 00"))).holdSeconds).toBe(3);
});

const peer: Open = { as: 65001, holdSeconds: 90, routerId: 9, capabilities: noCapabilities };
const us = { localAs: 64512, localRouterId: 5 };

test.each([
  ["the AS asked for", peer, 65001, "no fault"],
  ["another AS", peer, 65002, "2/2"],
  ["any other AS, where external is asked for", peer, "external", "no fault"],
  ["another AS, where internal is asked for", peer, "internal", "2/2"],
  ["our AS, where internal is asked for", { ...peer, as: 64512 }, "internal", "no fault"],
  ["our AS, where external is asked for", { ...peer, as: 64512 }, "external", "2/2"],
  ["AS 0 (RFC 7607 §2)", { ...peer, as: 0 }, "external", "2/2"],
  ["identifier 0 (RFC 6286 §2.1)", { ...peer, routerId: 0 }, 65001, "2/3"],
  ["our identifier in our AS (RFC 6286 §2.2)", { ...peer, as: 64512, routerId: 5 }, 64512, "2/3"],
  ["our identifier in another AS (RFC 6286 §2.2)", { ...peer, routerId: 5 }, 65001, "no fault"],
] as const)("a neighbour with %s", (_what, open, remoteAs, fault) => {
  expect(faultOf(() => checkOpen(open, { ...us, remoteAs }))).toBe(fault);
});

test("a log line says who it is and what it can do", () => {
  const open = decode(
    withParameters("20 02 1e 0104 00010001 0104 00020001 0200 4600 4104 0000fde9 4006 c078 000101 80"),
  );
  expect(describeOpen(open)).toBe(
    "OPEN AS 65001, hold time 90 s, id 10.0.0.9, capabilities: multiprotocol ipv4 ipv6, route refresh, " +
      "enhanced route refresh, 4-octet AS numbers 65001, graceful restart 120 s restarting notification ipv4 (forwarding)",
  );
});

test.each([
  ["another version", message(1, hex("03 fde9 005a 0a000009 00")), "Unsupported Version Number: it speaks version 3"],
  ["a hold time of 1 s", message(1, hex("04 fde9 0001 0a000009 00")), "Unacceptable Hold Time: its hold time is 1 s"],
  ["an unknown parameter", withParameters("03 01 01 00"), "Unsupported Optional Parameter: parameter 1 is not known"],
  ["no capabilities to read", withParameters("03 02 01 02"), ": its list of capabilities cannot be read"],
])("the log says what is wrong with an OPEN: %s", (_what, octets, expected) => {
  expect(() => decode(octets)).toThrow(expected);
});

test.each([
  ["its AS", peer, 65002, "Bad Peer AS: its AS is 65001, not 65002"],
  ["its AS, not ours", peer, "internal", "Bad Peer AS: its AS is 65001, and ours is 64512"],
  ["its AS, ours", { ...peer, as: 64512 }, "external", "Bad Peer AS: its AS is 64512, which is not another one"],
  ["its id, 0", { ...peer, routerId: 0 }, 65001, "Bad BGP Identifier: its router id is 0.0.0.0"],
  ["its id, ours", { ...peer, as: 64512, routerId: 5 }, 64512, "Bad BGP Identifier: its router id 0.0.0.5 is our own"],
] as const)("the log says what is wrong with a neighbour: %s", (_what, open, remoteAs, expected) => {
  expect(() => checkOpen(open, { ...us, remoteAs })).toThrow(expected);
});
