import { expect, test } from "vitest";
import { resetReason } from "#bgp/session/changes.ts";
import { negotiate, openFor } from "#bgp/session/negotiate.ts";
import type { PeerConfig } from "#config/node-config.ts";
import { address, peerConfig } from "../../support/sessions.ts";

const before = peerConfig("x", "10.0.0.2", { remoteAs: 64513 });
const speaker = { clusterId: 1, restarting: false, forwardingKept: () => true };
const agreed = negotiate(
  openFor(before, { ...speaker, routerId: 1 }, false),
  openFor({ ...before, localAs: 64513 }, { ...speaker, routerId: 2 }, false),
  before,
);

/** Fields that a session cannot live with, and others that it does not notice, or only at its next OPEN. */
test.each<[Partial<PeerConfig>, string | undefined]>([
  [{ address: address("10.0.0.3") }, "address"],
  [{ address: address("10.0.0.2") }, undefined],
  [{ interface: "eth0" }, "interface"],
  [{ localAddress: address("10.0.0.1") }, "local address"],
  [{ localAs: 64514 }, "local AS"],
  [{ remoteAs: 64515 }, "remote AS"],
  [{ remoteAs: "internal" }, "remote AS"],
  [{ remoteAs: "external" }, undefined],
  [{ families: ["ipv4"] }, "families"],
  [{ extendedNextHop: true }, "extended next hop"],
  [{ port: 1179 }, undefined],
  [{ passive: true }, undefined],
  [{ password: "secret" }, undefined],
  [{ ttl: { kind: "multihop", hops: 5 } }, undefined],
  [{ timers: { holdMs: 3_000, keepaliveMs: 1_000, connectRetryMs: 1_000, idleHoldMs: 1_000 } }, undefined],
  [{ gracefulRestart: { enabled: false, restartMs: 0, deferralMs: 0 } }, undefined],
  [{ description: "ToR", importPolicies: ["all"], exportPolicies: ["all"], prefixLimit: { ipv4: 5 } }, undefined],
  [{ reflectorClient: true, nextHop: "self", allowOwnAs: 2, advertise: ["podCIDR"] }, undefined],
])("%j resets: %s", (changes, reason) => {
  expect(resetReason(before, { ...before, ...changes }, agreed)).toBe(reason && `its ${reason} changed`);
});

test("a session that is not there yet is begun anew for another port, or an AS that nobody has checked", () => {
  expect(resetReason(before, { ...before, port: 1179 }, undefined)).toBe("its port changed");
  expect(resetReason(before, { ...before, remoteAs: "external" }, undefined)).toBe("its remote AS changed");
});

test("a neighbour by interface alone is found, moves to another address, and is gone", () => {
  const at = (text: string): PeerConfig => ({ ...before, address: address(text), unnumbered: true, interface: "eth1" });
  expect(resetReason(at("::"), at("fe80::9"), undefined)).toBe("it was found on eth1");
  expect(resetReason(at("fe80::9"), at("fe80::a"), agreed)).toBe("its address changed");
  expect(resetReason(at("fe80::9"), at("::"), agreed)).toBe("nobody is found on eth1 any more");
});
