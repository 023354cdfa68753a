import type { KernelConfig } from "#config/node-config.ts";
import type { Clock, Timer } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { Hop, HopSetTable } from "#route/hop-set.ts";
import { refusalReason } from "./failures.ts";
import { BULK_ROUTES, decide, type Group, isCaughtUp } from "./group.ts";
import { MAX_RESILIENT_HOPS } from "./groups.ts";
import type { RouteStore } from "./route-store.ts";
import { NOT_SENT, type Sender } from "./sender.ts";
import { UNKNOWN } from "./target.ts";
import type { GroupMember, NextHopObject } from "./wire/nexthop.ts";

/**
 * With `auto`, a hop set gets an object from so many routes on. Below it the routes are moved one by one in 4 ms, and plain
 * routes survive a loss of carrier by themselves; above it one message moves all of them.
 */
const OBJECT_ROUTES = 1024;
/** A group that was moved before its routes asked for it waits so long for them. */
const AHEAD_MS = 1_000;
/** How kernels answer to a kind of object that they do not know. */
const UNKNOWN_KIND: ReadonlySet<string> = new Set(["EINVAL", "EOPNOTSUPP"]);

/** Decides which hop sets of a family have nexthop objects, and keeps these as they shall be. */
export class GroupWriter {
  readonly #store: RouteStore;
  readonly #hopSets: HopSetTable;
  readonly #protocol: number;
  #mode: KernelConfig["nextHopObjects"];
  readonly #sender: Sender;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #usable: (hopSet: number) => boolean;
  /** Routes that wait for their new group. */
  readonly #waiting = new Map<Group, number[]>();
  /** Groups of which a change is on its way. */
  readonly #moving = new Set<Group>();
  /** Groups that are where their routes are expected to go, and when that is over. */
  readonly #ahead = new Map<Group, Timer>();
  /** Hop set to turn to when the link of another one is lost, by that one; 0: none. Of others, nothing was said yet. */
  readonly #backups = new Map<number, number>();
  #guardsDue = false;
  /** Hop sets whose group the kernel refused, until links change. */
  readonly #refused = new Set<number>();
  #said = false;
  /** The kernel knows resilient groups. */
  #hasResilient = true;

  /** @param usable can packets leave by this hop set? */
  constructor(
    store: RouteStore,
    hopSets: HopSetTable,
    config: Pick<KernelConfig, "protocol" | "nextHopObjects">,
    sender: Sender,
    clock: Clock,
    log: Log,
    usable: (hopSet: number) => boolean,
  ) {
    this.#store = store;
    this.#hopSets = hopSets;
    this.#protocol = config.protocol;
    this.#mode = config.nextHopObjects;
    this.#sender = sender;
    this.#clock = clock;
    this.#log = log;
    this.#usable = usable;
  }

  /** Routes that shall name an object now, or shall not any more, are written anew. */
  setMode(mode: KernelConfig["nextHopObjects"]): void {
    this.#mode = mode;
    if (mode === "never") {
      this.#retireAll();
      return;
    }
    const least = mode === "auto" ? OBJECT_ROUTES : 1;
    const plain: number[] = [];
    for (let hopSet = 1; hopSet <= this.#hopSets.size; hopSet++) {
      if (this.#store.users(hopSet) >= least && this.#hopSets.get(hopSet).kind === "unicast") plain.push(hopSet);
    }
    this.#store.forget(new Set(plain), UNKNOWN);
  }

  #retireAll(): void {
    for (const group of this.#store.groups.all()) {
      this.#store.groups.retire(group);
      this.#store.walk.unequal(group.target);
    }
  }

  /** Where a learned route that wants `hopSet` shall point. @returns undefined: to a group that is on its way; wait */
  target(id: number, hopSet: number): number | undefined {
    if (this.#mode === "never") return hopSet;
    const known = this.#store.groups.of(hopSet);
    if (known?.state === "ready") return known.target;
    const group = known ?? this.#create(hopSet);
    if (group === undefined) return hopSet;
    const waiting = this.#waiting.get(group);
    if (waiting === undefined) this.#waiting.set(group, [id]);
    else waiting.push(id);
    return undefined;
  }

  #create(hopSet: number): Group | undefined {
    const { groups } = this.#store;
    if (this.#mode === "auto" && this.#store.users(hopSet) < OBJECT_ROUTES) return undefined;
    const set = this.#hopSets.get(hopSet);
    if (set.kind !== "unicast" || this.#refused.has(hopSet)) return undefined;
    const group = groups.create(hopSet, this.#hasResilient && set.hops.length === 1);
    if (group !== undefined) this.#point(group, hopSet, set.hops);
    return group;
  }

  #point(group: Group, hopSet: number, hops: readonly Hop[]): void {
    const { groups } = this.#store;
    const guard = this.#guardFor(group, hopSet);
    const { messages, about } = groups.pointTo(group, hopSet, hops, guard, this.#protocol);
    const { members } = group;
    group.flights++;
    this.#moving.add(group);
    this.#sender.send(messages, ({ lost, refusals }) => {
      this.#moving.delete(group);
      // A single hop that was to go and is gone already harms nobody.
      const refusal = refusals.find(({ code }) => code !== "ENOENT");
      if (groups.get(group.target) !== group)
        this.#wake(group); // all was read anew meanwhile
      else if (!groups.landed(group.target) || group.members !== members) this.#leave(group, members);
      else if (refusals.some(({ index, code }) => index === about && code === "ENOENT")) this.#lose([group]);
      else if (lost !== undefined) this.#abandon(group, hopSet, lost, "");
      else if (refusal !== undefined) this.#abandon(group, hopSet, refusal.code, refusal.text);
      else {
        const isNew = group.state === "new";
        groups.arrived(group);
        this.#wake(group);
        // Routes of before there were so many: they are to move with the others.
        if (isNew && this.#mode === "auto") this.#store.forget(new Set([hopSet]), UNKNOWN);
        this.#guard(group);
      }
    });
  }

  /** What stands by for the only hop of a hop set: a hop over another link. */
  #guardFor({ isResilient }: Group, hopSet: number): Hop | undefined {
    const backup = this.#backups.get(hopSet) ?? 0;
    if (!isResilient || backup === 0 || !this.#usable(backup)) return undefined;
    const [own, to] = [this.#hopSets.get(hopSet), this.#hopSets.get(backup)];
    if (own.kind !== "unicast" || to.kind !== "unicast" || own.hops.length > 1) return undefined;
    return to.hops.find(({ link }) => link !== own.hops[0]!.link);
  }

  /** Brings in, changes or takes out what stands by in a group, where it is another than it should be. */
  #guard(group: Group): void {
    const { groups } = this.#store;
    if (group.state !== "ready" || !this.#backups.has(group.content) || this.#moving.has(group)) return;
    const set = this.#hopSets.get(group.content);
    if (set.kind !== "unicast" || !this.#usable(group.content)) return;
    const wanted = this.#guardFor(group, group.content);
    if (!sameHop(wanted, groups.guardOf(group))) this.#point(group, group.content, set.hops);
  }

  /** Links changed: what stood by may be gone, or back. */
  guardAll(): void {
    this.#guardsDue = false;
    for (const group of this.#store.groups.all()) this.#guard(group);
  }

  /** Where the routes of a hop set mostly go if its link is lost; 0: nowhere. */
  setBackup(hopSet: number, backup: number): void {
    this.#backups.set(hopSet, backup);
    this.#guardsDue = true;
    this.#sender.schedule();
  }

  /** A link went, and perhaps came back, while the kernel had not answered: whatever it has now is not relied on. */
  #leave(group: Group, members: readonly GroupMember[]): void {
    const { groups } = this.#store;
    this.#sender.send(groups.remains(group, members), () => {});
    if (group.state !== "dead") {
      groups.retire(group);
      this.#store.walk.unequal(group.target);
    }
    this.#wake(group);
  }

  #abandon(group: Group, hopSet: number, code: string, text: string): void {
    if (group.isResilient && group.state === "new" && UNKNOWN_KIND.has(code)) {
      this.#log.info(
        `the kernel has no resilient next-hop groups: when a link is lost, all its routes are written anew`,
      );
      this.#hasResilient = false;
    } else if (code !== NOT_SENT) {
      if (!this.#said) this.#log.warn(`plain next hops instead of a nexthop object: ${refusalReason(code, text)}`);
      this.#said = true;
      this.#refused.add(hopSet);
    }
    this.#store.groups.retire(group);
    this.#store.walk.unequal(group.target);
    this.#wake(group);
  }

  #wake(group: Group): void {
    for (const id of this.#waiting.get(group) ?? []) this.#store.enqueue(id);
    this.#waiting.delete(group);
  }

  /** Acts on groups whose routes changed their mind together. */
  decide(): void {
    const { groups } = this.#store;
    if (this.#guardsDue) this.guardAll();
    for (const group of groups.takeChanged()) {
      if (this.#isAhead(group)) continue;
      const isCurrent = groups.of(group.content) === group;
      const step = decide(group, isCurrent ? this.#store.users(group.content) : 0);
      if (step.kind === "remove") this.#remove(group);
      if (step.kind !== "repoint") continue;
      if (this.#move(group, step.hopSet)) this.#store.walk.unequal(group.target);
    }
  }

  /** @returns whether the group is on its way */
  #move(group: Group, hopSet: number): boolean {
    if (this.#moving.has(group)) return false; // it is looked at again when that is done
    const set = this.#hopSets.get(hopSet);
    if (set.kind !== "unicast" || this.#refused.has(hopSet) || !this.#usable(hopSet)) return false;
    if (group.isResilient && set.hops.length > MAX_RESILIENT_HOPS) return false;
    this.#point(group, hopSet, set.hops);
    return true;
  }

  /** Nearly all routes of a hop set are going to ask for another one: they go there at once. */
  foresee(hopSet: number, next: number): void {
    for (const group of this.#store.groups.all()) {
      if (group.state !== "ready" || group.content !== hopSet || group.routes < BULK_ROUTES) continue;
      if (!this.#move(group, next)) continue;
      this.#ahead.get(group)?.cancel();
      const timer = this.#clock.after(AHEAD_MS, () => this.#catchUp(group));
      this.#ahead.set(group, timer);
    }
  }

  /** Does it still wait for its routes? */
  #isAhead(group: Group): boolean {
    if (!this.#ahead.has(group)) return false;
    if (!isCaughtUp(group)) return true;
    this.#catchUp(group);
    return false;
  }

  /** Routes that did not come along are looked at one by one. */
  #catchUp(group: Group): void {
    this.#ahead.get(group)?.cancel();
    this.#ahead.delete(group);
    const { groups } = this.#store;
    if (groups.get(group.target) !== group) return;
    groups.review(group);
    this.#store.walk.unequal(group.target);
    this.#sender.schedule();
  }

  #remove(group: Group): void {
    const { groups } = this.#store;
    this.#sender.send(groups.remove(group), ({ lost, refusals }) => {
      if (groups.get(group.target) !== group) return;
      const gone = lost === undefined && refusals.every(({ code }) => code === "ENOENT");
      this.#store.forget(new Set([group.target]), gone ? 0 : UNKNOWN);
    });
  }

  /** The kernel drops objects over a link that loses its carrier, and the routes through them. */
  linkLost(link: number): void {
    const { groups } = this.#store;
    const { gone, shrunk } = groups.linkLost(link, this.#intern);
    this.#lose(gone);
    for (const group of shrunk) this.#store.walk.unequal(group.target);
  }

  /** Somebody else deleted or changed an object, ours or not. */
  disturbed(id: number, deleted: boolean): void {
    const { groups } = this.#store;
    if (deleted) this.#lose(groups.all().filter((group) => group.id === id));
    for (const group of groups.all()) {
      if (group.id !== id && !group.members.some((member) => member.id === id)) continue;
      groups.retire(group);
      this.#store.walk.unequal(group.target);
    }
    groups.disown(id);
  }

  #lose(gone: readonly Group[]): void {
    if (gone.length === 0) return;
    this.#store.forget(new Set(gone.map(({ target }) => target)), 0);
    for (const group of gone) this.#wake(group);
  }

  /** Takes over what a dump shows. */
  adopt(objects: readonly NextHopObject[]): void {
    const { groups } = this.#store;
    groups.adopt(objects, this.#protocol, this.#intern);
    this.#refused.clear();
    if (this.#mode === "never") this.#retireAll();
    this.#sender.send(groups.dropUnused(), () => {});
  }

  /** Links changed: what was refused may work now. */
  linksChanged(): void {
    this.#refused.clear();
    this.#said = false;
  }

  readonly #intern = (hops: readonly Hop[]): number => this.#hopSets.intern({ kind: "unicast", hops });
}

const sameHop = (a: Hop | undefined, b: Hop | undefined): boolean =>
  `${a?.gateway?.words}%${a?.link}${a?.onlink}` === `${b?.gateway?.words}%${b?.link}${b?.onlink}`;
