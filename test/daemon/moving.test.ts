import { expect, test } from "vitest";
import { Moving } from "#daemon/moving.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { nodeConfig, peerConfig } from "../support/sessions.ts";

function begin() {
  const clock = new FakeClock();
  const complete = new Set<string>();
  let over = 0;
  const moving = new Moving({ clock, isComplete: (name) => complete.has(name), over: () => void over++ });
  const mesh = (...names: string[]) =>
    nodeConfig(
      1,
      names.map((name) =>
        peerConfig(name, `10.0.0.${name.slice(1)}`, { origin: name.startsWith("t") ? "node" : "mesh" }),
      ),
    );
  const names = (...wanted: string[]) => moving.resolve(mesh(...wanted)).peers.map(({ name }) => name);
  const comes = (name: string): void => {
    complete.add(name);
    moving.look();
  };
  return { clock, moving, names, comes, overs: () => over, mesh };
}

test("the old reflector stays until the new ones have told their routes", () => {
  const { names, comes, overs } = begin();
  expect(names("r1")).toEqual(["r1"]);
  expect(names("r2", "r3")).toEqual(["r2", "r3", "r1"]);
  comes("r2");
  expect(overs()).toBe(0);
  expect(names("r2", "r3")).toEqual(["r2", "r3", "r1"]);
  comes("r3");
  expect(overs()).toBe(1);
  expect(names("r2", "r3")).toEqual(["r2", "r3"]);
});

test("a new one that never comes is waited for half a minute", () => {
  const { clock, names, overs } = begin();
  names("r1");
  names("r2");
  clock.advance(29_999);
  expect(overs()).toBe(0);
  clock.advance(1);
  expect(overs()).toBe(1);
  expect(names("r2")).toEqual(["r2"]);
  expect(clock.pending).toBe(0);
});

test("a node that only leaves is left at once, and so is a neighbour outside of the mesh", () => {
  const { names, mesh, moving } = begin();
  names("n1", "n2", "t9");
  expect(names("n1", "t9")).toEqual(["n1", "t9"]);
  expect(names("n1", "n3")).toEqual(["n1", "n3"]);
  const config = mesh("n1", "n3");
  expect(moving.resolve(config)).toBe(config);
});

test("one that comes back is no longer leaving; one that is not wanted after all is not waited for", () => {
  const { clock, names } = begin();
  names("r1");
  expect(names("r2")).toEqual(["r2", "r1"]);
  expect(names("r1")).toEqual(["r1"]);
  expect(clock.pending).toBe(0);
});

test("at the start nobody takes anybody's place", () => {
  const { clock, names } = begin();
  expect(names("n1", "n2")).toEqual(["n1", "n2"]);
  expect(clock.pending).toBe(0);
});

test("the reflector that goes keeps its clients for a while, as they need time to find the new one; not nodes that are gone", () => {
  const clock = new FakeClock();
  let over = 0;
  const moving = new Moving({ clock, isComplete: () => false, over: () => void over++ });
  const client = (name: string) =>
    peerConfig(name, `10.0.0.${name.slice(1)}`, { origin: "mesh", announcer: { node: name, reflects: false } });
  const owner = { node: "n1", blocks: [], externalAs: undefined, routerId: 1, addresses: {} };
  const blockOwners = new Map([["n1", owner]]);
  moving.resolve(nodeConfig(1, ["r9", "n1", "n2"].map(client), { blockOwners }));
  const { peers } = moving.resolve(nodeConfig(1, [client("r9")], { blockOwners }));
  expect(peers.map(({ name }) => name)).toEqual(["r9", "n1"]);
  clock.advance(10_000);
  expect(over).toBe(1);
  expect(moving.resolve(nodeConfig(1, [client("r9")], { blockOwners })).peers).toHaveLength(1);
});

test("who comes while others are being handed over is waited for as long as at any other time", () => {
  const clock = new FakeClock();
  let over = 0;
  const moving = new Moving({ clock, isComplete: () => false, over: () => void over++ });
  const node = (name: string) =>
    peerConfig(name, `10.0.0.${name.slice(1)}`, { origin: "mesh", announcer: { node: name, reflects: false } });
  const owner = { node: "n1", blocks: [], externalAs: undefined, routerId: 1, addresses: {} };
  const blockOwners = new Map([["n1", owner]]);
  const names = (...wanted: string[]) =>
    moving.resolve(nodeConfig(1, wanted.map(node), { blockOwners })).peers.map(({ name }) => name);
  names("r1", "n1");
  expect(names("r1")).toEqual(["r1", "n1"]);
  clock.advance(9_000);
  expect(names("r2")).toEqual(["r2", "n1", "r1"]);
  clock.advance(29_999);
  expect(over).toBe(0);
  clock.advance(1);
  expect(over).toBe(1);
});
