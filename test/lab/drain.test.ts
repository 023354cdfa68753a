import { afterAll, beforeAll, expect, test } from "vitest";
import { Agent } from "../support/lab/agent.ts";
import type { Host } from "../support/lab/host.ts";
import { Lab } from "../support/lab/lab.ts";
import { LinnetProcess, linnetCommand, type Manifest } from "../support/lab/linnet-process.ts";
import { run } from "../support/lab/run.ts";
import { Traffic } from "../support/lab/traffic.ts";
import { pause, until } from "../support/lab/until.ts";

/** `a` and `b` with two ways between them, by `r1` and by `r2`; an AS each. */
const links = [
  ["a", "r1"],
  ["a", "r2"],
  ["b", "r1"],
  ["b", "r2"],
] as const;
const as: Readonly<Record<string, number>> = { a: 65001, b: 65002, r1: 65011, r2: 65012 };
const blocks: Readonly<Record<string, readonly string[]>> = {
  a: ["10.244.1.0/24", "fd00:244:1::/64"],
  b: ["10.244.2.0/24", "fd00:244:2::/64"],
};
const first = (block: string): string => block.replace(/0\/24$/, "1").replace(/\/64$/, "1");

let lab: Lab;
const routers = new Map<string, LinnetProcess>();
const agents: Agent[] = [];

const addressOf = (link: number, end: 0 | 1): readonly string[] => [
  `10.0.${link}.${end + 1}`,
  `fd00:${link}::${end + 1}`,
];

function manifests(name: string): Manifest[] {
  const object = (kind: string, object: string, spec: object): Manifest => {
    return { apiVersion: "linnet.dev/v1alpha1", kind, metadata: { name: object }, spec };
  };
  const ends = links.flatMap((pair, link) =>
    pair.flatMap((host, end) => (host === name ? [{ link, end: end as 0 | 1 }] : [])),
  );
  const [own = { link: 0, end: 0 as const }] = ends;
  return [
    {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name },
      status: { addresses: addressOf(own.link, own.end).map((address) => ({ type: "InternalIP", address })) },
    },
    object("BGPConfiguration", "default", {
      asNumber: as[name],
      nodeMesh: "Disabled",
      drain: { withdrawAfter: "2s" },
      advertisements: (blocks[name] ?? []).map((cidr) => ({ cidr, blackhole: false })),
    }),
    object("BGPPolicy", "everything", { statements: [{ action: "Accept" }] }),
    ...ends.map(({ link, end }) => {
      const far = links[link]?.[1 - end] ?? "";
      return object("BGPPeer", `to-${far}`, {
        peerAddress: addressOf(link, (1 - end) as 0 | 1)[0],
        asNumber: as[far],
        timers: { connectRetryTime: "1s", idleHoldTime: "100ms" },
        importPolicies: ["everything"],
        exportPolicies: ["everything"],
      });
    }),
  ];
}

beforeAll(async () => {
  lab = await Lab.create("drain");
  const hosts = new Map<string, Host>();
  for (const name of Object.keys(as)) {
    const host = await lab.host(name);
    await host.forward();
    await host.sysctl({ "net.ipv4.conf.all.rp_filter": 0, "net.ipv4.conf.default.rp_filter": 0 });
    hosts.set(name, host);
  }
  const hostOf = (name: string): Host => hosts.get(name) as Host;
  for (const [link, pair] of links.entries()) {
    const ports = pair.map((name, end) => {
      const [ipv4, ipv6] = addressOf(link, end as 0 | 1);
      return { host: hostOf(name), device: `to-${pair[1 - end]}`, addresses: [`${ipv4}/24`, `${ipv6}/64`] };
    });
    await lab.cable(ports[0] as (typeof ports)[0], ports[1] as (typeof ports)[0]);
  }
  for (const [name, owned] of Object.entries(blocks)) {
    for (const block of owned)
      await hostOf(name).ip("address", "add", `${first(block)}/${block.includes(":") ? 128 : 32}`, "dev", "lo");
  }
  for (const name of Object.keys(as)) {
    const router = LinnetProcess.ofManifests(hostOf(name), name);
    router.write(manifests(name));
    routers.set(name, router);
  }
  await Promise.all([...routers.values()].map((router) => router.start()));
  for (const name of ["a", "b"]) agents.push(await Agent.start(hostOf(name)));
  await waysThrough("r1", true);
  await waysThrough("r2", true);
});

afterAll(() => lab.close());

/** Waits until both ends have, or have not, ways through a router in both families. */
async function waysThrough(router: string, wanted: boolean): Promise<void> {
  for (const [end, far] of [
    ["a", "b"],
    ["b", "a"],
  ] as const) {
    for (const block of blocks[far] ?? []) {
      await until(`${end} ${wanted ? "has" : "has not"} a way to ${block} through ${router}`, 30, async () => {
        const shown = await routers.get(end)?.birdc("show", "route", block, "all");
        return (shown ?? "").includes(`${as[router]} ${as[far]}`) === wanted && shown;
      });
    }
  }
}

/** Out of service, stopped, and off the wire. */
async function takeAway(name: string): Promise<void> {
  const router = routers.get(name) as LinnetProcess;
  const said = await run([linnetCommand, "drain", "--wait", "--socket", router.socket]);
  expect(said).toContain("Out of service: all routes are withdrawn");
  await waysThrough(name, false);
  await router.daemon.end("SIGTERM");
  for (const end of ["a", "b"]) await router.host.ip("link", "set", `to-${end}`, "down");
  await pause(500);
}

/** On the wire again, with the addresses that IPv6 loses with its link, and in service. */
async function bringBack(name: string): Promise<void> {
  const router = routers.get(name) as LinnetProcess;
  for (const end of ["a", "b"]) await router.host.ip("link", "set", `to-${end}`, "up");
  for (const [link, pair] of links.entries()) {
    const end = pair.indexOf(name as never) as -1 | 0 | 1;
    if (end === -1) continue;
    await router.host.ip("address", "replace", `${addressOf(link, end)[1]}/64`, "dev", `to-${pair[1 - end]}`);
    const far = lab.hosts.find((host) => host.name === pair[1 - end]);
    await far?.ip("address", "replace", `${addressOf(link, (1 - end) as 0 | 1)[1]}/64`, "dev", `to-${name}`);
  }
  await router.start();
  await waysThrough(name, true);
  await pause(500);
}

/** Lost packets by flow while `work` was done. */
async function lostDuring(work: () => Promise<void>): Promise<string[]> {
  const [a, b] = agents as [Agent, Agent];
  const flows = [
    ...(blocks.b ?? []).map((block) => ({ from: a, to: b, address: first(block) })),
    ...(blocks.a ?? []).map((block) => ({ from: b, to: a, address: first(block) })),
  ];
  const traffic = await Traffic.start(flows, 1000);
  await work();
  const results = await traffic.stop();
  expect(Math.min(...results.map(({ sent }) => sent))).toBeGreaterThan(1_000);
  return results.filter(({ lost }) => lost > 0).map(({ flow, lost }) => `${flow.address}: ${lost}`);
}

test.each(["r1", "r2"])(
  "no packet is lost while %s is taken out of service and back",
  { timeout: 90_000 },
  async (name) => {
    expect(await lostDuring(() => takeAway(name))).toEqual([]);
    expect(await lostDuring(() => bringBack(name))).toEqual([]);
  },
);
