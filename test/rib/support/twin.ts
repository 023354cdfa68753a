import type { OriginatedPrefix, PolicyConfig } from "#config/node-config.ts";
import { judge, type PolicyScope } from "#rib/policy.ts";
import type { Resolution } from "#rib/ports.ts";
import { formatAddress } from "#route/address.ts";
import { pathLength } from "#route/as-path.ts";
import type { Attributes } from "#route/attributes.ts";
import type { Family } from "#route/family.ts";
import { type Hop, HopSetTable } from "#route/hop-set.ts";
import { formatPrefix, parsePrefix } from "#route/prefix.ts";
import { address, plain } from "./bench.ts";
import { factsOf, textOfSet } from "./codec.ts";
import { formatHopSet } from "./wires.ts";

/*
 * The slow, obvious RIB: Maps of objects, everything computed again from the paths each time somebody asks. It knows
 * nothing of queues, groups, ranks or slices.
 */

export const LOCAL_AS = 64512;
const NO_EXPORT = 0xffffff01;
const NO_ADVERTISE = 0xffffff02;
const GRACEFUL_SHUTDOWN = 0xffff0000;

export type Kind = "external" | "internal" | "client";

interface TwinPath {
  readonly attributes: Attributes;
  /** How many generations ago it was told. */
  age: number;
}

export interface TwinNeighbour {
  readonly name: string;
  readonly kind: Kind;
  isUp: boolean;
  importPolicies: readonly PolicyConfig[];
  exportPolicies: readonly PolicyConfig[];
  advertise: readonly OriginatedPrefix["from"][];
  refuseDefault: boolean;
  readonly paths: Map<string, TwinPath>;
}

interface Candidate {
  readonly neighbour: TwinNeighbour | undefined;
  readonly own: OriginatedPrefix | undefined;
  readonly attributes: Attributes;
  readonly metric: number;
  readonly hops: readonly Hop[];
}

const familyOf = (prefix: string): Family => (prefix.includes(":") ? "ipv6" : "ipv4");

export class Twin {
  readonly neighbours = new Map<string, TwinNeighbour>();
  own: readonly OriginatedPrefix[] = [];
  /** Next hops that were set; all others are on link 1. */
  readonly nextHops: Map<string, Resolution | undefined>;
  readonly maxPaths: number;
  readonly held = new Set<Family>();

  constructor(nextHops: Map<string, Resolution | undefined>, maxPaths: number) {
    this.nextHops = nextHops;
    this.maxPaths = maxPaths;
  }

  add(name: string, kind: Kind): TwinNeighbour {
    const neighbour: TwinNeighbour = {
      name,
      kind,
      isUp: true,
      importPolicies: [],
      exportPolicies: [],
      advertise: [],
      refuseDefault: false,
      paths: new Map(),
    };
    this.neighbours.set(name, neighbour);
    return neighbour;
  }

  announce(name: string, prefix: string, attributes: Attributes): void {
    this.neighbours.get(name)!.paths.set(prefix, { attributes, age: 0 });
  }

  withdraw(name: string, prefix: string): void {
    this.neighbours.get(name)!.paths.delete(prefix);
  }

  down(name: string, retained: readonly Family[]): void {
    const neighbour = this.neighbours.get(name)!;
    neighbour.isUp = false;
    for (const [prefix, path] of neighbour.paths) {
      path.age++;
      if (!retained.includes(familyOf(prefix))) neighbour.paths.delete(prefix);
    }
  }

  up(name: string, kept: readonly Family[]): void {
    const neighbour = this.neighbours.get(name)!;
    neighbour.isUp = true;
    for (const prefix of neighbour.paths.keys()) if (!kept.includes(familyOf(prefix))) neighbour.paths.delete(prefix);
  }

  markStale(name: string, family: Family): void {
    for (const [prefix, path] of this.neighbours.get(name)!.paths) if (familyOf(prefix) === family) path.age++;
  }

  sweep(name: string, family: Family): void {
    const { paths } = this.neighbours.get(name)!;
    for (const [prefix, { age }] of paths) if (familyOf(prefix) === family && age > 0) paths.delete(prefix);
  }

  prefixes(): string[] {
    const all = new Set(this.own.map(({ prefix }) => formatPrefix(prefix)));
    for (const { paths } of this.neighbours.values()) for (const prefix of paths.keys()) all.add(prefix);
    return [...all].sort();
  }

  /** Paths of `prefix` that take part in the decision. */
  candidates(prefix: string): Candidate[] {
    const list: Candidate[] = [];
    const own = this.own.find((one) => formatPrefix(one.prefix) === prefix);
    if (own !== undefined) {
      const { communities, largeCommunities, localPref } = own;
      const attributes = { ...plain, communities, largeCommunities, localPref };
      list.push({ neighbour: undefined, own, attributes, metric: 0, hops: [] });
    }
    for (const neighbour of this.neighbours.values()) {
      const path = neighbour.paths.get(prefix);
      const attributes = path && this.imported(neighbour, prefix, path.attributes);
      if (attributes === undefined) continue;
      const resolution = this.resolve(attributes);
      if (resolution === undefined) continue;
      list.push({ neighbour, own: undefined, attributes, metric: resolution.metric, hops: resolution.hops });
    }
    return list;
  }

  resolve(attributes: Attributes): Resolution | undefined {
    const gateway = attributes.nextHop!;
    const text = formatAddress(gateway);
    if (this.nextHops.has(text)) return this.nextHops.get(text);
    return { metric: 0, hops: [{ gateway, link: 1, weight: 1, onlink: false }] };
  }

  /** Attributes after import policy; undefined where the path is out. */
  imported(neighbour: TwinNeighbour, prefix: string, received: Attributes): Attributes | undefined {
    if (received.asPath.some(({ members }) => members.includes(LOCAL_AS))) return undefined;
    const parsed = parsePrefix(prefix)!;
    if (neighbour.refuseDefault && parsed.length === 0) return undefined;
    const from = neighbour.kind === "external" ? "external" : "internal";
    const verdict = judge(this.scope("import", neighbour), received, from, parsed);
    return verdict.accepted ? verdict.attributes : undefined;
  }

  scope(direction: "import" | "export", neighbour: TwinNeighbour): PolicyScope {
    return {
      direction,
      external: neighbour.kind === "external",
      policies: direction === "import" ? neighbour.importPolicies : neighbour.exportPolicies,
      advertise: direction === "import" ? [] : neighbour.advertise,
      localAs: LOCAL_AS,
      drain: "off",
    };
  }

  /** RFC 4271 §9.1.2.2 step by step. @returns the survivors after (e), and the best one first */
  select(prefix: string): Candidate[] {
    let left = this.candidates(prefix);
    const own = left.filter((one) => one.own !== undefined);
    if (own.length > 0) return own;
    const keepLowest = (measure: (one: Candidate) => number): void => {
      const lowest = Math.min(...left.map(measure));
      left = left.filter((one) => measure(one) === lowest);
    };
    keepLowest(({ attributes }) => -preference(attributes));
    keepLowest(({ attributes }) => pathLength(attributes.asPath));
    keepLowest(({ attributes }) => attributes.origin);
    left = left.filter(
      (one) => !left.some((other) => neighbourAs(other) === neighbourAs(one) && med(other) < med(one)),
    );
    keepLowest(({ neighbour }) => (neighbour!.kind === "external" ? 0 : 1));
    keepLowest(({ metric }) => metric);
    return left.sort(
      (a, b) => identifier(a) - identifier(b) || clusters(a) - clusters(b) || addressOf(a) - addressOf(b),
    );
  }

  /** What the kernel should hold. */
  forwarding(): Map<string, string> {
    const routes = new Map<string, string>();
    const table = new HopSetTable();
    for (const prefix of this.prefixes()) {
      const equal = this.select(prefix).slice(0, this.maxPaths);
      const [best] = equal;
      if (best === undefined || best.own !== undefined) continue;
      const bandwidths = equal.map(({ attributes }) => factsOf(attributes).linkBandwidth);
      const weighted = equal.length > 1 && bandwidths.every((bandwidth) => bandwidth > 0);
      const most = Math.max(...bandwidths);
      const hops = equal.flatMap((one, index) => {
        const weight = Math.max(1, Math.round((bandwidths[index]! * 256) / most));
        return one.hops.map((hop) => (weighted ? { ...hop, weight } : hop));
      });
      hops.sort((a, b) => a.weight - b.weight); // of equal hops the last one counts: the heaviest
      routes.set(prefix, formatHopSet(table.get(table.intern({ kind: "unicast", hops }))));
    }
    return routes;
  }

  /** What `name` should have been told, all in all: prefix to attributes as text. */
  told(name: string): Map<string, string> {
    const to = this.neighbours.get(name)!;
    const routes = new Map<string, string>();
    for (const prefix of this.prefixes()) {
      const [best] = this.select(prefix);
      const attributes = best && this.exported(best, to, prefix);
      if (attributes !== undefined) routes.set(prefix, textOfSet(attributes));
    }
    return routes;
  }

  exported(best: Candidate, to: TwinNeighbour, prefix: string): Attributes | undefined {
    const { neighbour, own, attributes } = best;
    if (neighbour === to) return undefined;
    if (own === undefined && this.held.has(familyOf(prefix))) return undefined;
    if (neighbour?.kind === "internal" && to.kind === "internal") return undefined;
    if (attributes.communities.includes(NO_ADVERTISE)) return undefined;
    if (to.kind === "external" && attributes.communities.includes(NO_EXPORT)) return undefined;
    const from = own?.from ?? (neighbour!.kind === "external" ? "external" : "internal");
    const verdict = judge(this.scope("export", to), attributes, from, parsePrefix(prefix)!);
    if (!verdict.accepted || verdict.attributes.med === 666) return undefined;
    return verdict.attributes;
  }

  /** Neighbour of the best path, `local`, or undefined. */
  bestOf(prefix: string): string | undefined {
    const [best] = this.select(prefix);
    return best && (best.neighbour?.name ?? "local");
  }
}

const preference = ({ communities, localPref }: Attributes): number =>
  communities.includes(GRACEFUL_SHUTDOWN) ? 0 : (localPref ?? 100);
const med = ({ attributes }: Candidate): number => attributes.med ?? 0;
const clusters = ({ attributes }: Candidate): number => attributes.clusterList.length;
const addressOf = ({ neighbour }: Candidate): number => address(neighbour!.name).words[0]!;
const identifier = ({ attributes, neighbour }: Candidate): number =>
  attributes.originatorId ?? address(neighbour!.name).words.at(-1)!;

function neighbourAs({ attributes }: Candidate): number {
  const [first] = attributes.asPath;
  return first?.kind === "sequence" ? first.members[0]! : 0;
}
