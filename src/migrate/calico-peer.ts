import { CALICO_EXPORT, type CalicoContext, ownKinds, passwordOf } from "./calico-configuration.ts";
import { Fields, type ForeignObject } from "./foreign.ts";
import { hostAndPort } from "./routes.ts";
import { fromCalicoSelector, type LabelSelector, ofNode } from "./selectors.ts";

const NEXT_HOPS: Readonly<Record<string, string>> = { Auto: "Auto", Self: "Self", Keep: "Unchanged" };

const NO_COUNTERPART: Readonly<Record<string, string>> = {
  birdGatewayMode: "next hops are always resolved through the table",
  reachableBy: "next hops are resolved through the table; a static route to the neighbour does what this did",
  reversePeering: "with peerSelector both ends get the session by themselves",
  localWorkloadSelector: "there is no peering with pods",
  failureDetectionMode: "there is no BFD; timers.holdTime says how soon a dead neighbour is noticed",
};

/** A BGPPeer; what an external neighbour is told and believed by Calico unasked is said in ours. */
export function migrateBgpPeer({ name, raw }: ForeignObject, context: CalicoContext): void {
  const { outcome } = context;
  outcome.about(`BGPPeer/${name}`);
  const spec = new Fields(raw.spec, "spec", outcome.remark);
  const nodes = nodesOf(spec);
  const peers = spec.has("peerSelector") ? selectorOf(spec, "peerSelector") : undefined;
  const remarks: string[] = [];
  if (nodes === "unsayable" || peers === "unsayable") {
    outcome.remark(
      "not taken over: its selector says what a label selector cannot (||, brackets, contains); write two BGPPeers",
    );
    return;
  }
  const { host, port } = hostAndPort(spec.text("peerIP") ?? "");
  const as = spec.any("asNumber");
  const restart = spec.text("restartMode") === undefined ? undefined : true;
  const filters = spec.texts("filters");
  for (const filter of filters.filter((each) => !context.filters.has(each)))
    outcome.remark(
      `spec.filters: ${filter} is not among the objects given; nothing passes until its BGPPolicies are there`,
    );
  const ours = {
    nodeSelector: nodes,
    peerSelector: peers,
    peerAddress: peers === undefined ? host : undefined,
    port,
    asNumber: peers === undefined ? as : undefined,
    localAsNumber: spec.any("localASNumber"),
    password: passwordOf(spec.fields("password")),
    gracefulRestart: { enabled: restart, restartTime: spec.text("maxRestartTime") },
    ttlSecurity: spec.whole("ttlSecurity"),
    allowOwnAs: spec.whole("numAllowedLocalASNumbers"),
    sourceAddress: sourceOf(spec.text("sourceAddress"), peers !== undefined),
    nextHop: nextHopOf(spec, outcome.remark),
    ...(peers === undefined ? policies(filters, context) : {}),
  };
  if (peers !== undefined && filters.length > 0)
    outcome.remark(
      "spec.filters: sessions between nodes carry what internal sessions carry; give importPolicies by hand",
    );
  if (peers === undefined)
    remarks.push("Calico also tells pod blocks that it learned from other nodes; here each node tells its own.");
  if (ours.ttlSecurity === undefined && peers === undefined)
    remarks.push("A neighbour that is not on link needs ebgpMultihop; Calico does without being told.");
  if (ours.password !== undefined)
    remarks.push("The Secret is looked for in kube-system: copy it, and name it in the role linnet-passwords.");
  spec.without(NO_COUNTERPART);
  spec.end();
  outcome.add("BGPPeer", name, ours, remarks);
}

/** Unless told otherwise Calico's sessions begin at the node's address; ours do so between nodes. */
function sourceOf(theirs: string | undefined, betweenNodes: boolean): string | undefined {
  if (betweenNodes) return theirs === "None" ? "Any" : undefined;
  return theirs === "None" ? undefined : "NodeAddress";
}

function nodesOf(spec: Fields): LabelSelector | "unsayable" | undefined {
  const node = spec.text("node");
  if (node !== undefined && node !== "") return ofNode(node);
  return spec.has("nodeSelector") ? selectorOf(spec, "nodeSelector") : undefined;
}

const selectorOf = (spec: Fields, field: string): LabelSelector | "unsayable" =>
  fromCalicoSelector(spec.text(field) ?? "") ?? "unsayable";

function nextHopOf(spec: Fields, remark: (text: string) => void): string | undefined {
  const mode = spec.text("nextHopMode");
  if (spec.truth("keepOriginalNextHop") === true) return "Unchanged";
  if (mode !== undefined && NEXT_HOPS[mode] === undefined) remark(`spec.nextHopMode: ${mode} is not known here`);
  return mode === undefined ? undefined : NEXT_HOPS[mode];
}

function policies(filters: readonly string[], context: CalicoContext): object {
  context.externalPeers = true;
  const exportPolicies = [
    ...filters.map((filter) => `${filter}-export`),
    ...(context.communities === undefined ? [] : [context.communities]),
  ];
  context.exports ||= exportPolicies.length > 0;
  return {
    importPolicies: [...filters.map((filter) => `${filter}-import`), "calico-import"],
    // With policies of its own, a neighbour is told what they let pass; without any, what advertise names.
    ...(exportPolicies.length === 0
      ? { advertise: ownKinds(context) }
      : { exportPolicies: [...exportPolicies, CALICO_EXPORT] }),
  };
}
