import { mapSteps, type Steps, sortSteps } from "#lib/steps.ts";
import { type ConfigObject, emptySet, type ObjectSet } from "../objects.ts";
import type { Remark } from "../remark.ts";
import type { BgpConfigurationSpec } from "../schema/bgp-configuration.ts";
import { olderFirst } from "./age.ts";
import { claimsOf, settle } from "./conflicts.ts";
import type { Memory } from "./memory.ts";
import { factsOf, type NodeFacts } from "./node-facts.ts";
import { changedPlaces } from "./places.ts";
import { Report } from "./report.ts";
import { equal } from "./share.ts";

type NodeObject = ConfigObject<"Node">;

interface Settled {
  readonly nodes: readonly NodeFacts[];
  /** The same nodes at the same places as of when one of them last came, went or claimed something else. */
  readonly claims: readonly NodeFacts[];
  readonly remarks: readonly Remark[];
}

/** All nodes, earlier ones first (by creation, then by name), with conflicts between them settled and reported. */
export function* allNodes(
  objects: ObjectSet,
  spec: BgpConfigurationSpec,
  report: Report,
  memory: Memory,
): Steps<Settled> {
  const known = memory.recall("facts", [spec], () => new FactsOfNodes(spec));
  const facts = yield* known.of(objects.Node);
  known.report(report);
  const settlement = memory.recall("settlement", [], () => new Settlement());
  const settled = yield* settlement.of(facts);
  report.repeat(settled.remarks);
  return settled;
}

/** What nodes say, in order, for as long as the configuration stays; only those that changed are read. */
class FactsOfNodes {
  readonly #spec: BgpConfigurationSpec;
  #nodes: ObjectSet["Node"] = emptySet.Node;
  #facts: readonly NodeFacts[] = [];
  readonly #places = new Map<string, number>();
  /** By name, of those about which there is something to say. */
  readonly #remarks = new Map<string, readonly Remark[]>();

  constructor(spec: BgpConfigurationSpec) {
    this.#spec = spec;
  }

  *of(nodes: ObjectSet["Node"]): Steps<readonly NodeFacts[]> {
    const before = this.#nodes;
    if (nodes === before) return this.#facts;
    const changed = yield* nodes.changedSince(before);
    this.#nodes = nodes;
    const read = yield* mapSteps(changed, (name) => this.#read(name, nodes.get(name)));
    const inPlace = changed.every((name) => isAsOld(before.get(name), nodes.get(name)));
    if (inPlace) {
      const facts = [...this.#facts];
      for (const node of read) if (node !== undefined) facts[this.#places.get(node.name) ?? 0] = node;
      this.#facts = facts;
      return facts;
    }
    const others = new Set(changed);
    const all = [...this.#facts.filter(({ name }) => !others.has(name)), ...read.filter((node) => node !== undefined)];
    this.#facts = yield* sortSteps(all, (a, b) => olderFirst(a.object, b.object));
    this.#places.clear();
    for (const [place, { name }] of this.#facts.entries()) this.#places.set(name, place);
    return this.#facts;
  }

  #read(name: string, object: NodeObject | undefined): NodeFacts | undefined {
    this.#remarks.delete(name);
    if (object === undefined) return undefined;
    const report = new Report();
    const facts = factsOf(object, this.#spec, report);
    if (report.remarks.length > 0) this.#remarks.set(name, report.remarks);
    return facts;
  }

  /** What is wrong with nodes, earlier ones first. */
  report(report: Report): void {
    const place = (name: string): number => this.#places.get(name) ?? 0;
    const remarks = [...this.#remarks].sort(([a], [b]) => place(a) - place(b));
    for (const [, each] of remarks) report.repeat(each);
  }
}

/** It keeps its place in the order. */
const isAsOld = (before: NodeObject | undefined, now: NodeObject | undefined): boolean =>
  before !== undefined && now !== undefined && olderFirst(before, now) === 0;

/** Settles conflicts; where no node claims something else than before, there are as few as before. */
class Settlement {
  #facts: readonly NodeFacts[] = [];
  #last: Settled = { nodes: [], claims: [], remarks: [] };

  *of(facts: readonly NodeFacts[]): Steps<Settled> {
    const before = this.#facts;
    const changed = changedPlaces(before, facts);
    if (changed?.length === 0) return this.#last;
    const { nodes, claims, remarks } = this.#last;
    const wasFree = nodes === before && remarks.length === 0;
    this.#facts = facts;
    if (wasFree && changed?.every((place) => claimTheSame(facts[place], before[place])) === true) {
      this.#last = { nodes: facts, claims, remarks };
      return this.#last;
    }
    const report = new Report();
    const settled = yield* settle(facts, report);
    this.#last = { nodes: settled, claims: settled, remarks: report.remarks };
    return this.#last;
  }
}

const claimTheSame = (a: NodeFacts | undefined, b: NodeFacts | undefined): boolean =>
  a !== undefined && b !== undefined && equal(claimsOf(a), claimsOf(b));
