import { existsSync } from "node:fs";
import { Agent } from "../test/support/lab/agent.ts";
import { Bird } from "../test/support/lab/bird.ts";
import { type CniResult, CniRuntime } from "../test/support/lab/cni.ts";
import type { Host, IpFamily } from "../test/support/lab/host.ts";
import type { Lab } from "../test/support/lab/lab.ts";
import { familyOf, type SessionConfig } from "../test/support/lab/neighbour.ts";
import { until } from "../test/support/lab/until.ts";

/** In seconds. */
export interface Timers {
  readonly hold: number;
  /** How long neighbours keep routes of a daemon that is away. */
  readonly restart: number;
}

export const mtu = 1500;

/** A node's place in the plan of addresses. */
export interface NodePlan {
  readonly name: string;
  readonly rack: "a" | "b";
  readonly as: number;
  readonly addresses: readonly [ipv4: string, ipv6: string];
  readonly podCidrs: readonly [ipv4: string, ipv6: string];
}

/** Two racks: `a` holds nodes 1 and 2, `b` holds node 3. The ToR router is the gateway of both. */
export const racks = {
  a: { as: 64601, gateway: ["172.30.1.1", "fd00:30:1::1"] },
  b: { as: 64602, gateway: ["172.30.2.1", "fd00:30:2::1"] },
} as const;

export const torAs = 64512;

export const nodePlans: readonly NodePlan[] = [planOf(1, "a"), planOf(2, "a"), planOf(3, "b")];

function planOf(number: number, rack: "a" | "b"): NodePlan {
  const net = rack === "a" ? 1 : 2;
  return {
    name: `n${number}`,
    rack,
    as: racks[rack].as,
    addresses: [`172.30.${net}.1${number}`, `fd00:30:${net}::1${number}`],
    podCidrs: [`10.244.${number}.0/24`, `fd00:10:244:${number}::/64`],
  };
}

/** What routes for a node: Linnet; or, to prove the measuring, something that is known to work. */
export interface NodeRouter {
  start(): Promise<void>;
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** Its sessions in state Established, and all it is to have. */
  established(): Promise<{ readonly up: number; readonly all: number }>;
  /** File that the node's container runtime reads. */
  readonly conflist: string;
}

export interface Pod {
  readonly name: string;
  readonly node: Node;
  readonly host: Host;
  readonly addresses: readonly [ipv4: string, ipv6: string];
  readonly agent: Agent;
  readonly cni: { readonly runtime: CniRuntime; readonly id: string; readonly added: CniResult };
}

export interface Node {
  readonly plan: NodePlan;
  readonly host: Host;
  readonly router: NodeRouter;
  readonly agent: Agent;
  readonly pods: Pod[];
}

/** Makes the router of a node and gives it all that it reads. */
export type RouterMaker = (host: Host, plan: NodePlan, timers: Timers) => NodeRouter;

/** Who routes for the nodes, and what has to stand for that first. */
export interface Provider {
  readonly router: RouterMaker;
  /** @param tor with forwarding on, its racks not cabled yet */
  readonly prepare?: (lab: Lab, tor: Host, timers: Timers) => Promise<void>;
}

export interface DataCentre {
  readonly lab: Lab;
  readonly timers: Timers;
  readonly tor: Bird;
  readonly nodes: readonly Node[];
}

/** Cables, addresses, default routes and the ToR router; nothing routes yet. */
export async function build(lab: Lab, provider: Provider, timers: Timers): Promise<DataCentre> {
  const torHost = await lab.host("tor");
  await torHost.forward();
  await provider.prepare?.(lab, torHost, timers);
  const nodes = await Promise.all(
    nodePlans.map(async (plan): Promise<Node> => {
      const host = await lab.host(plan.name);
      return { plan, host, router: provider.router(host, plan, timers), agent: await Agent.start(host), pods: [] };
    }),
  );
  for (const rack of ["a", "b"] as const) await cableRack(lab, torHost, nodes, rack);
  return { lab, timers, tor: torRouter(torHost, timers), nodes };
}

async function cableRack(lab: Lab, tor: Host, nodes: readonly Node[], rack: "a" | "b"): Promise<void> {
  const members = nodes.filter(({ plan }) => plan.rack === rack);
  const { gateway } = racks[rack];
  await lab.switch(
    `rack-${rack}`,
    [
      { host: tor, device: `rack-${rack}`, addresses: lengthened(gateway) },
      ...members.map(({ host, plan }) => ({ host, device: "eth0", addresses: lengthened(plan.addresses) })),
    ],
    mtu,
  );
  for (const { host } of members) await host.ipBatch(gateway.map((address) => `route add ${defaultRoute(address)}`));
}

function defaultRoute(gateway: string): string {
  return `${familyOf(gateway) === 4 ? "0.0.0.0/0" : "::/0"} via ${gateway}`;
}

/** On-link prefix lengths of the racks' subnets. */
function lengthened(addresses: readonly string[]): string[] {
  return addresses.map((address) => `${address}/${familyOf(address) === 4 ? 24 : 64}`);
}

function torRouter(host: Host, timers: Timers): Bird {
  const sessions = nodePlans.map(
    ({ rack, as, addresses }): SessionConfig => ({
      local: racks[rack].gateway[0],
      remote: addresses[0],
      remoteAs: as,
      holdSeconds: timers.hold,
      gracefulRestart: timers.restart,
    }),
  );
  const nextHops = { 4: racks.a.gateway[0], 6: racks.a.gateway[1] };
  return new Bird(host, { as: torAs, routerId: racks.a.gateway[0], nextHops, sessions, routes: [], kernel: true });
}

/** Sandboxes, and the node's CNI plugins called for each as a container runtime does. */
export async function addPods(lab: Lab, node: Node, count: number): Promise<void> {
  await until(`${node.plan.name}: a CNI network configuration`, 10, () => existsSync(node.router.conflist));
  const runtime = new CniRuntime(node.host, node.router.conflist);
  for (let number = 1; number <= count; number++) {
    const name = `${node.plan.name}-p${number}`;
    const host = await lab.host(name);
    const id = `${name}-sandbox`;
    const added = await runtime.add(id, host);
    node.pods.push({
      name,
      node,
      host,
      addresses: addressesOf(added),
      agent: await Agent.start(host),
      cni: { runtime, id, added },
    });
  }
}

/** Of a pod's interface: IPv4, then IPv6. @throws Error where one is missing */
export function addressesOf(added: CniResult): readonly [ipv4: string, ipv6: string] {
  const address = (family: IpFamily): string => {
    const found = added.ips?.map((ip) => ip.address.split("/")[0] ?? "").find((ip) => familyOf(ip) === family);
    if (found === undefined) throw new Error(`the plugins gave no IPv${family} address`);
    return found;
  };
  return [address(4), address(6)];
}
