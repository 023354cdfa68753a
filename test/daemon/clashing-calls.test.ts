import { expect, test } from "vitest";
import type { PeerConfig } from "#config/node-config.ts";
import { ClashingCalls } from "#daemon/clashing-calls.ts";
import { finish } from "#lib/steps.ts";
import { LineLog } from "../support/line-log.ts";
import { peerConfig } from "../support/sessions.ts";

const on = (link: string, at: string, password: string): PeerConfig =>
  peerConfig(`Global_${link}`, at, { interface: link, unnumbered: true, password, source: `BGPPeer/${link}` });

test("two neighbours that are found at one address and have two passwords are said once, with both, and again when it is over", () => {
  const log = new LineLog();
  const clashing = new ClashingCalls(log);
  const look = (known: readonly PeerConfig[], peers: readonly PeerConfig[]): void =>
    finish(clashing.look(known, peers));
  const wanted = [on("eth0", "::", "a"), on("eth1", "::", "b")];
  look(wanted, wanted);
  look(wanted, [on("eth0", "fe80::1", "a"), on("eth1", "fe80::2", "b")]);
  expect(log.take()).toEqual([]);
  const found = [on("eth0", "fe80::1", "a"), on("eth1", "fe80::1", "b")];
  look(wanted, found);
  look(wanted, [...found]);
  const line =
    "BGPPeer/eth1: spec.password: calls from fe80::1 have to be signed on every link with the password of Global_eth0 of BGPPeer/eth0; only our own calls begin this session";
  expect(log.take()).toEqual([`warn ${line}`]);
  look(wanted, wanted);
  expect(log.take()).toEqual([`info no longer: ${line}`]);
});

test("what the objects' remarks tell is not said again", () => {
  const log = new LineLog();
  const two = [on("eth0", "fe80::1", "a"), on("eth1", "fe80::1", "b")];
  finish(new ClashingCalls(log).look(two, [...two, on("eth2", "fe80::3", "c")]));
  expect(log.take()).toEqual([]);
});
