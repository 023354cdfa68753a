import { expect, test } from "vitest";
import { ABSENT_MS, Deferral } from "#bgp/session/deferral.ts";
import { negotiate, openFor } from "#bgp/session/negotiate.ts";
import type { PeerConfig } from "#config/node-config.ts";
import { type Family, families } from "#route/family.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { peerConfig } from "../../support/sessions.ts";

const DEFERRAL_MS = 60_000;

/** What a session with a neighbour of these settings agrees on. */
function agreed(changes: Partial<PeerConfig> = {}, restarting = false) {
  const peer = peerConfig("x", "10.0.0.2");
  const own = { routerId: 1, clusterId: 1, restarting: true, forwardingKept: () => true };
  const other = { routerId: 2, clusterId: 2, restarting, forwardingKept: () => true };
  return negotiate(openFor(peer, own, false), openFor({ ...peer, ...changes }, other, false), peer);
}

function deferral(...names: readonly string[]): { clock: FakeClock; deferral: Deferral; done: [Family, number][] } {
  const clock = new FakeClock();
  const done: [Family, number][] = [];
  const awaited = names.map((name) => ({ name, families }));
  const waiting = new Deferral(clock, awaited, DEFERRAL_MS, (family) => done.push([family, clock.nowMs()]));
  return { clock, deferral: waiting, done };
}

test("a family is done when the last neighbour sent End-of-RIB of it", () => {
  const { clock, deferral: waiting, done } = deferral("a", "b");
  waiting.established("a", agreed());
  waiting.established("b", agreed());
  clock.advance(100);
  waiting.endOfRib("a", "ipv4");
  waiting.endOfRib("a", "ipv6");
  expect(done).toEqual([]);
  expect([...waiting.awaited("ipv4")]).toEqual(["b"]);
  waiting.endOfRib("b", "ipv6");
  clock.advance(50);
  waiting.endOfRib("b", "ipv4");
  expect(done).toEqual([
    ["ipv6", 100],
    ["ipv4", 150],
  ]);
  expect(waiting.pending).toBe(false);
  clock.advance(1_000_000);
  expect(done.length).toBe(2);
});

test("who is awaited is not gathered anew for each that asks: views ask once a neighbour", () => {
  const { deferral: waiting } = deferral("a", "b");
  expect(waiting.awaited("ipv4")).toBe(waiting.awaited("ipv4"));
  waiting.endOfRib("a", "ipv4");
  expect(waiting.awaited("ipv4").has("a")).toBe(false);
  expect(waiting.awaited("ipv6").has("a")).toBe(true);
});

test("with nobody to wait for all is done at once", () => {
  expect(deferral().done).toEqual([
    ["ipv4", 0],
    ["ipv6", 0],
  ]);
});

test("a dead neighbour delays for the time to come up, and not a millisecond more", () => {
  const { clock, deferral: waiting, done } = deferral("alive", "dead");
  waiting.established("alive", agreed());
  waiting.endOfRib("alive", "ipv4");
  waiting.endOfRib("alive", "ipv6");
  clock.advance(ABSENT_MS - 1);
  expect(done).toEqual([]);
  clock.advance(1);
  expect(done.map(([, at]) => at)).toEqual([ABSENT_MS, ABSENT_MS]);
});

test("a neighbour of one family delays only that one", () => {
  const { deferral: waiting, done } = deferral("v4");
  waiting.established("v4", agreed({ families: ["ipv4"] }));
  expect(done.map(([family]) => family)).toEqual(["ipv6"]);
});

test("a neighbour without the capability delays nobody", () => {
  const { deferral: waiting, done } = deferral("plain");
  const gracefulRestart = { enabled: false, restartMs: 0, deferralMs: 0 };
  waiting.established("plain", agreed({ gracefulRestart }));
  expect(done.length).toBe(2);
});

test("a neighbour that restarts itself delays nobody: two that wait for each other would wait for good", () => {
  const { deferral: waiting, done } = deferral("restarting");
  waiting.established("restarting", agreed({}, true));
  expect(done.length).toBe(2);
});

test("a neighbour that is up but never sends End-of-RIB delays for the deferral time", () => {
  const { clock, deferral: waiting, done } = deferral("silent");
  clock.advance(ABSENT_MS - 1);
  waiting.established("silent", agreed());
  clock.advance(DEFERRAL_MS - ABSENT_MS);
  expect(done).toEqual([]);
  clock.advance(1);
  expect(done.map(([, at]) => at)).toEqual([DEFERRAL_MS, DEFERRAL_MS]);
});

test("a neighbour that is lost on the way may come back, within bounds", () => {
  const { clock, deferral: waiting, done } = deferral("flapping");
  waiting.established("flapping", agreed());
  clock.advance(1_000);
  waiting.down("flapping");
  clock.advance(ABSENT_MS - 1);
  expect(done).toEqual([]);
  waiting.established("flapping", agreed());
  waiting.endOfRib("flapping", "ipv4");
  waiting.endOfRib("flapping", "ipv6");
  expect(done.length).toBe(2);
});

test("a neighbour that flaps for ever delays for the deferral time in all", () => {
  const { clock, deferral: waiting, done } = deferral("flapping");
  for (let flap = 0; flap < 100; flap++) {
    waiting.established("flapping", agreed());
    clock.advance(500);
    waiting.down("flapping");
    clock.advance(500);
  }
  expect(done.map(([, at]) => at)).toEqual([DEFERRAL_MS, DEFERRAL_MS]);
});

test("a neighbour that is disabled or removed is waited for no more; one that was never awaited changes nothing", () => {
  const { deferral: waiting, done } = deferral("a");
  waiting.established("new", agreed());
  waiting.down("new");
  waiting.endOfRib("new", "ipv4");
  waiting.forget("new");
  expect(done).toEqual([]);
  waiting.forget("a");
  expect(done.length).toBe(2);
});

test("when the daemon stops no timer is left, and nothing is ever done", () => {
  const { clock, deferral: waiting, done } = deferral("a", "b");
  waiting.established("a", agreed());
  waiting.stop();
  expect(clock.pending).toBe(0);
  waiting.endOfRib("a", "ipv4");
  clock.advance(DEFERRAL_MS);
  expect(done).toEqual([]);
});
