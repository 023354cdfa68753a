import { Fields, type ForeignObject, isMapping } from "./foreign.ts";
import { listOf, readFlags } from "./kube-router-flags.ts";
import { type Migration, Outcome, objectName } from "./outcome.ts";
import { type LabelSelector, ofNode } from "./selectors.ts";

const PREFIX = "kube-router.io/";

/** A neighbour, as the lists of flags and annotations say it: one value of each at the same place. */
interface Lists {
  readonly addresses: readonly string[];
  readonly asNumbers: readonly string[];
  readonly ports: readonly string[];
  readonly passwords: readonly string[];
  readonly localAddresses: readonly string[];
  readonly multihop: number | string | undefined;
}

/** kube-router's DaemonSet flags, and its annotations of Nodes and Services, as our objects. */
export function migrateKubeRouter(objects: readonly ForeignObject[]): Migration {
  const outcome = new Outcome();
  const flags = readFlags(objects, outcome);
  const services = flags.serviceKinds();
  const nodes = objects.filter(({ kind, apiVersion }) => kind === "Node" && apiVersion === "v1");
  outcome.about("");
  const reflectors = nodes.some(({ raw }) => `${PREFIX}rr.server` in annotationsOf(raw));
  const reflecting = [{ nodeSelector: { matchLabels: { "linnet.dev/reflector": "" } } }];
  const configuration = {
    ...flags.configuration(),
    ...(reflectors && { nodeMesh: "Disabled", reflectors: reflecting }),
    serviceAdvertisements: flags.serviceAdvertisements(),
  };
  outcome.add("BGPConfiguration", "default", configuration, [
    "Network policies and Services are no business of ours: kube-router can go on with --run-router=false.",
  ]);
  const own = { advertise: ["PodCIDR", ...(services.length === 0 ? [] : ["Service"])], nextHop: flags.nextHop() };
  let external = addPeers("router", flags.peers(), undefined, own, outcome);
  for (const node of nodes) external = migrateNode(node, own, outcome) || external;
  if (external)
    outcome.add("BGPPolicy", "kube-router-import", { statements: [{ action: "Accept" }] }, [
      "kube-router takes every route that a neighbour tells. Name the blocks that you expect.",
    ]);
  for (const service of objects.filter(({ kind }) => kind === "Service")) remarkOnService(service, outcome);
  return outcome.end();
}

const annotationsOf = (raw: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  const { annotations } = isMapping(raw.metadata) ? raw.metadata : {};
  return isMapping(annotations) ? annotations : {};
};

/** @returns whether there are neighbours outside */
function addPeers(
  prefix: string,
  lists: Lists,
  nodes: LabelSelector | undefined,
  own: object,
  outcome: Outcome,
): boolean {
  lists.addresses.forEach((address, index) => {
    const port = lists.ports[index];
    if (lists.passwords[index])
      outcome.remark(`the password of ${address} stands in clear: put it into a Secret and name that as spec.password`);
    outcome.add("BGPPeer", objectName(`${prefix}-${address}`), {
      nodeSelector: nodes,
      peerAddress: address,
      port: port === undefined ? undefined : Number(port),
      asNumber: lists.asNumbers[index],
      sourceAddress: lists.localAddresses[index] ?? "NodeAddress",
      ebgpMultihop: Number(lists.multihop) < 2 ? undefined : lists.multihop,
      ...own,
      importPolicies: ["kube-router-import"],
    });
  });
  return lists.addresses.length > 0;
}

function migrateNode({ name, raw }: ForeignObject, own: object, outcome: Outcome): boolean {
  outcome.about(`Node/${name}`);
  const all = Object.entries(annotationsOf(raw)).filter(([key]) => key.startsWith(PREFIX));
  const fields = new Fields(
    Object.fromEntries(all.map(([key, value]) => [key.slice(PREFIX.length), value])),
    "",
    outcome.remark,
  );
  const clusterId = fields.text("rr.server");
  if (clusterId !== undefined) outcome.remark(`label it: kubectl label node ${name} linnet.dev/reflector=`);
  outcome.annotate(name, {
    "linnet.dev/as-number": fields.text("node.asn"),
    "linnet.dev/reflector-cluster-id": clusterId === undefined ? undefined : dotted(clusterId),
  });
  const lists = {
    addresses: listOf(fields.text("peer.ips")),
    asNumbers: listOf(fields.text("peer.asns")),
    ports: listOf(fields.text("peer.ports")),
    passwords: listOf(fields.text("peer.passwords")),
    localAddresses: listOf(fields.text("peer.localips")),
    multihop: undefined,
  };
  fields.without({
    "rr.client": "every node that does not reflect is a client",
    "bgp-local-addresses": "listenAddresses holds for all nodes",
    "path-prepend.as": "a BGPPolicy with set.prepend says it",
    "path-prepend.repeat-n": "a BGPPolicy with set.prepend says it",
    "node.bgp.customimportreject": "a BGPPolicy with Reject says it",
    "pod-cidr": "the Node's spec.podCIDRs counts",
    "pod-cidrs": "the Node's spec.podCIDRs counts",
    peers: "neighbours are BGPPeers: write one for each",
  });
  fields.end();
  return addPeers(name, lists, ofNode(name), own, outcome);
}

/** A cluster id is a number or an address. */
const dotted = (id: string): string =>
  /^\d+$/.test(id) ? [24, 16, 8, 0].map((shift) => (Number(id) >>> shift) & 255).join(".") : id;

function remarkOnService({ name, namespace, raw }: ForeignObject, outcome: Outcome): void {
  outcome.about(`Service/${namespace}/${name}`);
  for (const [key, value] of Object.entries(annotationsOf(raw))) {
    if (!key.startsWith(`${PREFIX}service.`)) continue;
    const off = key.includes("advertise") && value === "false";
    outcome.remark(
      off ? `${key}: the annotation linnet.dev/advertise: "false" keeps a Service out` : `${key}: no counterpart`,
    );
  }
}
