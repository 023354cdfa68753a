import { expect, test } from "vitest";
import { compile } from "#config/compile/compile.ts";
import { observedNode } from "#daemon/observed-node.ts";
import { finish } from "#lib/steps.ts";
import { nodeYaml, objectsOf, ourYaml } from "../config/objects-of.ts";
import { Pair, prefix } from "../support/pair.ts";
import { address, peerConfig } from "../support/sessions.ts";

const nothing = { remarks: [] };

test("a session, its routes and the kernel's are told as they are", async () => {
  const pair = new Pair();
  const daemon = await pair.start();
  const { sessions, tables, routesReady, troubles, drained } = finish(observedNode(daemon, nothing));
  expect(sessions).toMatchObject([
    {
      name: "n2",
      source: "BGPPeer/test",
      address: "10.0.0.2",
      remoteAs: 64_512,
      state: "Established",
      flaps: 0,
      lastError: undefined,
      families: { ipv4: { received: 1, accepted: 1, advertised: 1 } },
    },
  ]);
  expect(tables).toEqual({
    ipv4: { selected: 2, installed: 1, failed: 0 },
    ipv6: { selected: 0, installed: 0, failed: 0 },
  });
  expect({ routesReady, troubles, drained }).toEqual({ routesReady: true, troubles: [], drained: false });
});

test("a session that is back says when and why the one before it ended", async () => {
  const pair = new Pair();
  const daemon = await pair.start();
  const [{ sinceMs = 0 } = {}] = finish(observedNode(daemon, nothing)).sessions;
  daemon.speaker.disable("n2");
  pair.settle();
  daemon.speaker.enable("n2");
  pair.settle();
  const [session] = finish(observedNode(daemon, nothing)).sessions;
  expect(session).toMatchObject({ state: "Established", flaps: 1 });
  expect(session?.lastError?.ms).toBeGreaterThan(sinceMs);
  expect(session?.lastError?.ms).toBeLessThan(session?.sinceMs ?? 0);
});

test("a session that does not come back says why it was lost, and why it does not come back", async () => {
  const pair = new Pair();
  const daemon = await pair.start();
  pair.other!.stop("hard", "moving house");
  pair.settle();
  pair.settle();
  const [session] = finish(observedNode(daemon, nothing)).sessions;
  expect(session?.lastError?.text).toBe("connection refused");
  expect(session?.lostBy).toBe("received Cease/Hard Reset: Cease/Administrative Shutdown: moving house");
});

test("every loss since the start is counted, however many there were", async () => {
  const pair = new Pair();
  const daemon = await pair.start();
  const seen = () => finish(observedNode(daemon, nothing)).sessions[0];
  for (let loss = 1; loss <= 12; loss++) {
    daemon.speaker.disable("n2");
    pair.settle();
    expect(seen()).toMatchObject({ state: "Idle", flaps: loss });
    daemon.speaker.enable("n2");
    // The other end rests for longer each time.
    for (let rest = 0; rest < 20 && seen()?.state !== "Established"; rest++) pair.settle();
    expect(seen()).toMatchObject({ state: "Established", flaps: loss });
  }
});

test("what the kernel refuses is a trouble of the node, once for each reason", async () => {
  const pair = new Pair();
  pair.kernels[0].refuse.set("10.244.2.0/24", { index: 0, code: "EPERM", text: "not permitted" });
  const daemon = await pair.start();
  const { troubles, tables } = finish(observedNode(daemon, nothing));
  expect(tables.ipv4.failed).toBe(1);
  expect(troubles).toEqual([
    {
      object: undefined,
      reason: "RouteRefused",
      note: expect.stringMatching(/^the route to 10\.244\.2\.0\/24 is not in the kernel: .*not permitted/),
    },
  ]);
});

test("a route of another node's block is a trouble that names the owner", async () => {
  const pair = new Pair();
  const daemon = await pair.start();
  const owner = { blocks: [prefix("10.244.2.0/24")], externalAs: undefined, routerId: 9 };
  daemon.reconfigure({
    ...pair.config,
    peers: [peerConfig("n2", "10.0.0.2", { advertise: ["podCIDR"], announcer: { node: "n2", reflects: false } })],
    blockOwners: new Map([["n3", { ...owner, node: "n3", addresses: { ipv4: address("10.0.0.3") } }]]),
  });
  pair.settle();
  expect(pair.learned()).toEqual([]);
  expect(finish(observedNode(daemon, nothing)).troubles).toEqual([
    {
      object: undefined,
      reason: "ForeignRoute",
      note: "10.244.2.0/24 belongs to Node/n3: the route that n2 told is not installed",
    },
  ]);
});

test("objects that are wrong, and objects in each other's way, are told apart; warnings are no trouble", async () => {
  const daemon = await new Pair().start();
  const { remarks } = compile(
    objectsOf(
      nodeYaml("n1", ["10.0.0.1"], ["10.244.1.0/24"]),
      nodeYaml("n2", ["10.0.0.2"], ["10.244.1.128/25", "fd00::/64"]),
      ourYaml("BGPPeer", "tor", { peerAddress: "10.0.0.254", asNumber: 65_000, importPolicies: ["none"] }),
      ourYaml("BGPPeer", "twin", { peerAddress: "10.0.0.254", asNumber: 65_000 }),
    ),
    "n1",
  );
  expect(remarks.some(({ severity }) => severity === "warning")).toBe(true);
  const { troubles } = finish(observedNode(daemon, { remarks }));
  expect(troubles.map(({ object, reason }) => `${object} ${reason}`).sort()).toEqual([
    "BGPPeer/tor InvalidObject",
    "BGPPeer/twin Conflict",
    "Node/n2 Conflict",
  ]);
});

test("of each kind of trouble ten are named", async () => {
  const daemon = await new Pair().start();
  const remarks = Array.from({ length: 100 }, (_, index) => {
    return { severity: "error", object: `BGPPeer/p${index}`, path: [], text: "no", source: undefined } as const;
  });
  expect(finish(observedNode(daemon, { remarks })).troubles).toHaveLength(10);
});
