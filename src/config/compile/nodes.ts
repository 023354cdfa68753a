import { mapSteps, type Steps, sortSteps } from "#lib/steps.ts";
import type { ConfigObject, ObjectSet } from "../objects.ts";
import type { Remark } from "../remark.ts";
import type { BgpConfigurationSpec } from "../schema/bgp-configuration.ts";
import { olderFirst } from "./age.ts";
import { claimsOf, settle } from "./conflicts.ts";
import type { Memory } from "./memory.ts";
import { factsOf, type NodeFacts } from "./node-facts.ts";
import { Report } from "./report.ts";
import { equal } from "./share.ts";

type NodeObject = ConfigObject<"Node">;

interface Told<T> {
  readonly value: T;
  readonly remarks: readonly Remark[];
}

/** All nodes, earlier ones first (by creation, then by name), with conflicts between them settled and reported. */
export function* allNodes(
  objects: ObjectSet,
  spec: BgpConfigurationSpec,
  report: Report,
  memory: Memory,
): Steps<readonly NodeFacts[]> {
  const order = memory.recall("order", [], () => new NodeOrder());
  const sorted = yield* order.sorted(objects.Node);
  const told = yield* memory.recall("facts", [spec], () => new FactsOfNodes(spec)).of(sorted);
  for (const { remarks } of told) if (remarks.length > 0) report.repeat(remarks);
  const settlement = memory.recall("settlement", [], () => new Settlement());
  const settled = yield* settlement.of(told.map(({ value }) => value));
  report.repeat(settled.remarks);
  return settled.value;
}

/** Sorts nodes; where none came or went the order is known. */
class NodeOrder {
  #nodes: ReadonlyMap<string, NodeObject> = new Map();
  #sorted: readonly NodeObject[] = [];
  readonly #places = new Map<string, number>();

  *sorted(nodes: ReadonlyMap<string, NodeObject>): Steps<readonly NodeObject[]> {
    if (nodes === this.#nodes) return this.#sorted;
    const changed: NodeObject[] = [];
    let isKnown = nodes.size === this.#nodes.size;
    for (const [name, node] of nodes) {
      const before = this.#nodes.get(name);
      if (before === node) continue;
      changed.push(node);
      isKnown &&=
        before?.value.metadata.creationTimestamp === node.value.metadata.creationTimestamp && before !== undefined;
    }
    this.#nodes = nodes;
    if (!isKnown) {
      this.#sorted = yield* sortSteps([...nodes.values()], olderFirst);
      this.#places.clear();
      for (const [place, { name }] of this.#sorted.entries()) this.#places.set(name, place);
      return this.#sorted;
    }
    const sorted = [...this.#sorted];
    for (const node of changed) sorted[this.#places.get(node.name) ?? 0] = node;
    this.#sorted = sorted;
    return sorted;
  }
}

/** What nodes say, for as long as the configuration stays; only those that changed are read. */
class FactsOfNodes {
  readonly #spec: BgpConfigurationSpec;
  #objects: readonly NodeObject[] = [];
  #told: readonly Told<NodeFacts>[] = [];
  readonly #known = new WeakMap<NodeObject, Told<NodeFacts>>();

  constructor(spec: BgpConfigurationSpec) {
    this.#spec = spec;
  }

  *of(objects: readonly NodeObject[]): Steps<readonly Told<NodeFacts>[]> {
    const [before, told] = [this.#objects, this.#told];
    this.#told = yield* mapSteps(objects, (object, index) => {
      const known = object === before[index] ? told[index] : this.#known.get(object);
      return known ?? this.#read(object);
    });
    this.#objects = objects;
    return this.#told;
  }

  #read(object: NodeObject): Told<NodeFacts> {
    const report = new Report();
    const told = { value: factsOf(object, this.#spec, report), remarks: report.remarks };
    this.#known.set(object, told);
    return told;
  }
}

/** Settles conflicts; where no node claims something else than before, there are as few as before. */
class Settlement {
  #facts: readonly NodeFacts[] = [];
  #last: Told<readonly NodeFacts[]> = { value: [], remarks: [] };

  *of(facts: readonly NodeFacts[]): Steps<Told<readonly NodeFacts[]>> {
    const before = this.#facts;
    const sameLength = facts.length === before.length;
    if (sameLength && facts.every((node, index) => node === before[index])) return this.#last;
    const wasFree = this.#last.value === before && this.#last.remarks.length === 0;
    this.#facts = facts;
    if (sameLength && wasFree && facts.every((node, index) => claimTheSame(node, before[index]))) {
      this.#last = { value: facts, remarks: [] };
      return this.#last;
    }
    const report = new Report();
    this.#last = { value: yield* settle(facts, report), remarks: report.remarks };
    return this.#last;
  }
}

const claimTheSame = (a: NodeFacts, b: NodeFacts | undefined): boolean =>
  a === b || (b !== undefined && equal(claimsOf(a), claimsOf(b)));
