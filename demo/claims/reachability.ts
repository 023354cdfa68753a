import type { Agent } from "../../test/support/lab/agent.ts";
import type { Host } from "../../test/support/lab/host.ts";
import type { DataCentre, Node, Pod } from "../data-centre.ts";
import { type Claim, claimOf, type Finding, inParallel } from "./claim.ts";

export const reachabilityClaims = {
  podPing: "every pod answers a ping of every other pod, in both families",
  podTcp: "every pod takes TCP connections of every other pod, in both families",
  podSource: "pods see each other's own addresses: no NAT",
  nodePing: "every pod answers a ping of every node, in both families",
  nodeTcp: "every pod takes TCP connections of every node, in both families",
  nodeSource: "pods see the nodes' own addresses: no NAT",
} as const;

interface Caller {
  readonly name: string;
  readonly host: Host;
  readonly agent: Agent;
  readonly addresses: readonly string[];
}

interface Call {
  readonly from: Caller;
  readonly to: Pod;
  readonly address: string;
}

/** Ping and TCP from every pod and every node to every pod. */
export async function reachability({ nodes }: DataCentre): Promise<Claim[]> {
  const pods = nodes.flatMap((node) => node.pods);
  const ofPods = callsBetween(pods, pods);
  const ofNodes = callsBetween(await Promise.all(nodes.map(nodeAsCaller)), pods);
  const pings = async (calls: readonly Call[]): Promise<Finding[]> => inParallel(calls, 12, ping);
  const podTcp = await inParallel(ofPods, 16, connect);
  const nodeTcp = await inParallel(ofNodes, 16, connect);
  return [
    claimOf(reachabilityClaims.podPing, await pings(ofPods), ofPods.length, "pings answered"),
    claimOf(
      reachabilityClaims.podTcp,
      podTcp.map(({ reached }) => reached),
      ofPods.length,
      "connections",
    ),
    sourceClaim(reachabilityClaims.podSource, podTcp),
    claimOf(reachabilityClaims.nodePing, await pings(ofNodes), ofNodes.length, "pings answered"),
    claimOf(
      reachabilityClaims.nodeTcp,
      nodeTcp.map(({ reached }) => reached),
      ofNodes.length,
      "connections",
    ),
    sourceClaim(reachabilityClaims.nodeSource, nodeTcp),
  ];
}

/** Says nothing of connections that did not come about: those are another claim's. */
function sourceClaim(name: string, calls: readonly { readonly source: Finding | undefined }[]): Claim {
  const seen = calls.flatMap(({ source }) => source ?? []);
  const claim = claimOf(name, seen, seen.length, "connections came from the caller's own address");
  return { ...claim, holds: claim.holds && seen.length > 0 };
}

async function nodeAsCaller({ plan, host, agent }: Node): Promise<Caller> {
  const links = JSON.parse(await host.ip("-j", "address", "show")) as { addr_info: { local: string }[] }[];
  const addresses = links.flatMap((link) => link.addr_info.map(({ local }) => local));
  return { name: plan.name, host, agent, addresses };
}

function callsBetween(callers: readonly Caller[], pods: readonly Pod[]): Call[] {
  return callers.flatMap((from) =>
    pods
      .filter((to) => to.host !== from.host)
      .flatMap((to) => to.addresses.map((address): Call => ({ from, to, address }))),
  );
}

function describe({ from, to, address }: Call): string {
  return `${from.name} to ${to.name} (${address})`;
}

async function ping(call: Call): Promise<Finding> {
  const { code, stdout } = await call.from.host.tryRun(["ping", "-n", "-c", "1", "-W", "2", call.address]);
  const why = /^From .*$/m.exec(stdout)?.[0] ?? "no answer";
  return { what: describe(call), wrong: code === 0 ? undefined : why };
}

async function connect(call: Call): Promise<{ reached: Finding; source: Finding | undefined }> {
  const what = describe(call);
  const { seenFrom, error } = await call.from.agent.connect(call.address);
  if (seenFrom === undefined) return { reached: { what, wrong: error ?? "no answer" }, source: undefined };
  const own = call.from.addresses.includes(seenFrom);
  return { reached: { what, wrong: undefined }, source: { what, wrong: own ? undefined : `seen as ${seenFrom}` } };
}
