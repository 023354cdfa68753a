import { expect, test } from "vitest";
import type { NodeConfig } from "#config/node-config.ts";
import { Daemon, type World } from "#daemon/daemon.ts";
import { depart } from "#daemon/departure.ts";
import type { Log } from "#lib/log.ts";
import { formatPrefix, type Prefix, parsePrefix } from "#route/prefix.ts";
import { ModelKernel } from "../kernel/model-kernel.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeNetwork } from "../support/fake-wire.ts";
import { address, nodeConfig, peerConfig } from "../support/sessions.ts";

const prefix = (text: string): Prefix => parsePrefix(text)!;
const BGP = 186;

/** Two nodes on one subnet, each with a Pod CIDR and a kernel of its own. */
class Pair {
  readonly clock = new FakeClock();
  readonly network = new FakeNetwork(this.clock);
  readonly kernels = [new ModelKernel(), new ModelKernel()] as const;
  readonly lines: string[] = [];
  readonly config: NodeConfig = this.#config(1);

  /** The second node, once started. */
  other: Daemon | undefined;
  /** Does the second node come after a reboot? */
  rebooted = false;

  async start(): Promise<Daemon> {
    this.other = await this.#daemon(2, this.#config(2), { ...this.#log(), warn: () => {} });
    const daemon = await this.#daemon(1, this.config, this.#log());
    this.settle();
    return daemon;
  }

  #config(node: number): NodeConfig {
    const other = 3 - node;
    const base = nodeConfig(node, [peerConfig(`n${other}`, `10.0.0.${other}`, { advertise: ["podCIDR"] })]);
    const from = { from: "podCIDR", source: `node/n${node}`, blackhole: false } as const;
    const told = { communities: [], largeCommunities: [], localPref: undefined };
    return {
      ...base,
      addresses: { ipv4: address(`10.0.0.${node}`) },
      originated: [{ prefix: prefix(`10.244.${node}.0/24`), ...from, ...told }],
    };
  }

  #log(): Log {
    const say = (message: string): void => void this.lines.push(message);
    const log: Log = { debug: () => {}, info: () => {}, warn: say, error: say, with: () => log };
    return log;
  }

  async #daemon(node: number, config: NodeConfig, log: Log): Promise<Daemon> {
    const kernel = this.kernels[node - 1]!;
    kernel.addLink(2);
    kernel.addAddress(2, address(`10.0.0.${node}`), 24, prefix("10.0.0.0/24"));
    const world: World = {
      clock: this.clock,
      log,
      random: () => 0.5,
      transport: this.network.host(address(`10.0.0.${node}`)),
      netlink: kernel,
      files: { write: async () => false },
      nft: { run: async () => {}, list: async () => undefined },
      sysctls: { read: () => undefined, write: () => undefined },
      rebooted: this.rebooted && node === 2,
    };
    let started: Daemon | undefined;
    const starting = Daemon.start(world, config).then((daemon) => {
      started = daemon;
    });
    this.settle();
    await starting;
    return started!;
  }

  settle(): void {
    for (let second = 0; second < 20; second++) {
      for (let steps = 1; steps > 0; ) {
        this.clock.settle(1_000);
        steps = this.kernels.filter((kernel) => kernel.step()).length;
      }
      this.clock.advance(500);
    }
  }

  /** Learned routes of the first node, as `PREFIX metric METRIC`. */
  learned(): string[] {
    return [...this.kernels[0].routes.values()]
      .filter(({ protocol, metric }) => protocol === BGP && metric !== 1_000_000)
      .map((route) => `${formatPrefix(route.prefix)} metric ${route.metric}`);
  }
}

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
