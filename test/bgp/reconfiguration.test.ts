import { expect, test } from "vitest";
import type { PeerConfig } from "#config/node-config.ts";
import { finish, type Steps } from "#lib/steps.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeNetwork } from "../support/fake-wire.ts";
import { ScriptedPeer } from "../support/scripted-peer.ts";
import { address, nodeConfig, peerConfig, TestNode } from "../support/sessions.ts";

const OWN = "10.0.0.1";

function begin() {
  const clock = new FakeClock();
  const network = new FakeNetwork(clock);
  const node = new TestNode(clock, network, OWN);
  const names = (): string[] => node.speaker.configs().map(({ name }) => name);
  const steps = (peers: readonly PeerConfig[]): Steps<void> => node.speaker.reconfigureSteps(nodeConfig(1, peers));
  const callFrom = (at: string): string[] => {
    const peer = new ScriptedPeer(network, address(at));
    peer.dial(address(OWN));
    clock.settle();
    return peer.line.take();
  };
  return { clock, node, names, steps, callFrom };
}

const waiting = (index: number, changes: Partial<PeerConfig> = {}): PeerConfig =>
  peerConfig(`n${index}`, `10.0.0.${index}`, { passive: true, ...changes });

/** @returns the same steps, gone until `there` */
function until(steps: Steps<void>, there: () => boolean): Steps<void> {
  while (!there()) if (steps.next().done) throw new Error("it never came so far");
  return steps;
}

test("a new neighbour whose turn has not come has it when it calls", () => {
  const { names, node, steps, callFrom } = begin();
  const rest = until(steps([waiting(2), waiting(3), waiting(4)]), () => names().includes("n2"));
  expect(names()).toEqual(["n2"]);
  expect(callFrom("10.0.0.4")).toEqual(["OPEN"]);
  expect(names()).toEqual(["n2", "n4"]);
  finish(rest);
  expect(names()).toEqual(["n2", "n4", "n3"]);
  expect(node.state("n4")).toBe("openSent");
});

test("a neighbour that is known has its new settings when it calls, and its turn later resets nothing", () => {
  const { names, node, steps, callFrom } = begin();
  finish(steps([waiting(2), waiting(3)]));
  const changed = waiting(3, { localAs: 64600 });
  const rest = until(steps([waiting(2), waiting(4), changed]), () => names().includes("n4"));
  expect(node.speaker.peer("n3")?.config.localAs).toBe(64512);
  expect(callFrom("10.0.0.3")).toEqual(["OPEN"]);
  expect(node.speaker.peer("n3")).toMatchObject({ config: changed, state: "openSent", local: { as: 64600 } });
  finish(rest);
  expect(node.state("n3")).toBe("openSent");
});

test("a neighbour that is configured no more is nobody as soon as its turn was, also before the others had theirs", () => {
  const { names, steps, callFrom } = begin();
  finish(steps([waiting(2), waiting(3)]));
  const rest = until(steps([waiting(4)]), () => !names().includes("n2"));
  expect(names()).toEqual(["n3"]);
  expect(callFrom("10.0.0.2")).toEqual(["NOTIFICATION 6/5", "closed"]);
  expect(callFrom("10.0.0.3")).toEqual(["OPEN"]);
  finish(rest);
  expect(names()).toEqual(["n4"]);
  expect(callFrom("10.0.0.3")).toEqual(["NOTIFICATION 6/5", "closed"]);
});

test("a neighbour that takes the address of one that goes is called when that one's session has ended", () => {
  const { clock, node, names, steps } = begin();
  finish(steps([peerConfig("old", "10.0.0.2")]));
  clock.settle();
  const rest = until(steps([peerConfig("new", "10.0.0.2")]), () => names().length === 0);
  finish(rest);
  expect(names()).toEqual(["new"]);
  expect(node.log.take()).toContain(
    "info session with old (10.0.0.2 AS 64512) is stopped: removed from the configuration",
  );
});
