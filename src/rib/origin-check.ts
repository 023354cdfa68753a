import type { Announcer, BlockOwner } from "#config/node-config.ts";
import type { Steps } from "#lib/steps.ts";
import { sameAddress } from "#route/address.ts";
import type { Prefix } from "#route/prefix.ts";
import { BlockTable } from "./block-table.ts";
import type { LocRib } from "./loc-rib.ts";
import type { AttributeCodec } from "./ports.ts";
import type { NextHopTable } from "./table/next-hop-table.ts";
import { FILTERED } from "./table/path-table.ts";
import { prefixOf } from "./table/prefix-table.ts";
import type { Job, Turns } from "./turns.ts";

/** Prefixes that one step looks at. */
const STEP = 8192;
/** Refused paths that are remembered, for people. */
const MAX_NAMED = 1000;

interface OriginCheckParts {
  readonly loc: LocRib;
  readonly nextHops: NextHopTable;
  readonly codec: AttributeCodec;
  readonly turns: Turns;
  /** A path was refused that was not before; said once for each. */
  refused(neighbour: number, prefix: Prefix, owner: BlockOwner): void;
}

/** A path that is not selected, since its prefix lies in a block of somebody else. */
export interface ForeignPath {
  readonly neighbour: number;
  readonly prefix: Prefix;
  readonly owner: BlockOwner;
}

/**
 * Are pod addresses announced by the node that they were given to? A neighbour that is a node of our AS tells its own
 * blocks, or is a reflector; a path that would send a block's packets to another node than its owner is refused. When
 * owners change, the paths of their blocks are judged again.
 */
export class OriginCheck implements Job {
  readonly #parts: OriginCheckParts;
  readonly #blocks: BlockTable;
  /** Blocks that came, went or changed hands since the last look through the table began. */
  #changed: BlockTable;
  /** Those that the present look is for. */
  #looked: BlockTable;
  #owners: ReadonlyMap<string, BlockOwner> = new Map();
  readonly #announcers: (Announcer | undefined)[] = [];
  /** Refused paths by neighbour and prefix number. */
  readonly #named = new Map<string, { readonly neighbour: number; readonly id: number }>();
  /** Where the look through the table stands; 0: there is none. */
  #cursor = 0;

  constructor(parts: OriginCheckParts) {
    const { family } = parts.loc;
    this.#parts = parts;
    this.#blocks = new BlockTable(family);
    this.#changed = new BlockTable(family);
    this.#looked = new BlockTable(family);
    parts.turns.add(this);
  }

  /**
   * With pauses, in which a block that changes hands is its old owner's or its new one's.
   * @param owners all of them, by name; those that did not change are the same values
   */
  *setOwners(owners: ReadonlyMap<string, BlockOwner>): Steps<void> {
    const before = this.#owners;
    if (before === owners) return;
    this.#owners = owners;
    for (const [name, owner] of owners) {
      if (before.get(name) === owner) continue;
      this.#give(owner, true);
      yield;
    }
    for (const [name, owner] of before) {
      if (owners.get(name) === owner) continue;
      this.#give(owner, false);
      yield;
    }
    if (this.#changed.size > 0) this.#parts.turns.wake();
  }

  #give(owner: BlockOwner, given: boolean): void {
    for (const block of owner.blocks) {
      if (block.family !== this.#parts.loc.family) continue;
      if (given) this.#blocks.put(block, owner);
      else this.#blocks.remove(block, owner);
      this.#changed.put(block, owner);
    }
  }

  /** Which node a neighbour is; undefined: it is none, and not checked. @returns whether that is new */
  setAnnouncer(neighbour: number, announcer: Announcer | undefined): boolean {
    const before = this.#announcers[neighbour];
    while (this.#announcers.length <= neighbour) this.#announcers.push(undefined);
    this.#announcers[neighbour] = announcer;
    return before?.node !== announcer?.node || before?.reflects !== announcer?.reflects;
  }

  /** Asked for every path that comes. */
  refuses(prefix: number, neighbour: number, set: number): boolean {
    const announcer = this.#announcers[neighbour];
    if (announcer === undefined || this.#blocks.size === 0) return false;
    const owner = this.#blocks.ownerOf(this.#parts.loc.prefixes, prefix);
    if (owner === undefined || this.#isFrom(owner, announcer, set)) return false;
    this.#name(prefix, neighbour, owner);
    return true;
  }

  /** @returns whose block a path of `neighbour` lies in that is refused for it */
  ownerRefusing(prefix: number, neighbour: number, set: number): BlockOwner | undefined {
    const announcer = this.#announcers[neighbour];
    const owner = announcer && this.#blocks.ownerOf(this.#parts.loc.prefixes, prefix);
    return owner === undefined || this.#isFrom(owner, announcer!, set) ? undefined : owner;
  }

  /**
   * Does the path lead to the owner? By ORIGINATOR_ID where a reflector tells it (RFC 4456 §8); by its next hop, whoever
   * tells it; by the last AS number of its path where the owner is in another AS.
   */
  #isFrom(owner: BlockOwner, announcer: Announcer, set: number): boolean {
    if (owner.node === announcer.node) return true;
    const { loc, nextHops, codec } = this.#parts;
    const { attributes } = loc;
    if (announcer.reflects && attributes.originatorOf(set) === owner.routerId) return true;
    const nextHop = nextHops.addressOf(attributes.nextHopOf(set));
    const address = owner.addresses[nextHop.family];
    if (address !== undefined && sameAddress(address, nextHop)) return true;
    if (owner.externalAs === undefined) return false;
    const start = attributes.startOf(set);
    return codec.lastAs(attributes.arena.bytes, start, start + attributes.lengthOf(set)) === owner.externalAs;
  }

  #name(id: number, neighbour: number, owner: BlockOwner): void {
    const key = `${neighbour} ${id}`;
    if (this.#named.has(key)) return;
    if (this.#named.size >= MAX_NAMED && this.foreign().length >= MAX_NAMED) return;
    this.#named.set(key, { neighbour, id });
    const { loc, refused } = this.#parts;
    refused(neighbour, prefixOf(loc.prefixes, id), owner);
  }

  /** Paths that are refused now, of at most so many that are remembered. */
  foreign(): ForeignPath[] {
    const { loc } = this.#parts;
    const found: ForeignPath[] = [];
    for (const [key, { neighbour, id }] of this.#named) {
      const path = loc.prefixes.has(id) ? loc.pathOf(id, neighbour) : 0;
      const isOut = path !== 0 && (loc.paths.stateOf(path) & FILTERED) !== 0;
      const owner = isOut ? this.ownerRefusing(id, neighbour, loc.receivedOf(path)) : undefined;
      if (owner === undefined) this.#named.delete(key);
      else found.push({ neighbour, prefix: prefixOf(loc.prefixes, id), owner });
    }
    return found;
  }

  /** Looks through the table for prefixes in blocks that changed hands. */
  step(): boolean {
    const { loc } = this.#parts;
    if (this.#cursor === 0) {
      if (this.#changed.size === 0) return false;
      [this.#looked, this.#changed] = [this.#changed, this.#looked];
      this.#changed.clear();
      this.#cursor = 1;
    }
    const end = Math.min(this.#cursor + STEP, loc.prefixes.end);
    for (let id = this.#cursor; id < end; id++) {
      if (loc.prefixes.has(id) && this.#looked.ownerOf(loc.prefixes, id) !== undefined) this.#judgeAgain(id);
    }
    this.#cursor = end < loc.prefixes.end ? end : 0;
    return this.#cursor !== 0 || this.#changed.size > 0;
  }

  #judgeAgain(prefix: number): void {
    const { loc } = this.#parts;
    for (let path = loc.headOf(prefix); path !== 0; ) {
      const next = loc.paths.next(path);
      if (this.#announcers[loc.paths.neighbourOf(path)] !== undefined) loc.importAgain(path);
      path = next;
    }
  }
}
