import { describe, expect, test } from "vitest";
import { callClashes, describeClash, fieldOf, signers, takenFor } from "#config/callers.ts";
import type { PeerConfig } from "#config/node-config.ts";
import { finish } from "#lib/steps.ts";
import { peerConfig } from "../support/sessions.ts";

const names = (found: ReadonlyMap<string, PeerConfig>): Record<string, string> =>
  Object.fromEntries(Array.from(found, ([key, { name }]) => [key, name]));
const clashes = (...peers: PeerConfig[]): string[] =>
  finish(callClashes(peers)).map((clash) => `${clash.peer.name}: ${fieldOf(clash)}: ${describeClash(clash)}`);
const on = (link: string, password: string | undefined, changes: Partial<PeerConfig> = {}): PeerConfig =>
  peerConfig(link, "fe80::1", { interface: link, password, ...changes });

describe("two neighbours on two links with one link-local address", () => {
  test("are told apart when they call", () => {
    expect(names(takenFor([on("eth0", undefined), on("eth1", undefined)]))).toEqual({
      "fe80::1%eth0": "eth0",
      "fe80::1%eth1": "eth1",
    });
    expect(clashes(on("eth0", undefined), on("eth1", undefined))).toEqual([]);
    expect(clashes(on("eth0", "a"), on("eth1", "a"))).toEqual([]);
  });

  test("cannot have two passwords: the first one's is that of both", () => {
    const peers = [on("eth0", undefined), on("eth1", "b"), on("eth2", "c", { passive: true })];
    expect(names(signers(takenFor(peers)))).toEqual({ "fe80::1": "eth1" });
    const calls = "calls from fe80::1 have to be signed on every link with the password of eth1 of BGPPeer/test";
    expect(clashes(...peers)).toEqual([
      `eth0: password: ${calls}; only our own calls begin this session`,
      `eth2: password: ${calls}; a passive session does not come up without them`,
    ]);
  });
});

describe("two neighbours with one address", () => {
  const at = (name: string, changes: Partial<PeerConfig> = {}): PeerConfig => peerConfig(name, "10.0.0.2", changes);

  test("on two ports are not told apart: the first has the calls and the key", () => {
    const [one, two] = [at("one", { password: "a" }), at("two", { password: "b", port: 1790 })];
    expect(names(takenFor([one, two]))).toEqual({ "10.0.0.2": "one" });
    expect(names(signers(takenFor([one, two])))).toEqual({ "10.0.0.2": "one" });
    expect(clashes(one, two, peerConfig("other", "10.0.0.3"))).toEqual([
      "two: port: calls from 10.0.0.2 are taken for one of BGPPeer/test; only our own calls begin this session",
    ]);
  });

  test("on two links are not told apart either: the address is the same on both", () => {
    expect(clashes(at("one", { interface: "eth0" }), at("two", { interface: "eth1" }))).toEqual([
      "two: interface: calls from 10.0.0.2 are taken for one of BGPPeer/test; only our own calls begin this session",
    ]);
  });

  test("a node's own session comes first, and needs no password that another daemon there has", () => {
    const peers = [at("Global", { port: 1790, password: "a" }), at("Mesh", { origin: "mesh" })];
    expect(names(takenFor(peers))).toEqual({ "10.0.0.2": "Mesh" });
    expect(names(signers(takenFor(peers)))).toEqual({});
  });

  test("a session that leaves gives way to the one that takes its place", () => {
    const peers = [at("Global"), at("Mesh", { origin: "mesh" })];
    expect(names(takenFor(peers))).toEqual({ "10.0.0.2": "Global" });
  });
});

test("neighbours that are still to be found do not call", () => {
  const uplink = (link: string): PeerConfig =>
    peerConfig(link, "::", { unnumbered: true, interface: link, password: link });
  expect(names(takenFor([uplink("eth0"), uplink("eth1")]))).toEqual({});
  expect(clashes(uplink("eth0"), uplink("eth1"))).toEqual([]);
});
