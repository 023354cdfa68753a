import { type Address, formatAddress, formatRouterId } from "#route/address.ts";
import { type Family, families } from "#route/family.ts";
import { formatPrefix, type Prefix } from "#route/prefix.ts";
import type { ConfigObject, ObjectSet } from "../objects.ts";
import type { FieldPath } from "../remark.ts";
import type { BgpConfigurationSpec } from "../schema/bgp-configuration.ts";
import { parseAsNumber } from "../schema/scalars.ts";
import { BlockOwners } from "./block-owners.ts";
import type { Report } from "./report.ts";
import { settingsFor } from "./settings.ts";

/** What one Node object says about the node, annotations, labels and overrides taken into account. */
export interface NodeFacts {
  readonly object: ConfigObject<"Node">;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly as: number;
  readonly port: number;
  readonly routerId: number;
  /** Given by annotation: the node reflects (RFC 4456). */
  readonly clusterId: number | undefined;
  readonly addresses: Readonly<Partial<Record<Family, Address>>>;
  /** Without those that an earlier node has. */
  readonly podCidrs: readonly Prefix[];
}

/** All nodes, earlier ones first (by creation, then by name), with conflicts between them settled and reported. */
export function nodeFacts(objects: ObjectSet, spec: BgpConfigurationSpec, report: Report): NodeFacts[] {
  const nodes = byAge(objects.Node.values()).map((object) => factsOf(object, spec, report));
  return withoutOverlaps(withoutDuplicates(nodes, report), report);
}

/** In the order in which conflicts are settled: the earlier object stays. */
export function byAge<T extends ConfigObject>(objects: Iterable<T>): T[] {
  const age = ({ value }: T): string => value.metadata.creationTimestamp ?? "";
  const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return [...objects].sort((a, b) => compare(age(a), age(b)) || compare(a.name, b.name));
}

function factsOf(object: ConfigObject<"Node">, spec: BgpConfigurationSpec, report: Report): NodeFacts {
  const { name, value } = object;
  const { labels, annotations } = value.metadata;
  const settings = settingsFor(spec, labels);
  const addresses = addressesOf(object, report);
  const podCidrs = value.spec.podCIDRs ?? (value.spec.podCIDR === undefined ? [] : [value.spec.podCIDR]);
  for (const [index, { family }] of podCidrs.entries()) {
    if (addresses[family] !== undefined) continue;
    const path = ["spec", "podCIDRs", index];
    report.warning(object, path, `no node address of ${familyName(family)} is known to reach it through`);
  }
  return {
    object,
    name,
    labels,
    as: annotations["linnet.dev/as-number"] ?? asFromLabel(object, spec, report) ?? settings.asNumber,
    port: settings.listenPort,
    routerId: annotations["linnet.dev/router-id"] ?? addresses.ipv4?.words[0] ?? hashedRouterId(name),
    clusterId: annotations["linnet.dev/reflector-cluster-id"],
    addresses,
    podCidrs,
  };
}

const familyName = (family: Family): string => (family === "ipv4" ? "IPv4" : "IPv6");

function asFromLabel(
  object: ConfigObject<"Node">,
  { asNumberLabel }: BgpConfigurationSpec,
  report: Report,
): number | undefined {
  const text = asNumberLabel === undefined ? undefined : object.value.metadata.labels[asNumberLabel];
  if (asNumberLabel === undefined || text === undefined) return undefined;
  const as = parseAsNumber(text);
  if (as === undefined) {
    const path = ["metadata", "labels", asNumberLabel];
    report.error(
      object,
      path,
      `${JSON.stringify(text)} is not an AS number: write 1 to 4294967295, or asdot like "1.10"`,
    );
  }
  return as;
}

/** The first InternalIP of each family, unless an annotation gives another. */
function addressesOf(object: ConfigObject<"Node">, report: Report): Partial<Record<Family, Address>> {
  const { annotations } = object.value.metadata;
  const found: Partial<Record<Family, Address>> = {};
  for (const [index, { type, address }] of object.value.status.addresses.entries()) {
    if (type !== "InternalIP") continue;
    if (address.address !== undefined) found[address.address.family] ??= address.address;
    else {
      const path = ["status", "addresses", index, "address"];
      report.warning(object, path, `${JSON.stringify(address.written)} is not an IP address, and is not used`);
    }
  }
  for (const family of families) {
    const given = annotations[`linnet.dev/${family}-address`];
    if (given !== undefined) found[family] = given;
  }
  return found;
}

/** For nodes without an IPv4 address: FNV-1a of 32 bits over the name, and 1 in place of 0 (RFC 6286 §2.1). */
export function hashedRouterId(name: string): number {
  let hash = 0x811c_9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x0100_0193) >>> 0;
  return hash === 0 ? 1 : hash;
}

/** Who has it first keeps it; others are told. */
class Claims {
  readonly #owners = new Map<number | string, NodeFacts>();
  readonly #report: Report;

  constructor(report: Report) {
    this.#report = report;
  }

  /** @param what names it, for the remark @returns whether it is the node's now */
  claim(key: number | string, node: NodeFacts, path: FieldPath, what: () => string): boolean {
    const owner = this.#owners.get(key);
    if (owner === undefined) this.#owners.set(key, node);
    else this.#report.error(node.object, path, `Node/${owner.name} has ${what()}`);
    return owner === undefined;
  }
}

/** Addresses and router ids that two nodes have: an address stays with the earlier one, router ids are only reported. */
function withoutDuplicates(nodes: readonly NodeFacts[], report: Report): NodeFacts[] {
  const [addresses, routerIds] = [new Claims(report), new Claims(report)];
  return nodes.map((node) => {
    const { annotations } = node.object.value.metadata;
    const kept = families.flatMap((family) => {
      const address = node.addresses[family];
      if (address === undefined) return [];
      const key = `linnet.dev/${family}-address` as const;
      const path = annotations[key] === undefined ? ["status", "addresses"] : ["metadata", "annotations", key];
      const what = (): string => `the address ${formatAddress(address)} too; no sessions to it are made`;
      const free = addresses.claim(keyOf(address), node, path, what);
      return free ? [[family, address] as const] : [];
    });
    const idPath = ["metadata", "annotations", "linnet.dev/router-id"];
    routerIds.claim(node.routerId, node, idPath, () => {
      return `the router id ${formatRouterId(node.routerId)} too; give this node another one by this annotation`;
    });
    return kept.length === Object.keys(node.addresses).length ? node : { ...node, addresses: Object.fromEntries(kept) };
  });
}

const keyOf = ({ words: [first = 0, ...rest] }: Address): number | string =>
  rest.length === 0 ? first : `${first}.${rest.join(".")}`;

/** Pod CIDRs stay with the earlier of two nodes. */
function withoutOverlaps(nodes: readonly NodeFacts[], report: Report): NodeFacts[] {
  const owners = new BlockOwners<NodeFacts>(nodes.flatMap(({ podCidrs }) => podCidrs));
  return nodes.map((node) => {
    const kept = node.podCidrs.filter((block, index) => {
      const other = owners.overlapping(block);
      if (other === undefined) owners.add(block, node);
      else {
        const text = `${formatPrefix(block)} overlaps ${formatPrefix(other.prefix)} of Node/${other.owner.name}; Node/${other.owner.name} keeps it`;
        report.error(node.object, ["spec", "podCIDRs", index], text);
      }
      return other === undefined;
    });
    return kept.length === node.podCidrs.length ? node : { ...node, podCidrs: kept };
  });
}
