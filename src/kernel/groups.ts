import type { Family } from "#route/family.ts";
import type { Hop } from "#route/hop-set.ts";
import type { Group } from "./group.ts";
import { SingleHops } from "./single-hops.ts";
import { slotOf, UNKNOWN, viaGroup } from "./target.ts";
import { deleteNextHop, type GroupMember, type NextHopObject, putGroup, putHop } from "./wire/nexthop.ts";

/** Our ids: `LN` in the upper half, so that `ip nexthop` shows whose they are. Groups here, single hops above. */
const BASE = 0x4c4e0000;
const IDS = 0x4000;
/**
 * Weight of a hop that another one, of weight 1, stands by for: of 128 buckets the kernel gives 128 * 256 / 257, rounded,
 * to it, which is all of them.
 */
const GUARDED_WEIGHT = 256;
/** More hops than this do not share 128 buckets fairly enough. */
export const MAX_RESILIENT_HOPS = 32;

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
  /** Ids in our range that others use. */
  readonly #taken = new Set<number>();
  readonly #singles: SingleHops;
  /** Groups to decide about. */
  #changed: Group[] = [];

  constructor(family: Family) {
    this.#family = family;
    this.#base = BASE + (family === "ipv4" ? 0 : IDS);
    this.#singles = new SingleHops(this.#base, this.#taken);
  }

  get(target: number): Group | undefined {
    return this.#slots[slotOf(target)];
  }

  /** @param id in the kernel */
  byId(id: number): Group | undefined {
    const group = this.#isGroup(id) ? this.#slots[id - this.#base] : undefined;
    return group?.state === "dead" ? undefined : group;
  }

  #isGroup(id: number): boolean {
    return id > this.#base && id < this.#base + IDS;
  }

  content(target: number): number {
    return this.get(target)?.content ?? UNKNOWN;
  }

  /** The group that carries `hopSet` for new routes: `new` or `ready`. */
  of(hopSet: number): Group | undefined {
    return this.#bySet.get(hopSet);
  }

  /** Those that live. */
  all(): readonly Group[] {
    return this.#slots.filter((group): group is Group => group !== undefined && group.state !== "dead");
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
    const want = group.wants.get(desired);
    if (want === undefined) group.wants.set(desired, { routes: by });
    else {
      want.routes += by;
      if (want.routes === 0) group.wants.delete(desired);
    }
    this.review(group);
  }

  /** Groups to decide about, each told once. */
  takeChanged(): readonly Group[] {
    const changed = this.#changed;
    if (changed.length === 0) return changed;
    this.#changed = [];
    for (const group of changed) group.isChanged = false;
    return changed;
  }

  /** It shall be decided about again. */
  review(group: Group): void {
    if (group.isChanged) return;
    group.isChanged = true;
    this.#changed.push(group);
  }

  /** No route wants `hopSet` any more. */
  unused(hopSet: number): void {
    const group = this.#bySet.get(hopSet);
    if (group !== undefined) this.review(group);
  }

  /** The kernel has it: routes may name it. */
  arrived(group: Group): void {
    if (group.state === "new") group.state = "ready";
    this.review(group);
  }

  /** A group that `pointTo` puts into the kernel. @returns undefined where no id is free */
  create(hopSet: number, isResilient: boolean): Group | undefined {
    let slot = 1;
    while (this.#slots[slot] !== undefined || this.#taken.has(this.#base + slot)) slot++;
    if (slot >= IDS) return undefined;
    return this.#make(slot, hopSet, "new", isResilient);
  }

  #make(slot: number, content: number, state: Group["state"], isResilient: boolean): Group {
    const made: Group = {
      target: viaGroup(slot),
      id: this.#base + slot,
      isResilient,
      content,
      state,
      members: [],
      isBuried: false,
      routes: 0,
      flights: 0,
      wants: new Map(),
      isChanged: false,
    };
    this.#slots[slot] = made;
    if (content !== UNKNOWN && !this.#bySet.has(content)) this.#bySet.set(content, made);
    this.review(made);
    return made;
  }

  /**
   * Messages that make `group` amount to `hopSet`: missing single hops, the group itself, single hops that nobody needs
   * any more. The routes move by one message, whatever their number.
   * @param guard stands by for the only hop of a resilient group: the kernel turns to it when that one's link is lost
   * @returns them, and which of them is about the group itself
   */
  pointTo(
    group: Group,
    hopSet: number,
    hops: readonly Hop[],
    guard: Hop | undefined,
    protocol: number,
  ): { readonly messages: readonly Uint32Array[]; readonly about: number } {
    const messages: Uint32Array[] = [];
    const member = (hop: Hop, isGuard: boolean, weight: number): GroupMember => {
      const single = this.#singles.hold(hop, isGuard);
      if (single.users === 1) messages.push(putHop(single.id, protocol, this.#family, hop));
      return { id: single.id, weight };
    };
    const members = hops.map((hop) => member(hop, false, guard === undefined ? hop.weight : GUARDED_WEIGHT));
    if (guard !== undefined) members.push(member(guard, true, 1));
    const about = messages.push(putGroup(group.id, protocol, members, group.isResilient, group.state === "new")) - 1;
    this.#leaveMembers(group);
    group.members = members;
    this.#setContent(group, hopSet);
    return { messages: [...messages, ...this.dropUnused()], about };
  }

  /** The hop that stands by in a group. */
  guardOf({ members }: Group): Hop | undefined {
    const guard = members.find(({ id }) => this.#singles.isGuard(id));
    return guard && this.#singles.get(guard.id)?.hop;
  }

  /** Messages that delete `group`, which no route names, and single hops that nobody needs any more. */
  remove(group: Group): Uint32Array[] {
    this.#setContent(group, UNKNOWN);
    this.#leaveMembers(group);
    group.state = "dying";
    return [deleteNextHop(group.id), ...this.dropUnused()];
  }

  /** Messages that delete what the kernel may have of a group, and of single hops, that are forgotten here. */
  remains(group: Group, members: readonly GroupMember[]): Uint32Array[] {
    const left = members.filter(({ id }) => !this.#singles.has(id));
    return [...(group.state === "dead" ? [group] : []), ...left].map(({ id }) => deleteNextHop(id));
  }

  /** Messages that delete single hops of which no group is made. */
  dropUnused(): Uint32Array[] {
    return this.#singles.takeUnused().map(deleteNextHop);
  }

  /** Nothing more goes to it, and what it amounts to is not known any more. */
  retire(group: Group): void {
    this.#setContent(group, UNKNOWN);
    group.state = "retired";
    this.review(group);
  }

  /**
   * The kernel does not have it any more. Its slot is kept until no route names it (`bury`) and none is on its way to it.
   * @param become what became of its routes: gone with it, or not known
   */
  die(group: Group, become: 0 | typeof UNKNOWN): void {
    this.#setContent(group, UNKNOWN);
    this.#leaveMembers(group);
    group.routes = 0;
    group.wants.clear();
    group.state = "dead";
    group.content = become;
    group.isChanged = false;
    this.#changed = this.#changed.filter((other) => other !== group);
  }

  /** Where a route goes that names `target`: what became of it where that is dead. */
  resolve(target: number): number {
    const group = this.#slots[slotOf(target)];
    return group?.state === "dead" ? group.content : target;
  }

  /** No route names a dead group any more. */
  bury(): void {
    this.#slots.forEach((group, slot) => {
      if (group?.state !== "dead") return;
      group.isBuried = true;
      if (group.flights === 0) this.#slots[slot] = undefined;
    });
  }

  /** A route on its way to `target`, or a change of it, has arrived, or not. @returns whether the group is still alive */
  landed(target: number): boolean {
    const group = this.get(target);
    if (group === undefined) return false;
    group.flights--;
    if (group.flights > 0) return group.state !== "dead";
    if (group.state !== "dead") this.review(group);
    else if (group.isBuried) this.#slots[slotOf(target)] = undefined;
    return group.state !== "dead";
  }

  /**
   * The kernel silently deletes single hops over a link that loses its carrier, groups that become empty, and all their
   * routes; other groups lose a member. @param intern number of a hop set
   * @returns groups that are gone, and groups that shrank, which amount to something else now
   */
  linkLost(link: number, intern: (hops: readonly Hop[]) => number): { gone: Group[]; shrunk: Group[] } {
    const lost = new Set(this.#singles.takeLink(link));
    const gone: Group[] = [];
    const shrunk: Group[] = [];
    for (const group of lost.size === 0 ? [] : this.all()) {
      const left = group.members.filter(({ id }) => !lost.has(id));
      if (left.length === group.members.length) continue;
      const lostGuardsOnly = group.members.every(({ id }) => !lost.has(id) || this.#singles.isGuard(id));
      group.members = left;
      if (left.length === 0) gone.push(group);
      else if (!lostGuardsOnly) {
        shrunk.push(group);
        this.#setContent(group, this.#amount(left, intern) ?? UNKNOWN);
      }
    }
    return { gone, shrunk };
  }

  /** An id is not what we made it any more: never use it again. */
  disown(id: number): void {
    this.#singles.forget(id);
    if (this.#isGroup(id) || this.#singles.owns(id)) this.#taken.add(id);
  }

  /** Forgets everything; routes must have been told. */
  reset(): void {
    this.#slots.length = 1;
    this.#bySet.clear();
    this.#singles.clear();
    this.#taken.clear();
    this.#changed = [];
  }

  /** Takes over the objects of a dump that carry our mark and lie in our range. @param intern number of a hop set */
  adopt(objects: readonly NextHopObject[], protocol: number, intern: (hops: readonly Hop[]) => number): void {
    for (const { id, protocol: owner, content } of objects) {
      if (!this.#isGroup(id) && !this.#singles.owns(id)) continue;
      if (owner !== protocol) this.#taken.add(id);
      else if (content.kind === "hop" && this.#singles.owns(id)) this.#singles.adopt(id, content.hop);
    }
    for (const { id, protocol: owner, content } of objects) {
      if (owner !== protocol || content.kind !== "group" || !this.#isGroup(id)) continue;
      const amount = this.#amount(content.members, intern) ?? UNKNOWN;
      const group = this.#make(id - this.#base, amount, "ready", content.isResilient);
      group.members = content.members;
      for (const member of content.members) {
        const single = this.#singles.get(member.id);
        if (single !== undefined) single.users++;
      }
      if (group.content === UNKNOWN) group.state = "retired";
    }
  }

  /** Guards count where nothing else is left. */
  #amount(members: readonly GroupMember[], intern: (hops: readonly Hop[]) => number): number | undefined {
    const standing = members.filter(({ id }) => !this.#singles.isGuard(id));
    const isGuarded = standing.length < members.length;
    const hops: Hop[] = [];
    for (const { id, weight } of standing.length > 0 ? standing : members) {
      const single = this.#singles.get(id);
      if (single === undefined) return undefined;
      hops.push({ ...single.hop, weight: isGuarded ? 1 : weight });
    }
    return hops.length === 0 ? undefined : intern(hops);
  }

  #setContent(group: Group, content: number): void {
    if (this.#bySet.get(group.content) === group) this.#bySet.delete(group.content);
    group.content = content;
    if (content !== UNKNOWN && !this.#bySet.has(content)) this.#bySet.set(content, group);
    this.review(group);
  }

  #leaveMembers(group: Group): void {
    this.#singles.leave(group.members.map(({ id }) => id));
    group.members = [];
  }
}
