import { Fields, type ForeignObject } from "./foreign.ts";
import { type Migration, Outcome } from "./outcome.ts";
import { isLargeCommunity } from "./routes.ts";
import type { LabelSelector } from "./selectors.ts";

const GROUP = "metallb.io";
const KINDS = ["BGPPeer", "BGPAdvertisement", "Community", "IPAddressPool", "BFDProfile"];

/**
 * MetalLB's BGP mode as ours: load balancer addresses are advertised, and nothing else is routed. MetalLB's controller can
 * stay for handing the addresses out.
 */
export function migrateMetallb(objects: readonly ForeignObject[]): Migration {
  const outcome = new Outcome();
  const theirs = objects.filter(({ apiVersion }) => apiVersion.startsWith(`${GROUP}/`));
  const ofKind = (kind: string): ForeignObject[] => theirs.filter((each) => each.kind === kind);
  const communities = communityNames(ofKind("Community"), outcome);
  const peers = ofKind("BGPPeer");
  const advertisements = ofKind("BGPAdvertisement").map((each) => readAdvertisement(each, communities, outcome));
  const [own] = peers.map(({ raw }) => new Fields(raw.spec, "", () => {}).any("myASN"));
  outcome.about("");
  outcome.add(
    "BGPConfiguration",
    "default",
    {
      asNumber: own,
      nodeMesh: "Disabled",
      podCIDRs: { enabled: false },
      serviceAdvertisements: advertisements,
      kernel: { install: false },
    },
    [
      "MetalLB only advertises addresses of Services. For pods as well: nodeMesh Full, podCIDRs.enabled, kernel.install and cni.enabled.",
    ],
  );
  for (const peer of peers) migratePeer(peer, own, outcome);
  for (const { name } of ofKind("IPAddressPool")) {
    outcome.about(`IPAddressPool/${name}`);
    outcome.remark(
      "addresses are handed out by whoever sets status.loadBalancer of Services: MetalLB's controller can go on doing it, without its speaker",
    );
  }
  for (const { name } of ofKind("BFDProfile")) {
    outcome.about(`BFDProfile/${name}`);
    outcome.remark("there is no BFD; timers.holdTime says how soon a dead neighbour is noticed");
  }
  outcome.about("");
  for (const { kind, name } of theirs.filter((each) => !KINDS.includes(each.kind)))
    outcome.remark(`${kind}/${name}: nothing is made of it; only BGP is taken over`);
  return outcome.end();
}

function communityNames(objects: readonly ForeignObject[], outcome: Outcome): ReadonlyMap<string, string> {
  const names = objects.flatMap(({ name, raw }) => {
    outcome.about(`Community/${name}`);
    const spec = new Fields(raw.spec, "spec", outcome.remark);
    const list = spec.list("communities").map((each) => [each.text("name") ?? "", each.text("value") ?? ""] as const);
    spec.end();
    return list;
  });
  return new Map(names);
}

function readAdvertisement({ name, raw }: ForeignObject, names: ReadonlyMap<string, string>, outcome: Outcome): object {
  outcome.about(`BGPAdvertisement/${name}`);
  const spec = new Fields(raw.spec, "spec", outcome.remark);
  const values = spec.texts("communities").map((each) => (names.get(each) ?? each).replace(/^large:/, ""));
  const nodes = selectors(spec, outcome);
  const ours = {
    addresses: ["LoadBalancerIP"],
    nodeSelector: nodes[0],
    aggregationLength: { ipv4: spec.whole("aggregationLength"), ipv6: spec.whole("aggregationLengthV6") },
    communities: values.filter((value) => !isLargeCommunity(value)),
    largeCommunities: values.filter(isLargeCommunity),
    localPref: spec.whole("localPref"),
  };
  spec.without({
    ipAddressPools: "addresses of every pool are advertised: serviceSelector or loadBalancerClass tell Services apart",
    ipAddressPoolSelectors:
      "addresses of every pool are advertised: serviceSelector or loadBalancerClass tell Services apart",
    peers: "every neighbour is told: an exportPolicy that rejects by community keeps others out",
  });
  spec.end();
  return ours;
}

/** Any of several selectors will do for MetalLB; ours have one. */
function selectors(spec: Fields, outcome: Outcome): LabelSelector[] {
  const list = spec.list("nodeSelectors").map((each) => {
    const labels = each.any("matchLabels") as Record<string, string> | undefined;
    const expressions = each.any("matchExpressions") as LabelSelector["matchExpressions"];
    each.end();
    return { ...(labels && { matchLabels: labels }), ...(expressions && { matchExpressions: expressions }) };
  });
  if (list.length > 1)
    outcome.remark(
      `${spec.path("nodeSelectors")}: only the first is taken over; a copy of the object for each of the others says the same`,
    );
  return list;
}

function migratePeer({ name, raw }: ForeignObject, own: unknown, outcome: Outcome): void {
  outcome.about(`BGPPeer/${name}`);
  const spec = new Fields(raw.spec, "spec", outcome.remark);
  const [myAs, peerAs, dynamic] = [spec.any("myASN"), spec.any("peerASN"), spec.text("dynamicASN")];
  const [multihop, multiprotocolOff] = [spec.truth("ebgpMultiHop"), spec.truth("disableMP")];
  const address = spec.text("peerAddress");
  const link = spec.text("interface");
  const ours = {
    nodeSelector: selectors(spec, outcome)[0],
    peerAddress: address,
    interface: link,
    port: spec.whole("peerPort"),
    asNumber: dynamic ?? (peerAs === 0 ? undefined : peerAs),
    localAsNumber: myAs === own ? undefined : myAs,
    sourceAddress: spec.text("sourceAddress"),
    password: password(spec, outcome),
    timers: {
      holdTime: seconds(spec.text("holdTime")),
      keepaliveTime: seconds(spec.text("keepaliveTime")),
      connectRetryTime: spec.text("connectTime"),
    },
    gracefulRestart: { enabled: spec.truth("enableGracefulRestart") ?? false },
    ebgpMultihop: multihop === true ? 255 : undefined,
    families: multiprotocolOff === true ? [address?.includes(":") ? "IPv6" : "IPv4"] : undefined,
    advertise: ["Service"],
  };
  spec.without({
    routerID: "an annotation of the Node, linnet.dev/router-id",
    bfdProfile: "there is no BFD; timers.holdTime says how soon a dead neighbour is noticed",
    vrf: "sessions run in the node's own routing domain",
    dualStackAddressFamily: "both families run over one session by themselves",
  });
  spec.end();
  if (address === undefined && link !== undefined) {
    outcome.remark(
      "not taken over: a session by interface alone needs the neighbour's link-local address as peerAddress",
    );
    return;
  }
  outcome.add("BGPPeer", name, ours);
}

/** Secrets of MetalLB are of type basic-auth. */
function password(spec: Fields, outcome: Outcome): object | undefined {
  if (spec.has("password")) outcome.remark("spec.password: passwords stand in Secrets here; make one and name it");
  spec.any("password");
  const secret = spec.fields("passwordSecret");
  const [name, namespace] = [secret.text("name"), secret.text("namespace")];
  secret.end();
  if (name === undefined || name === "") return undefined;
  outcome.remark("spec.passwordSecret: the role linnet-passwords must name the Secret, in its namespace");
  return { secretKeyRef: { namespace: namespace ?? "metallb-system", name, key: "password" } };
}

/** Go prints `1m30s` and `90s`; so do we. Fractions of a second have no meaning in BGP. */
const seconds = (duration: string | undefined): string | undefined => duration?.replace(/\.\d+s$/, "s");
