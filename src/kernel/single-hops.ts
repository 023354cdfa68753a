import type { Hop } from "#route/hop-set.ts";

/** A nexthop object of one hop, of which groups are made. */
export interface SingleHop {
  readonly id: number;
  readonly hop: Hop;
  /** It stands by in groups: no packet takes it while the other member is there. */
  readonly isGuard: boolean;
  users: number;
}

/** Ids of one family's single hops, counted from its base: hops, and hops that stand by. */
const HOPS = 0x8000;
const GUARDS = 0x10000;
const IDS = 0x4000;

/** The single hops of one family that the kernel has, each made once for its use and shared by groups. */
export class SingleHops {
  readonly #base: number;
  readonly #byId = new Map<number, SingleHop>();
  readonly #byKey = new Map<string, SingleHop>();
  /** Ids in our range that others use. */
  readonly #taken: ReadonlySet<number>;

  constructor(base: number, taken: ReadonlySet<number>) {
    this.#base = base;
    this.#taken = taken;
  }

  /** Does the id lie in our range? */
  owns(id: number): boolean {
    return this.#isIn(id, HOPS) || this.isGuard(id);
  }

  isGuard(id: number): boolean {
    return this.#isIn(id, GUARDS);
  }

  #isIn(id: number, range: number): boolean {
    return id > this.#base + range && id < this.#base + range + IDS;
  }

  get(id: number): SingleHop | undefined {
    return this.#byId.get(id);
  }

  has(id: number): boolean {
    return this.#byId.has(id);
  }

  /** One more group is made of `hop`. @returns its object; new ones have no other user */
  hold(hop: Hop, isGuard: boolean): SingleHop {
    const key = keyOf(hop, isGuard);
    const single = this.#byKey.get(key) ?? this.#add({ id: this.#freeId(isGuard), hop, isGuard, users: 0 });
    single.users++;
    return single;
  }

  /** One group less is made of each of them. */
  leave(ids: readonly number[]): void {
    for (const id of ids) {
      const single = this.#byId.get(id);
      if (single !== undefined) single.users--;
    }
  }

  /** Takes over what the kernel has. */
  adopt(id: number, hop: Hop): void {
    this.#add({ id, hop, isGuard: this.isGuard(id), users: 0 });
  }

  #add(single: SingleHop): SingleHop {
    const key = keyOf(single.hop, single.isGuard);
    this.#byId.set(single.id, single);
    if (!this.#byKey.has(key)) this.#byKey.set(key, single);
    return single;
  }

  /** Forgets those of which no group is made. */
  takeUnused(): number[] {
    return this.#forgetAll((single) => single.users <= 0);
  }

  /** Forgets those over a link. */
  takeLink(link: number): number[] {
    return this.#forgetAll(({ hop }) => hop.link === link);
  }

  forget(id: number): void {
    this.#forgetAll((single) => single.id === id);
  }

  #forgetAll(which: (single: SingleHop) => boolean): number[] {
    const gone = [...this.#byId.values()].filter(which);
    for (const single of gone) {
      const key = keyOf(single.hop, single.isGuard);
      this.#byId.delete(single.id);
      if (this.#byKey.get(key) === single) this.#byKey.delete(key);
    }
    return gone.map(({ id }) => id);
  }

  clear(): void {
    this.#byId.clear();
    this.#byKey.clear();
  }

  #freeId(isGuard: boolean): number {
    let id = this.#base + (isGuard ? GUARDS : HOPS) + 1;
    while (this.#byId.has(id) || this.#taken.has(id)) id++;
    return id;
  }
}

const keyOf = (hop: Hop, isGuard: boolean): string =>
  `${hop.gateway?.words}%${hop.link}${hop.onlink ? "!" : ""}${isGuard ? " guard" : ""}`;
