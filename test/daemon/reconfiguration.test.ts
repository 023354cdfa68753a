import fc from "fast-check";
import { expect, test } from "vitest";
import type { NodeConfig, PeerConfig, PolicyConfig } from "#config/node-config.ts";
import { Daemon } from "#daemon/daemon.ts";
import { listedProtocols, protocolView } from "#daemon/views/protocols.ts";
import { silentLog } from "#lib/log.ts";
import { ModelKernel } from "../kernel/model-kernel.ts";
import { SteppedClock } from "../support/fake-clock.ts";
import { FakeNetwork } from "../support/fake-wire.ts";
import { prefix } from "../support/pair.ts";
import { address, nodeConfig, peerConfig, TestNode } from "../support/sessions.ts";

const deny: PolicyConfig = { name: "deny", statements: [{ match: {}, set: {}, action: "reject" }] };
const policies = { deny };
const nobody = { reasons: [], nodeShutdown: false, withdrawMs: 0 };
const gracefulRestart = { enabled: false, restartMs: 120_000, deferralMs: 60_000 };

/** A node, and others that it may have as neighbours, each of which waits for its call. Turns are as short as can be. */
class Hub {
  readonly clock = new SteppedClock();
  readonly network = new FakeNetwork(this.clock);
  readonly kernel = new ModelKernel();
  readonly others = new Map<string, TestNode>();
  daemon!: Daemon;

  async start(others: number, config: NodeConfig): Promise<this> {
    this.kernel.addLink(2);
    this.kernel.addAddress(2, address("10.0.0.1"), 24, prefix("10.0.0.0/24"));
    for (let index = 0; index < others; index++) {
      const { name, address: at } = neighbour(index);
      const other = new TestNode(this.clock, this.network, `10.0.0.${at.words[0]! & 255}`);
      const us = peerConfig("us", "10.0.0.1", { passive: true, gracefulRestart });
      other.speaker.reconfigure(nodeConfig(index + 100, [us]));
      this.others.set(name, other);
    }
    const { clock, network, kernel: netlink } = this;
    const starting = Daemon.start(
      {
        ...{ clock, log: silentLog, netlink, rebooted: false, random: () => 0.5 },
        transport: network.host(address("10.0.0.1")),
        routers: { open: () => ({ refused: "no interface is watched here" }) },
        files: { write: async () => false },
        nft: { run: async () => {}, list: async () => undefined },
        sysctls: { read: () => undefined, write: () => undefined },
      },
      config,
    ).then((daemon) => {
      this.daemon = daemon;
    });
    this.settle(1);
    await starting;
    this.settle(30);
    return this;
  }

  turn(): void {
    while (this.kernel.step());
    this.clock.turn();
  }

  settle(seconds: number): void {
    for (let second = 0; second < seconds; second++) {
      while (this.clock.isBusy || this.kernel.step()) this.turn();
      this.clock.advance(1_000);
    }
  }

  names(): string[] {
    return this.daemon.speaker.configs().map(({ name }) => name);
  }

  established(): string[] {
    return this.names().filter((name) => this.daemon.speaker.peer(name)?.state === "established");
  }

  /** Why the other one's last session with us ended. */
  endingAt(name: string): unknown {
    const ending = this.others.get(name)?.speaker.peer("us")?.lastEnding;
    return ending?.kind === "received" ? `${ending.notification.code}/${ending.notification.subcode}` : ending?.kind;
  }

  /** What the other one has been told and not taken back. */
  readonly toldTo = (name: string): string[] => {
    const told = new Set<string>();
    for (const line of this.others.get(name)?.routing.log ?? []) {
      if (line.startsWith("up ") || line.startsWith("down ")) told.clear();
      else if (line.startsWith("us +")) told.add(line.slice(4));
      else if (line.startsWith("us -")) told.delete(line.slice(4));
    }
    return [...told];
  };
}

const neighbour = (index: number, changes: Partial<PeerConfig> = {}): PeerConfig =>
  peerConfig(`n${index}`, `10.0.0.${index + 2}`, { gracefulRestart, ...changes });

const range = (from: number, end: number): number[] => Array.from({ length: end - from }, (_, index) => from + index);

const own = { from: "podCIDR", source: "node/n1", blackhole: false, communities: [], largeCommunities: [] } as const;

const configOf = (peers: readonly PeerConfig[], changes: Partial<NodeConfig> = {}): NodeConfig =>
  nodeConfig(1, peers, {
    ...{ addresses: { ipv4: address("10.0.0.1") }, policies, drain: nobody },
    originated: [{ prefix: prefix("10.244.1.0/24"), ...own, localPref: undefined }],
    ...changes,
  });

const among = (indexes: readonly number[]): NodeConfig => configOf(indexes.map((index) => neighbour(index)));

const namesOf = (indexes: readonly number[]): string[] => indexes.map((index) => `n${index}`);

test("the first configuration is in force at once", async () => {
  const hub = new Hub();
  await hub.start(20, among(range(0, 20)));
  expect(hub.established()).toEqual(namesOf(range(0, 20)));
  const other = new Hub();
  const { length } = (await other.start(0, among(range(0, 200)))).names();
  expect(length).toBe(200);
});

test("many neighbours take many turns: those that go go first, those that stay are there in each, and stay up", async () => {
  const hub = await new Hub().start(60, among(range(0, 40)));
  const [going, staying, coming] = [range(0, 20), range(20, 40), range(40, 60)].map(namesOf);
  hub.daemon.reconfigure(among(range(20, 60)));
  const seen: string[] = [];
  for (; hub.names().length < 40 || hub.names().includes("n19"); hub.turn()) {
    const names = hub.names();
    const left = names.filter((name) => going!.includes(name)).length;
    const came = names.filter((name) => coming!.includes(name)).length;
    seen.push(`${left} ${came}`);
    expect(left === 0 || came === 0).toBe(true);
    expect(hub.established()).toEqual(expect.arrayContaining(staying!));
    const listed = listedProtocols(hub.daemon).map(({ name }) => name);
    expect(listed).toEqual(expect.arrayContaining(names));
    for (const name of staying!) expect(protocolView(hub.daemon, name)?.channels[0]?.state).toBe("UP");
    for (const name of names) expect(hub.daemon.rib.neighbour(name)).toBeDefined();
  }
  expect(new Set(seen).size).toBeGreaterThan(20);
  hub.settle(30);
  expect(hub.established()).toEqual([...staying!, ...coming!]);
  expect(new Set(going!.map((name) => hub.endingAt(name)))).toEqual(new Set(["6/3"]));
  for (const name of staying!) expect(hub.daemon.speaker.peer(name)?.losses).toBe(0);
  for (const name of going!) expect(hub.daemon.rib.neighbour(name)).toBeUndefined();
});

test("of configurations that come while one is being applied the newest is the next, and the others never are", async () => {
  const hub = await new Hub().start(40, among(range(0, 10)));
  hub.daemon.reconfigure(among(range(10, 20)));
  hub.turn();
  hub.daemon.reconfigure(among(range(20, 30)));
  hub.daemon.reconfigure(among(range(30, 40)));
  const seen = new Set<string>();
  while (hub.clock.isBusy) {
    for (const name of hub.names()) seen.add(name);
    hub.turn();
  }
  hub.settle(30);
  expect(hub.established()).toEqual(namesOf(range(30, 40)));
  expect(namesOf(range(20, 30)).filter((name) => seen.has(name))).toEqual([]);
  expect(hub.daemon.config.peers).toHaveLength(10);
});

test("a daemon that is told to end in between ends all sessions that it has, and begins none", async () => {
  const hub = await new Hub().start(40, among(range(0, 20)));
  hub.daemon.reconfigure(among(range(10, 40)));
  while (!hub.names().includes("n25")) hub.turn();
  hub.daemon.stop("hard");
  const names = hub.names();
  expect(names.length).toBeLessThan(30);
  hub.settle(30);
  expect(hub.names()).toEqual(names);
  expect(hub.established()).toEqual([]);
  const ended = namesOf(range(0, 20)).map((name) => hub.endingAt(name));
  expect(new Set(ended.slice(0, 10))).toEqual(new Set(["6/3"]));
  expect(new Set(ended.slice(10))).toEqual(new Set(["6/2"]));
  hub.daemon.reconfigure(among([0]));
  hub.settle(30);
  expect(hub.established()).toEqual([]);
});

test("another policy for all neighbours is one change of what they are told, not one for each", async () => {
  const hub = await new Hub().start(30, among(range(0, 30)));
  const { groups } = hub.daemon.rib.sides.ipv4;
  const denied = range(0, 30).map((index) => neighbour(index, { exportPolicies: ["deny"] }));
  hub.daemon.reconfigure(configOf(denied));
  let most = 0;
  for (; hub.clock.isBusy; hub.turn()) most = Math.max(most, groups.size);
  expect(most).toBe(1);
  expect(range(0, 30).map((index) => hub.toldTo(`n${index}`).length)).toEqual(range(0, 30).map(() => 0));
});

const variants: readonly Partial<PeerConfig>[] = [
  {},
  { exportPolicies: ["deny"] },
  { reflectorClient: true },
  { timers: { holdMs: 60_000, keepaliveMs: 20_000, connectRetryMs: 5_000, idleHoldMs: 2_000 } },
  { families: ["ipv4"] },
  { prefixLimit: { ipv4: 10 } },
];
const OTHERS = 8;
const anyConfig = fc
  .record({
    peers: fc.array(fc.option(fc.nat(variants.length - 1), { nil: undefined }), { maxLength: OTHERS }),
    routerId: fc.constantFrom(1, 1, 1, 2),
    drained: fc.constantFrom(false, false, false, true),
  })
  .map(({ peers, routerId, drained }) =>
    configOf(
      peers.flatMap((variant, index) => (variant === undefined ? [] : [neighbour(index, variants[variant])])),
      { routerId, clusterId: routerId, drain: drained ? { ...nobody, reasons: ["test"] } : nobody },
    ),
  );

/** All that a configuration decides about its neighbours. */
function outcome({ daemon: { speaker, rib }, toldTo }: Hub) {
  return speaker.configs().map((config) => {
    const { name } = config;
    const { state, negotiated, local } = speaker.peer(name)!;
    const { session, config: known } = rib.neighbour(name)!;
    const agreed = { families: negotiated?.families, routerId: local?.routerId, kind: session?.kind };
    return { name, config, state, ...agreed, limit: known.prefixLimit, told: toldTo(name) };
  });
}

/** The same, as it has to be. */
function expected({ peers, routerId, drain }: NodeConfig): ReturnType<typeof outcome> {
  return peers.map((config) => {
    const { name, families, prefixLimit: limit, exportPolicies, reflectorClient } = config;
    const told = exportPolicies.length > 0 || drain.reasons.length > 0 ? [] : ["10.244.1.0/24"];
    const kind = reflectorClient ? "client" : "internal";
    return { name, config, state: "established", families, routerId, kind, limit, told };
  });
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);

test("whatever configurations come after however many turns: it ends where the last one alone would have ended", async () => {
  const property = fc.asyncProperty(
    anyConfig,
    fc.array(fc.record({ config: anyConfig, turns: fc.nat(40) }), { minLength: 1, maxLength: 6 }),
    async (first, changes) => {
      const hub = await new Hub().start(OTHERS, first);
      const all = [first, ...changes.map(({ config }) => config)];
      const isIn = (name: string) => (config: NodeConfig) => config.peers.some((peer) => peer.name === name);
      const staying = first.peers.map(({ name }) => name).filter((name) => all.every(isIn(name)));
      for (const { config, turns } of changes) {
        hub.daemon.reconfigure(config);
        for (let turn = 0; turn < turns; turn++) {
          hub.turn();
          expect(hub.names()).toEqual(expect.arrayContaining(staying));
        }
      }
      hub.settle(60);
      expect(outcome(hub).sort(byName)).toEqual(expected(all.at(-1)!).sort(byName));
      hub.daemon.stop("hard");
    },
  );
  await fc.assert(property, { numRuns: 10 });
}, 60_000);
