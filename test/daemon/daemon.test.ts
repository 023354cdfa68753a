import { expect, test } from "vitest";
import type { NodeConfig, PeerConfig, PolicyConfig } from "#config/node-config.ts";
import { Daemon } from "#daemon/daemon.ts";
import { depart } from "#daemon/departure.ts";
import { TableFull } from "#rib/table/limits.ts";
import { ModelKernel } from "../kernel/model-kernel.ts";
import { Pair, prefix } from "../support/pair.ts";
import { address } from "../support/sessions.ts";

test("a start that is given up while the kernel cannot be read ends, and what the kernel says later begins nothing", async () => {
  const pair = new Pair();
  let code = "ENOBUFS";
  const ends: (() => void)[] = [];
  class Mute extends ModelKernel {
    override dump(...[, , ended]: Parameters<ModelKernel["dump"]>): void {
      ends.push(() => ended({ code, text: "", interrupted: false }));
    }
  }
  const { promise: givenUp, resolve: giveUp } = Promise.withResolvers<void>();
  const starting = Daemon.start({ ...pair.world(1), netlink: new Mute() }, pair.config, givenUp);
  ends[0]?.();
  pair.clock.advance(1_000);
  expect([ends.length, pair.clock.pending]).toEqual([2, 0]);
  giveUp();
  expect(await starting).toBeUndefined();
  code = "OK";
  for (let answered = 1; answered < ends.length; answered++) {
    ends[answered]?.();
    pair.clock.settle();
  }
  expect(ends.length).toBe(7); // it was read
  await givenUp;
  pair.clock.advance(60_000);
  expect([pair.clock.pending, pair.network.connections.length]).toEqual([0, 0]);
});

test("a start that is given up while it waits to read the kernel again leaves no timer", async () => {
  const pair = new Pair();
  class Mute extends ModelKernel {
    override dump(...[, , ended]: Parameters<ModelKernel["dump"]>): void {
      ended({ code: "ENOBUFS", text: "", interrupted: false });
    }
  }
  const starting = Daemon.start({ ...pair.world(1), netlink: new Mute() }, pair.config, Promise.resolve());
  pair.clock.settle();
  expect(pair.clock.pending).toBe(1);
  expect(await starting).toBeUndefined();
  expect(pair.clock.pending).toBe(0);
});

test("settings of the kernel are taken over by the running daemon", async () => {
  const pair = new Pair();
  const daemon = await pair.start();
  const { config } = pair;
  const changed = (change: Partial<NodeConfig["kernel"]>): string[] => {
    daemon.reconfigure({ ...config, kernel: { ...config.kernel, ...change } });
    pair.settle();
    return pair.learned();
  };
  expect(pair.learned()).toEqual(["10.244.2.0/24 metric 32"]);
  expect(changed({ metric: 50 })).toEqual(["10.244.2.0/24 metric 50"]);
  expect(changed({})).toEqual(["10.244.2.0/24 metric 32"]);
  expect(pair.kernels[0].objects.size).toBe(0);
  expect(changed({ nextHopObjects: "always" })).toEqual(["10.244.2.0/24 metric 32"]);
  expect(pair.kernels[0].objects.size).toBe(2);
  expect(changed({ nextHopObjects: "never" })).toEqual(["10.244.2.0/24 metric 32"]);
  expect(pair.kernels[0].objects.size).toBe(0);
  expect(changed({ install: false })).toEqual([]);
  expect(changed({})).toEqual(["10.244.2.0/24 metric 32"]);
  expect(pair.lines).toEqual([]);
});

test("a setting that waits for the next start is named once, and the others of the change are taken over", async () => {
  const pair = new Pair();
  const daemon = await pair.start();
  const { config } = pair;
  for (const metric of [40, 41]) {
    daemon.reconfigure({ ...config, kernel: { ...config.kernel, table: 100, metric } });
    pair.settle();
    expect(pair.learned()).toEqual([`10.244.2.0/24 metric ${metric}`]);
  }
  const text = "takes effect when the daemon is started again; routes of before stay until `linnet cleanup`";
  expect(pair.lines).toEqual([`kernel.table 100 ${text}`]);
});

test("a drained node is avoided, then unknown, and back when it is wanted again", async () => {
  const pair = new Pair();
  const daemon = await pair.start();
  const other = pair.other!;
  const told = () => daemon.ribView.paths("ipv4", daemon.ribView.find(prefix("10.244.2.0/24")));
  const withDrain = (reasons: readonly string[]) => ({
    ...other.config,
    drain: { reasons, nodeShutdown: false, withdrawMs: 60_000 },
  });
  other.reconfigure(withDrain(["annotation linnet.dev/drain"]));
  pair.settle();
  expect(told().map((path) => path.attributes())).toMatchObject([{ localPref: 0, communities: [0xffff_0000] }]);
  expect(pair.learned()).toEqual(["10.244.2.0/24 metric 32"]);
  pair.clock.advance(60_000);
  pair.settle();
  expect(pair.learned()).toEqual([]);
  other.reconfigure(withDrain([]));
  pair.settle();
  expect(pair.learned()).toEqual(["10.244.2.0/24 metric 32"]);
  expect(daemon.speaker.peer("n2")?.state).toBe("established");
});

test("a daemon that ends for good has told so before, and waits no longer than that takes", async () => {
  const pair = new Pair();
  await pair.start();
  const other = pair.other!;
  const log: string[] = [];
  void depart(other, pair.clock).then(() => log.push("told"));
  pair.settle();
  pair.settle();
  await Promise.resolve();
  expect(pair.learned()).toEqual([]);
  expect([log, other.drain.state.stage]).toEqual([["told"], "gone"]);
});

test("after a reboot nothing was preserved, and the neighbour is told so: R without F (RFC 4724 §3)", async () => {
  const restartOf = async (rebooted: boolean) => {
    const pair = new Pair();
    pair.rebooted = rebooted;
    const daemon = await pair.start();
    const restart = daemon.speaker.peer("n2")?.remote?.capabilities.gracefulRestart;
    return { restarting: restart?.restarting, forwarding: restart?.families.map(({ forwarding }) => forwarding) };
  };
  expect(await restartOf(false)).toEqual({ restarting: false, forwarding: [false, false] });
  expect(await restartOf(true)).toEqual({ restarting: true, forwarding: [false, false] });
});

test("a daemon that stopped wants nothing any more, also where the kernel refuses a route", async () => {
  const pair = new Pair();
  const [kernel] = pair.kernels;
  kernel.refuse.set("10.244.2.0/24", { index: 0, code: "EINVAL", text: "" });
  const daemon = await pair.start();
  expect(daemon.kernel.installer.counts("ipv4").failed).toBe(1);
  for (const each of [daemon, pair.other!]) each.stop("hard");
  await new Promise(setImmediate); // what looks after masquerading ends its own work first
  pair.settle();
  expect(pair.clock.pending).toBe(0);
});

test("a neighbour for whose routes there is no room loses its session, and hears why (RFC 4486 §4)", async () => {
  const pair = new Pair();
  const daemon = await pair.start();
  daemon.rib.parts.events.tableFull("n2", new TableFull("paths4", 16_000_000));
  expect(daemon.speaker.peer("n2")).toMatchObject({
    state: "idle",
    lastEnding: { kind: "sent", notification: { code: 6, subcode: 8 } },
  });
  expect(pair.lines[0]).toBe("the table of paths4 is full at 16000000: the session with n2 ends");
});

test("what a policy prepends is the AS number that the neighbour knows, also where the node's has changed since", async () => {
  const pair = new Pair();
  const daemon = await pair.start();
  const other = pair.other!;
  const twice: PolicyConfig = { name: "twice", statements: [{ match: {}, set: { prepend: 2 }, action: "accept" }] };
  const take: PolicyConfig = { name: "take", statements: [{ match: {}, set: {}, action: "accept" }] };
  const external = ({ peers: [peer], ...config }: NodeConfig, changes: Partial<PeerConfig>): NodeConfig => {
    return { ...config, policies: { twice, take }, peers: [{ ...peer!, advertise: [], ...changes }] };
  };
  daemon.reconfigure(external(daemon.config, { remoteAs: "external", importPolicies: ["take"] }));
  const changed = external(other.config, { localAs: 64600, remoteAs: "external", exportPolicies: ["twice"] });
  other.reconfigure({ ...changed, localAs: 64600 });
  pair.settle();
  const told = daemon.ribView.paths("ipv4", daemon.ribView.find(prefix("10.244.2.0/24")));
  expect(told.map((path) => path.attributes().asPath)).toEqual([
    [{ kind: "sequence", members: [64600, 64600, 64600] }],
  ]);
});

test("a session goes on where the node's other address changes, and tells the new one as the next hop", async () => {
  const pair = new Pair();
  const daemon = await pair.start();
  const other = pair.other!;
  const [own] = other.config.originated;
  const block = prefix("fd00:244:2::/64");
  const at = (text: string): NodeConfig => {
    return {
      ...other.config,
      addresses: { ...other.config.addresses, ipv6: address(text) },
      originated: [{ ...own!, prefix: block }],
    };
  };
  const nextHops = (text: string) => {
    other.reconfigure(at(text));
    pair.settle();
    return daemon.ribView.paths("ipv6", daemon.ribView.find(block)).map((path) => path.attributes().nextHop);
  };
  expect(nextHops("fd00::2")).toEqual([address("fd00::2")]);
  expect(nextHops("fd00::22")).toEqual([address("fd00::22")]);
  expect(daemon.speaker.peer("n2")).toMatchObject({ state: "established", losses: 0 });
});

test("an address that appears beside the one of a session is the next hop of its family from then on", async () => {
  const pair = new Pair();
  const daemon = await pair.start();
  const other = pair.other!;
  const [own] = other.config.originated;
  const block = prefix("fd00:244:2::/64");
  const told = () => daemon.ribView.paths("ipv6", daemon.ribView.find(block)).map((path) => path.attributes().nextHop);
  other.reconfigure({ ...other.config, originated: [{ ...own!, prefix: block }] });
  pair.settle();
  expect(told()).toEqual([]);
  pair.kernels[1].addAddress(2, address("fd00::2"), 64, prefix("fd00::/64"));
  pair.settle();
  expect(told()).toEqual([address("fd00::2")]);
  expect(daemon.speaker.peer("n2")).toMatchObject({ state: "established", losses: 0 });
});

test("a neighbour that becomes a client of our reflection, or no longer is one, keeps its session", async () => {
  const pair = new Pair();
  const daemon = await pair.start();
  const [peer] = daemon.config.peers;
  for (const reflectorClient of [true, false]) {
    daemon.reconfigure({ ...daemon.config, peers: [{ ...peer!, reflectorClient }] });
    pair.settle();
    expect(daemon.rib.neighbour("n2")?.session?.kind).toBe(reflectorClient ? "client" : "internal");
  }
  expect(daemon.speaker.peer("n2")).toMatchObject({ state: "established", losses: 0 });
});
