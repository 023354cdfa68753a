import type { NodeConfig } from "#config/node-config.ts";
import { Daemon, type World } from "#daemon/daemon.ts";
import type { RouterPort } from "#discovery/router-port.ts";
import type { Log } from "#lib/log.ts";
import { formatPrefix, type Prefix, parsePrefix } from "#route/prefix.ts";
import { ModelKernel } from "../kernel/model-kernel.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeNetwork } from "./fake-wire.ts";
import { address, nodeConfig, peerConfig } from "./sessions.ts";

export const prefix = (text: string): Prefix => parsePrefix(text)!;
const BGP = 186;

/** Two nodes on one subnet, each with a Pod CIDR and a kernel of its own. */
export class Pair {
  readonly clock = new FakeClock();
  readonly network = new FakeNetwork(this.clock);
  readonly kernels = [new ModelKernel(), new ModelKernel()] as const;
  readonly lines: string[] = [];
  readonly config: NodeConfig = this.#config(1);

  readonly sysctls: { read(name: string): string | undefined; write(): undefined } = {
    read: () => undefined,
    write: () => undefined,
  };
  /** What both nodes hear and send router advertisements by. */
  routers: RouterPort = { open: () => ({ refused: "no interface is watched here" }) };
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

  /** What a node's daemon is given. */
  world(node: number, log = this.#log()): World {
    return {
      clock: this.clock,
      log,
      random: () => 0.5,
      transport: this.network.host(address(`10.0.0.${node}`)),
      netlink: this.kernels[node - 1]!,
      routers: this.routers,
      files: { write: async () => false },
      nft: { run: async () => {}, list: async () => undefined },
      sysctls: this.sysctls,
      rebooted: this.rebooted && node === 2,
    };
  }

  async #daemon(node: number, config: NodeConfig, log: Log): Promise<Daemon> {
    const kernel = this.kernels[node - 1]!;
    kernel.addLink(2);
    kernel.addAddress(2, address(`10.0.0.${node}`), 24, prefix("10.0.0.0/24"));
    const world = this.world(node, log);
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
