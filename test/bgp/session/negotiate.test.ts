import { expect, test } from "vitest";
import { type LocalSpeaker, type Negotiated, negotiate, openFor } from "#bgp/session/negotiate.ts";
import { noCapabilities } from "#bgp/wire/capabilities.ts";
import type { Notification } from "#bgp/wire/notification.ts";
import { decodeOpen, encodeOpen, type Open } from "#bgp/wire/open.ts";
import { PeerFault } from "#bgp/wire/peer-fault.ts";
import type { PeerConfig } from "#config/node-config.ts";
import { peerConfig } from "../../support/sessions.ts";

const speaker = (routerId: number, changes: Partial<LocalSpeaker> = {}): LocalSpeaker => ({
  routerId,
  clusterId: routerId,
  restarting: false,
  forwardingKept: () => true,
  ...changes,
});
const own = peerConfig("x", "10.0.0.2");
const ownOpen = openFor(own, speaker(1), false);
const theirOpen = (changes: Partial<PeerConfig> = {}, by = speaker(2)): Open =>
  openFor({ ...peerConfig("y", "10.0.0.1"), ...changes }, by, false);

const meet = (remote: Open, peer: PeerConfig = own): Negotiated =>
  negotiate(openFor(peer, speaker(1), false), remote, peer);

function fault(act: () => unknown): Notification {
  try {
    act();
  } catch (error) {
    if (error instanceof PeerFault) return error.notification;
    throw error;
  }
  throw new Error("no fault");
}

test("our OPEN survives the wire", () => {
  const octets = encodeOpen(ownOpen);
  expect(decodeOpen(octets, 0, octets.length)).toEqual(ownOpen);
});

test("two like speakers agree on everything", () => {
  expect(meet(theirOpen())).toMatchObject({
    external: false,
    families: ["ipv4", "ipv6"],
    fourOctetAs: true,
    routeRefresh: true,
    enhancedRefresh: true,
    extendedNextHop: false,
    maxSendOctets: 65_535,
    maxReceiveOctets: 65_535,
    gracefulRestart: { restarting: false, restartMs: 120_000, families: ["ipv4", "ipv6"], notification: true },
    holdMs: 90_000,
    keepaliveMs: 30_000,
  });
});

test("a speaker without capabilities is one of IPv4, 2-octet AS numbers and short messages", () => {
  const bare: Open = { as: 64512, holdSeconds: 180, routerId: 2, capabilities: noCapabilities };
  expect(meet(bare)).toMatchObject({
    families: ["ipv4"],
    fourOctetAs: false,
    routeRefresh: false,
    enhancedRefresh: false,
    maxSendOctets: 4_096,
    gracefulRestart: undefined,
  });
});

test("who announced long messages gets them, whatever the other side announced (RFC 8654 §4)", () => {
  const short = theirOpen();
  const remote = { ...short, capabilities: { ...short.capabilities, extendedMessage: false } };
  expect(meet(remote)).toMatchObject({ maxSendOctets: 4_096, maxReceiveOctets: 65_535 });
  expect(negotiate(openFor(own, speaker(1), true), theirOpen(), own)).toMatchObject({
    maxSendOctets: 65_535,
    maxReceiveOctets: 4_096,
  });
});

test("families are those of both sides, in our order", () => {
  expect(meet(theirOpen({ families: ["ipv6", "ipv4"] })).families).toEqual(["ipv4", "ipv6"]);
  expect(meet(theirOpen({ families: ["ipv6"] })).families).toEqual(["ipv6"]);
});

test("no family in common: Unsupported Capability, and the capabilities that were missed (RFC 5492 §5)", () => {
  const peer = { ...own, families: ["ipv6"] as const };
  expect(fault(() => meet(theirOpen({ families: ["ipv4"] }), peer))).toEqual({
    code: 2,
    subcode: 7,
    data: [1, 4, 0, 2, 0, 1],
    because: expect.stringMatching(/^we speak ipv6, and it has multiprotocol ipv4, /),
  });
});

test("a neighbour that speaks other families only does not speak IPv4 unicast", () => {
  const vpn: Open = { ...theirOpen(), capabilities: { ...noCapabilities, otherFamilies: [{ afi: 1, safi: 128 }] } };
  expect(fault(() => meet(vpn))).toMatchObject({ code: 2, subcode: 7 });
});

test.each([
  [90, 180, 90],
  [180, 90, 90],
  [90, 0, 0],
  [0, 90, 0],
  [3, 90, 3],
])("hold times of %i s and %i s make %i s (RFC 4271 §4.2)", (ours, theirs, both) => {
  const timers = { ...own.timers, holdMs: ours * 1000 };
  const agreed = meet({ ...theirOpen(), holdSeconds: theirs }, { ...own, timers });
  expect(agreed.holdMs).toBe(both * 1000);
  expect(agreed.keepaliveMs).toBe(Math.min(30_000, (both * 1000) / 3));
});

test("keepalives come as often as was configured, and at least three in a hold time", () => {
  const often = { ...own, timers: { ...own.timers, keepaliveMs: 5_000 } };
  expect(meet(theirOpen(), often).keepaliveMs).toBe(5_000);
  expect(meet({ ...theirOpen(), holdSeconds: 9 }, often).keepaliveMs).toBe(3_000);
});

test.each([
  ["a number", 64513, 64513, true],
  ["another number", 64513, 64514, false],
  ["internal", "internal", 64512, true],
  ["internal, but it is not", "internal", 64513, false],
  ["external", "external", 64513, true],
  ["external, but it is not", "external", 64512, false],
] as const)("the neighbour's AS is checked: %s (RFC 4271 §6.2)", (_what, remoteAs, as, good) => {
  const peer = { ...own, remoteAs };
  const remote = theirOpen({ localAs: as });
  if (good) expect(meet(remote, peer).external).toBe(as !== 64512);
  else expect(fault(() => meet(remote, peer))).toMatchObject({ code: 2, subcode: 2 });
});

test("our own identifier is refused inside our AS, and fine outside (RFC 6286 §2.2)", () => {
  expect(fault(() => meet(theirOpen({}, speaker(1))))).toMatchObject({ code: 2, subcode: 3 });
  expect(meet(theirOpen({ localAs: 64513 }, speaker(1)), { ...own, remoteAs: 64513 }).external).toBe(true);
});

test("extended next hops need both sides (RFC 8950)", () => {
  const offering = { ...own, extendedNextHop: true };
  expect(meet(theirOpen({ extendedNextHop: true }), offering).extendedNextHop).toBe(true);
  expect(meet(theirOpen(), offering).extendedNextHop).toBe(false);
  expect(meet(theirOpen({ extendedNextHop: true })).extendedNextHop).toBe(false);
});

test("graceful restart needs both sides; kept are families of the session with the F bit (RFC 4724 §3)", () => {
  const off = { enabled: false, restartMs: 0, deferralMs: 0 };
  expect(meet(theirOpen({ gracefulRestart: off })).gracefulRestart).toBeUndefined();
  expect(meet(theirOpen(), { ...own, gracefulRestart: off }).gracefulRestart).toBeUndefined();
  const restarting = speaker(2, { restarting: true, forwardingKept: (family) => family === "ipv6" });
  expect(meet(theirOpen({}, restarting)).gracefulRestart).toEqual({
    restarting: true,
    restartMs: 120_000,
    families: ["ipv4", "ipv6"],
    forwarding: ["ipv6"],
    notification: true,
  });
  expect(meet(theirOpen({}, restarting), { ...own, families: ["ipv4"] }).gracefulRestart?.families).toEqual(["ipv4"]);
});

test("our R and F bits say what the speaker knows; the restart time fits its 12 bits", () => {
  const gracefulRestart = { enabled: true, restartMs: 10_000_000, deferralMs: 0 };
  const by = speaker(1, { restarting: true, forwardingKept: (family) => family === "ipv4" });
  expect(openFor({ ...own, gracefulRestart }, by, false).capabilities.gracefulRestart).toEqual({
    restarting: true,
    notification: true,
    restartSeconds: 4095,
    families: [
      { family: "ipv4", forwarding: true },
      { family: "ipv6", forwarding: false },
    ],
  });
});

test("towards a neighbour that refuses the parameter we have no capabilities (RFC 5492 §3)", () => {
  expect(openFor(own, speaker(1), true).capabilities).toEqual(noCapabilities);
});
