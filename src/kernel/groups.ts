import type { Family } from "#route/family.ts";
import type { Hop } from "#route/hop-set.ts";
import { slotOf, UNKNOWN, viaGroup } from "./target.ts";
import { deleteNextHop, type GroupMember, type NextHopObject, putGroup, putHop } from "./wire/nexthop.ts";

/** A nexthop object of the kernel that many routes share: a group, so that it can be re-pointed to any number of hops. */
export interface Group {
  /** Target of its routes: `viaGroup(slot)`. */
  readonly target: number;
  /** Id in the kernel. */
  readonly id: number;
  /** Hop set it amounts to; UNKNOWN where the kernel changed it, or refused to. */
  content: number;
  /**
   * `new`: not in the kernel yet; `ready`: routes may name it; `retired`: no more routes, it goes with the last one;
   * `dying`: its deletion is on the way; `dead`: the kernel has deleted it, answers about its routes are on the way.
   */
  state: "new" | "ready" | "retired" | "dying" | "dead";
  members: readonly GroupMember[];
  /** Routes that name it. */
  routes: number;
  /** Routes on their way to it, and changes of itself. */
  flights: number;
  /** What its routes want, by hop set; 0 is to be deleted, KEEP to stay. */
  readonly wants: Map<number, number>;
}

/** In place of what a route wants: it was adopted, and stays as it is until somebody asks for it. */
export const KEEP = UNKNOWN;

/** What is best for all routes of a group at once. */
export type GroupStep =
  | { readonly kind: "nothing" }
  | { readonly kind: "repoint"; readonly hopSet: number }
  | { readonly kind: "remove" };

/** Our ids: `LN` in the upper half, so that `ip nexthop` shows whose they are. Groups below, single hops above. */
const BASE = 0x4c4e0000;
const HOPS = 0x8000;
const IDS = 0x4000;
/** Fewer routes than this are moved one by one in less than a millisecond. */
const BULK_ROUTES = 256;

/** A single hop that groups are made of. */
interface Single {
  readonly id: number;
  readonly hop: Hop;
  users: number;
}

/**
 * The nexthop objects of one family, as the kernel holds them. Sends nothing and does not know when objects are worth
 * it: it says which messages make them what they shall be.
 */
export class Groups {
  readonly #family: Family;
  readonly #base: number;
  readonly #slots: (Group | undefined)[] = [undefined];
  /** The group that new routes of a hop set name. */
  readonly #bySet = new Map<number, Group>();
  readonly #singles = new Map<string, Single>();
  /** Ids in our range that others use. */
  readonly #taken = new Set<number>();
  /** Groups to decide about. */
  readonly #changed = new Set<Group>();

  constructor(family: Family) {
    this.#family = family;
    this.#base = BASE + (family === "ipv4" ? 0 : IDS);
  }

  get(target: number): Group | undefined {
    return this.#slots[slotOf(target)];
  }

  /** @param id in the kernel */
  byId(id: number): Group | undefined {
    return this.#isGroup(id) ? this.#slots[id - this.#base] : undefined;
  }

  #isGroup(id: number): boolean {
    return id > this.#base && id < this.#base + IDS;
  }

  #isSingle(id: number): boolean {
    return id > this.#base + HOPS && id < this.#base + HOPS + IDS;
  }

  content(target: number): number {
    return this.get(target)?.content ?? UNKNOWN;
  }

  /** The group that carries `hopSet` for new routes: `new` or `ready`. */
  of(hopSet: number): Group | undefined {
    return this.#bySet.get(hopSet);
  }

  all(): readonly Group[] {
    return this.#slots.filter((group) => group !== undefined);
  }

  joined(target: number, desired: number): void {
    const group = this.get(target);
    if (group === undefined) return;
    group.routes++;
    this.#count(group, desired, 1);
  }

  left(target: number, desired: number): void {
    const group = this.get(target);
    if (group === undefined) return;
    group.routes--;
    this.#count(group, desired, -1);
  }

  wantChanged(target: number, before: number, after: number): void {
    const group = this.get(target);
    if (group === undefined) return;
    this.#count(group, before, -1);
    this.#count(group, after, 1);
  }

  #count(group: Group, desired: number, by: number): void {
    const count = (group.wants.get(desired) ?? 0) + by;
    if (count === 0) group.wants.delete(desired);
    else group.wants.set(desired, count);
    this.#changed.add(group);
  }

  /** Groups to decide about, each told once. */
  takeChanged(): readonly Group[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  /** No route wants `hopSet` any more. */
  unused(hopSet: number): void {
    const group = this.#bySet.get(hopSet);
    if (group !== undefined) this.#changed.add(group);
  }

  /** The kernel has it: routes may name it. */
  arrived(group: Group): void {
    if (group.state === "new") group.state = "ready";
    this.#changed.add(group);
  }

  /** A group that `pointTo` puts into the kernel. @returns undefined where no id is free */
  create(hopSet: number): Group | undefined {
    let slot = 1;
    while (this.#slots[slot] !== undefined || this.#taken.has(this.#base + slot)) slot++;
    if (slot >= IDS) return undefined;
    return this.#make(slot, hopSet, "new");
  }

  #make(slot: number, content: number, state: Group["state"]): Group {
    const made: Group = {
      target: viaGroup(slot),
      id: this.#base + slot,
      content,
      state,
      members: [],
      routes: 0,
      flights: 0,
      wants: new Map(),
    };
    this.#slots[slot] = made;
    if (content !== UNKNOWN && !this.#bySet.has(content)) this.#bySet.set(content, made);
    this.#changed.add(made);
    return made;
  }

  /**
   * Messages that make `group` amount to `hopSet`: missing single hops, the group itself, single hops that nobody needs
   * any more. The routes move by one message, whatever their number.
   */
  pointTo(group: Group, hopSet: number, hops: readonly Hop[], protocol: number): Uint32Array[] {
    const messages: Uint32Array[] = [];
    const members = hops.map((hop): GroupMember => {
      const key = keyOf(hop);
      let single = this.#singles.get(key);
      if (single === undefined) {
        single = { id: this.#freeHopId(), hop, users: 0 };
        this.#singles.set(key, single);
        messages.push(putHop(single.id, protocol, this.#family, hop));
      }
      single.users++;
      return { id: single.id, weight: hop.weight };
    });
    messages.push(putGroup(group.id, protocol, members));
    this.#leaveMembers(group);
    group.members = members;
    this.#setContent(group, hopSet);
    return [...messages, ...this.dropUnused()];
  }

  /** Messages that delete `group`, its routes, and single hops that nobody needs any more. */
  remove(group: Group): Uint32Array[] {
    this.#setContent(group, UNKNOWN);
    this.#leaveMembers(group);
    group.state = "dying";
    return [deleteNextHop(group.id), ...this.dropUnused()];
  }

  /** Messages that delete what the kernel may have of a group, and of single hops, that are forgotten here. */
  remains(group: Group, members: readonly GroupMember[]): Uint32Array[] {
    const used = new Set(Array.from(this.#singles.values(), ({ id }) => id));
    const left = members.filter(({ id }) => !used.has(id));
    return [...(group.state === "dead" ? [group] : []), ...left].map(({ id }) => deleteNextHop(id));
  }

  /** Messages that delete single hops of which no group is made. */
  dropUnused(): Uint32Array[] {
    const messages: Uint32Array[] = [];
    for (const [key, { id, users }] of this.#singles) {
      if (users > 0) continue;
      this.#singles.delete(key);
      messages.push(deleteNextHop(id));
    }
    return messages;
  }

  /** Nothing more goes to it, and what it amounts to is not known any more. */
  retire(group: Group): void {
    this.#setContent(group, UNKNOWN);
    group.state = "retired";
    this.#changed.add(group);
  }

  /** Forgets a group that the kernel does not have any more, once no route on its way names it. */
  release(group: Group): void {
    this.#setContent(group, UNKNOWN);
    this.#leaveMembers(group);
    this.emptied(group);
    group.state = "dead";
    this.#changed.delete(group);
    if (group.flights === 0) this.#slots[slotOf(group.target)] = undefined;
  }

  /** Its routes left it all at once. */
  emptied(group: Group): void {
    group.routes = 0;
    group.wants.clear();
    this.#changed.add(group);
  }

  /** A route on its way to `target`, or a change of it, has arrived, or not. @returns whether the group is still alive */
  landed(target: number): boolean {
    const group = this.get(target);
    if (group === undefined) return false;
    group.flights--;
    if (group.flights > 0) return group.state !== "dead";
    if (group.state === "dead") this.#slots[slotOf(target)] = undefined;
    else this.#changed.add(group);
    return group.state !== "dead";
  }

  /**
   * The kernel silently deletes single hops over a link that loses its carrier, groups that become empty, and all their
   * routes; other groups lose a member. @param intern number of a hop set
   * @returns groups that are gone, and groups that shrank, which amount to something else now
   */
  linkLost(link: number, intern: (hops: readonly Hop[]) => number): { gone: Group[]; shrunk: Group[] } {
    const lost = new Set<number>();
    for (const [key, { id, hop }] of this.#singles) {
      if (hop.link !== link) continue;
      lost.add(id);
      this.#singles.delete(key);
    }
    const gone: Group[] = [];
    const shrunk: Group[] = [];
    for (const group of lost.size === 0 ? [] : this.all()) {
      const left = group.members.filter(({ id }) => !lost.has(id));
      if (left.length === group.members.length) continue;
      group.members = left;
      if (left.length === 0) gone.push(group);
      else {
        shrunk.push(group);
        this.#setContent(group, this.#amount(left, intern) ?? UNKNOWN);
      }
    }
    return { gone, shrunk };
  }

  /** An id is not what we made it any more: never use it again. */
  disown(id: number): void {
    for (const [key, single] of this.#singles) if (single.id === id) this.#singles.delete(key);
    if (this.#isGroup(id) || this.#isSingle(id)) this.#taken.add(id);
  }

  /** Forgets everything; routes must have been told. */
  reset(): void {
    this.#slots.length = 1;
    this.#bySet.clear();
    this.#singles.clear();
    this.#taken.clear();
    this.#changed.clear();
  }

  /** Takes over the objects of a dump that carry our mark and lie in our range. @param intern number of a hop set */
  adopt(objects: readonly NextHopObject[], protocol: number, intern: (hops: readonly Hop[]) => number): void {
    for (const { id, protocol: owner, content } of objects) {
      if (!this.#isGroup(id) && !this.#isSingle(id)) continue;
      if (owner !== protocol) this.#taken.add(id);
      else if (content.kind === "hop" && this.#isSingle(id)) {
        const key = this.#singles.has(keyOf(content.hop)) ? `${keyOf(content.hop)} ${id}` : keyOf(content.hop);
        this.#singles.set(key, { id, hop: content.hop, users: 0 });
      }
    }
    for (const { id, protocol: owner, content } of objects) {
      if (owner !== protocol || content.kind !== "group" || !this.#isGroup(id)) continue;
      const group = this.#make(id - this.#base, this.#amount(content.members, intern) ?? UNKNOWN, "ready");
      group.members = content.members;
      for (const single of this.#singles.values()) {
        if (content.members.some((member) => member.id === single.id)) single.users++;
      }
      if (group.content === UNKNOWN) group.state = "retired";
    }
  }

  #amount(members: readonly GroupMember[], intern: (hops: readonly Hop[]) => number): number | undefined {
    const byId = new Map(Array.from(this.#singles.values(), (single) => [single.id, single.hop]));
    const hops: Hop[] = [];
    for (const { id, weight } of members) {
      const hop = byId.get(id);
      if (hop === undefined) return undefined;
      hops.push({ ...hop, weight });
    }
    return hops.length === 0 ? undefined : intern(hops);
  }

  #setContent(group: Group, content: number): void {
    if (this.#bySet.get(group.content) === group) this.#bySet.delete(group.content);
    group.content = content;
    if (content !== UNKNOWN && !this.#bySet.has(content)) this.#bySet.set(content, group);
    this.#changed.add(group);
  }

  #leaveMembers(group: Group): void {
    const ids = new Set(group.members.map(({ id }) => id));
    for (const single of this.#singles.values()) if (ids.has(single.id)) single.users--;
    group.members = [];
  }

  #freeHopId(): number {
    const used = new Set(Array.from(this.#singles.values(), ({ id }) => id));
    let id = this.#base + HOPS + 1;
    while (used.has(id) || this.#taken.has(id)) id++;
    return id;
  }
}

const keyOf = (hop: Hop): string => `${hop.gateway?.words}%${hop.link}${hop.onlink ? "!" : ""}`;

/**
 * What to do with all routes of a group at once. One message re-points them when most want the same other hop set and
 * hardly any wants what it is now (those few are led astray until they are corrected one by one); one message removes
 * them when none is wanted.
 * @param users routes that may come to name it
 */
export function decide({ state, routes, flights, wants, content }: Group, users: number): GroupStep {
  if (state === "new" || state === "dying" || state === "dead") return { kind: "nothing" };
  if (routes === 0) return { kind: flights === 0 && (state === "retired" || users === 0) ? "remove" : "nothing" };
  if (wants.get(0) === routes) return { kind: routes >= BULK_ROUTES && flights === 0 ? "remove" : "nothing" };
  const staying = (wants.get(content) ?? 0) + (wants.get(KEEP) ?? 0);
  if (state === "retired" || routes < BULK_ROUTES || staying * 8 > routes) return { kind: "nothing" };
  for (const [hopSet, count] of wants) {
    if (hopSet !== 0 && hopSet !== content && hopSet !== KEEP && count * 2 > routes) return { kind: "repoint", hopSet };
  }
  return { kind: "nothing" };
}
