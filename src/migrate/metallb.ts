import { Fields, type ForeignObject } from "./foreign.ts";
import {
  type Advertisement,
  exportPolicy,
  policyNameOf,
  readAdvertisement,
  readPool,
} from "./metallb-advertisement.ts";
import { type Migration, Outcome, objectName } from "./outcome.ts";
import { labelSelectors } from "./selectors.ts";

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
  const pools = ofKind("IPAddressPool").map((pool) => readPool(pool, outcome));
  const known = { communities, pools };
  const advertisements = ofKind("BGPAdvertisement").map((each) => readAdvertisement(each, known, outcome));
  const [own] = peers.map(({ raw }) => new Fields(raw.spec, "", () => {}).any("myASN"));
  outcome.about("");
  if (peers.length === 0)
    outcome.remark("no BGPPeer of MetalLB is among the objects given: nobody would be told anything");
  outcome.add(
    "BGPConfiguration",
    "default",
    {
      asNumber: own,
      nodeMesh: "Disabled",
      podCIDRs: { enabled: false },
      serviceAdvertisements: advertisements.flatMap(({ ours }) => ours),
      kernel: { install: false },
    },
    [
      "MetalLB only advertises addresses of Services. For pods as well: nodeMesh Full, podCIDRs.enabled, kernel.install and cni.enabled.",
    ],
  );
  for (const peer of peers) migratePeer(peer, own, advertisements, outcome);
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

function migratePeer(
  { name, raw }: ForeignObject,
  own: unknown,
  advertisements: readonly Advertisement[],
  outcome: Outcome,
): void {
  outcome.about(`BGPPeer/${name}`);
  const spec = new Fields(raw.spec, "spec", outcome.remark);
  const ours = sessionOf(spec, own, outcome);
  const nodeSelectors = labelSelectors(spec, "nodeSelectors");
  spec.without({
    routerID: "an annotation of the Node, linnet.dev/router-id",
    bfdProfile: "there is no BFD; timers.holdTime says how soon a dead neighbour is noticed",
    vrf: "sessions run in the node's own routing domain",
    dualStackAddressFamily: "both families run over one session by themselves",
  });
  spec.end();
  const restricted = advertisements.some(({ peers }) => peers.length > 0);
  const told = restricted ? { exportPolicies: [policyNameOf(name)] } : { advertise: ["Service"] };
  if (restricted) outcome.add("BGPPolicy", policyNameOf(name), exportPolicy(advertisements, name));
  if (nodeSelectors.length > 1)
    outcome.remark(
      "spec.nodeSelectors: one object for each; of a node that several of them select the first counts, and the others say so",
    );
  const all = nodeSelectors.length === 0 ? [undefined] : nodeSelectors;
  for (const [index, nodeSelector] of all.entries()) {
    const called = index === 0 ? name : objectName(`${name}-${index + 1}`);
    outcome.add("BGPPeer", called, { nodeSelector, ...ours, ...told });
  }
}

function sessionOf(spec: Fields, own: unknown, outcome: Outcome): object {
  const [myAs, peerAs, dynamic] = [spec.any("myASN"), spec.any("peerASN"), spec.text("dynamicASN")];
  const [multihop, multiprotocolOff] = [spec.truth("ebgpMultiHop"), spec.truth("disableMP")];
  const [address, link, source] = [spec.text("peerAddress"), spec.text("interface"), spec.text("sourceAddress")];
  const unnumbered = address === undefined && link !== undefined;
  if (unnumbered) remarkUnnumbered({ source, multihop, multiprotocolOff }, outcome);
  return {
    peerAddress: address,
    interface: link,
    port: spec.whole("peerPort"),
    asNumber: dynamic ?? (peerAs === 0 ? undefined : peerAs),
    localAsNumber: myAs === own ? undefined : myAs,
    sourceAddress: unnumbered ? undefined : source,
    password: password(spec, outcome),
    timers: {
      holdTime: seconds(spec.text("holdTime")),
      keepaliveTime: seconds(spec.text("keepaliveTime")),
      connectRetryTime: spec.text("connectTime"),
    },
    gracefulRestart: { enabled: spec.truth("enableGracefulRestart") ?? false },
    ebgpMultihop: multihop === true && !unnumbered ? 255 : undefined,
    families: multiprotocolOff === true && !unnumbered ? [address?.includes(":") ? "IPv6" : "IPv4"] : undefined,
  };
}

/** What makes no sense on a link that is found by its name and has no addresses. */
function remarkUnnumbered(
  given: Readonly<Record<"source" | "multihop" | "multiprotocolOff", string | boolean | undefined>>,
  { remark }: Outcome,
): void {
  remark("spec.interface: the daemon's container needs the capability NET_RAW, as in deploy/overlays/unnumbered");
  if (given.source !== undefined) remark("spec.sourceAddress: left out, the session begins at the link-local address");
  if (given.multihop === true) remark("spec.ebgpMultiHop: left out, the neighbour is on the link");
  if (given.multiprotocolOff === true)
    remark("spec.disableMP: left out, IPv4 needs it on a link without IPv4 addresses");
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
