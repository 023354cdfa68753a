import {
  CALICO_EXPORT,
  type CalicoContext,
  migrateBgpConfiguration,
  ownKinds,
  type Pool,
  type ServiceKind,
} from "./calico-configuration.ts";
import { migrateBgpFilter } from "./calico-filter.ts";
import { migrateBgpPeer } from "./calico-peer.ts";
import { Fields, type ForeignObject } from "./foreign.ts";
import { type Migration, Outcome } from "./outcome.ts";

const GROUPS = ["crd.projectcalico.org", "projectcalico.org"];

/**
 * Calico's BGPConfiguration, BGPPeer, BGPFilter, IPPool and Nodes (its own, and the annotations of Kubernetes') as ours.
 * What Calico does without being told is said in ours, because ours does other things without being told.
 */
export function migrateCalico(objects: readonly ForeignObject[]): Migration {
  const outcome = new Outcome();
  const theirs = onlyOnce(objects.filter(({ apiVersion }) => GROUPS.includes(apiVersion.split("/")[0] ?? "")));
  if (!theirs.some(({ kind }) => kind === "BGPConfiguration" || kind === "BGPPeer"))
    outcome.remark("no BGPConfiguration or BGPPeer of Calico is among the objects given: its defaults are assumed");
  const ofKind = (kind: string): ForeignObject[] => theirs.filter((each) => each.kind === kind);
  const filters = new Set(ofKind("BGPFilter").map(({ name }) => name));
  const services = new Set<ServiceKind>();
  const context: CalicoContext = { outcome, services, filters, externalPeers: false, exports: false };
  const pools = ofKind("IPPool").map((pool) => readPool(pool, outcome));
  for (const filter of ofKind("BGPFilter")) migrateBgpFilter(filter, outcome);
  migrateBgpConfiguration(ofKind("BGPConfiguration"), pools, context);
  for (const peer of ofKind("BGPPeer")) migrateBgpPeer(peer, context);
  if (context.externalPeers) addAcceptAll(outcome);
  if (context.exports) {
    const own = { match: { origins: ownKinds(context) }, action: "Accept" };
    outcome.add("BGPPolicy", CALICO_EXPORT, { statements: [own] });
  }
  for (const node of objects.filter(({ kind, apiVersion }) => kind === "Node" && apiVersion === "v1"))
    annotateFromKubernetes(node, outcome);
  for (const node of ofKind("Node")) annotateFromCalico(node, outcome);
  const known = ["IPPool", "BGPFilter", "BGPConfiguration", "BGPPeer", "Node"];
  outcome.about("");
  for (const { kind, name } of theirs.filter((each) => !known.includes(each.kind)))
    outcome.remark(`${kind}/${name}: nothing is made of it; only routing is taken over`);
  return outcome.end();
}

/** Of two with one kind and name the first: Calico's API server shows what its definitions hold. */
function onlyOnce(objects: readonly ForeignObject[]): ForeignObject[] {
  return [...Map.groupBy(objects, ({ kind, name }) => `${kind}/${name}`).values()].flatMap(([first]) => first ?? []);
}

/** What routers outside tell is taken whole by Calico: so it is here, until somebody narrows it. */
function addAcceptAll(outcome: Outcome): void {
  outcome.add("BGPPolicy", "calico-import", { statements: [{ action: "Accept" }] }, [
    "Calico takes every route that an external neighbour tells, a default route too. Name the blocks that you expect.",
  ]);
}

function readPool(pool: ForeignObject, outcome: Outcome): Pool {
  outcome.about(`IPPool/${pool.name}`);
  const spec = new Fields(pool.raw.spec, "spec", outcome.remark);
  const cidr = spec.text("cidr") ?? "";
  const tunnels = ["ipipMode", "vxlanMode"].filter((name) => !["Never", undefined].includes(spec.text(name)));
  for (const name of tunnels)
    outcome.remark(`spec.${name}: there are no tunnels; the network between nodes must carry packets of pods`);
  outcome.remark(
    "pods get addresses of their node's spec.podCIDRs: kube-controller-manager must give each node one (--allocate-node-cidrs, --cluster-cidr)",
  );
  const natOutgoing = spec.truth("natOutgoing") === true;
  spec.without({
    blockSize: "a node's block has the size that kube-controller-manager gives it (--node-cidr-mask-size)",
    nodeSelector: "the API decides which node has which block",
    namespaceSelector: "all pods of a node share its blocks",
    allowedUses: "there is one use: pods",
    assignmentMode: "there is one mode",
    disableBGPExport: "a BGPPolicy that rejects the block says the same",
    disabled: "a pool that is not given out is no block of a node",
  });
  spec.end();
  return { cidr, natOutgoing };
}

const PREFIX = "projectcalico.org/";

function annotateFromKubernetes({ name, raw }: ForeignObject, outcome: Outcome): void {
  outcome.about(`Node/${name}`);
  const annotations = new Fields(
    new Fields(raw.metadata, "metadata", outcome.remark).any("annotations"),
    "",
    outcome.remark,
  );
  outcome.annotate(name, {
    "linnet.dev/ipv4-address": annotations.text(`${PREFIX}IPv4Address`),
    "linnet.dev/ipv6-address": annotations.text(`${PREFIX}IPv6Address`),
    "linnet.dev/as-number": annotations.text(`${PREFIX}ASNumber`),
    "linnet.dev/reflector-cluster-id": annotations.text(`${PREFIX}RouteReflectorClusterID`),
  });
  for (const tunnel of ["IPv4IPIPTunnelAddr", "IPv4VXLANTunnelAddr", "IPv6VXLANTunnelAddr"])
    annotations.without({ [`${PREFIX}${tunnel}`]: "there are no tunnels" });
}

function annotateFromCalico({ name, raw }: ForeignObject, outcome: Outcome): void {
  outcome.about(`Node/${name}`);
  const spec = new Fields(raw.spec, "spec", outcome.remark);
  const bgp = spec.fields("bgp");
  const as = bgp.any("asNumber");
  outcome.annotate(name, {
    "linnet.dev/ipv4-address": bgp.text("ipv4Address"),
    "linnet.dev/ipv6-address": bgp.text("ipv6Address"),
    "linnet.dev/as-number": as === undefined ? undefined : String(as),
    "linnet.dev/reflector-cluster-id": bgp.text("routeReflectorClusterID"),
  });
  bgp.without({ ipv4IPIPTunnelAddr: "there are no tunnels", interfaceAddresses: "the Node's status has addresses" });
  bgp.end();
}
