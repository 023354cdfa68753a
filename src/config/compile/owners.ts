import type { Steps } from "#lib/steps.ts";
import type { BlockOwner } from "../node-config.ts";
import type { Context } from "./context.ts";
import type { NodeFacts } from "./node-facts.ts";
import { changedPlaces } from "./places.ts";
import { equal } from "./share.ts";

type Owners = ReadonlyMap<string, BlockOwner>;
const nobody: Owners = new Map();
/** Nodes between two pauses. */
const ITEMS = 256;

/** Whose pod addresses are whose, ours among them. Of a block that two nodes claim it is the earlier one. */
export function* blockOwnersOf({ spec, own, nodes, memory }: Context): Steps<Owners> {
  if (spec.originCheck === "Off") return nobody;
  return yield* memory.recall("block owners", [own.as], () => new OwnersOfBlocks(own.as)).of(nodes);
}

/** Owners that did not change are the same values, and so are all of them together. */
class OwnersOfBlocks {
  readonly #localAs: number;
  #nodes: readonly NodeFacts[] = [];
  #owners: Owners = nobody;

  constructor(localAs: number) {
    this.#localAs = localAs;
  }

  *of(nodes: readonly NodeFacts[]): Steps<Owners> {
    const before = this.#nodes;
    if (nodes === before) return this.#owners;
    this.#nodes = nodes;
    const places = changedPlaces(before, nodes);
    const inPlace = places?.every((place) => nodes[place]?.name === before[place]?.name) === true;
    const changed = inPlace ? places.flatMap((place) => nodes[place] ?? []) : nodes;
    if (inPlace && changed.every((node) => equal(this.#owners.get(node.name), this.#ownerOf(node))))
      return this.#owners;
    const owners = new Map(inPlace ? this.#owners : []);
    let same = inPlace || nodes.length === before.length;
    for (const [index, node] of changed.entries()) {
      if (index % ITEMS === ITEMS - 1) yield;
      const known = this.#owners.get(node.name);
      const owner = this.#ownerOf(node);
      if (equal(known, owner)) {
        if (!inPlace && known !== undefined) owners.set(node.name, known);
        continue;
      }
      same = false;
      if (owner === undefined) owners.delete(node.name);
      else owners.set(node.name, owner);
    }
    if (!same || owners.size !== this.#owners.size) this.#owners = owners;
    return this.#owners;
  }

  #ownerOf({ name, as, podCidrs, routerId, addresses }: NodeFacts): BlockOwner | undefined {
    if (podCidrs.length === 0) return undefined;
    return { node: name, blocks: podCidrs, externalAs: as === this.#localAs ? undefined : as, routerId, addresses };
  }
}
