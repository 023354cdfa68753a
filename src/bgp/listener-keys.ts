import type { Clock, Timer } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { finish, Slices, type Steps } from "#lib/steps.ts";
import { type Address, formatAddress } from "#route/address.ts";
import type { Listener } from "./transport.ts";

/** A TCP-MD5 key (RFC 2385) for calls from one address. */
export interface CallerKey {
  readonly address: Address;
  readonly password: string;
}

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;
/** After so many refusals in one go the others wait, so that thousands of them do not hold the thread. */
const REFUSALS_A_TRY = 100;
/** Of many addresses so many are named. */
const NAMED = 3;

/** The usual reason why the system has no room for one more key on a listener. */
const MANY_KEYS = "(many neighbours with passwords need a higher net.core.optmem_max)";

/**
 * The keys of one listener. What the system refuses is tried again, after one second at first and then after twice as long
 * each time up to a minute, until it is taken or not wanted any more; each refusal and its end are said once.
 */
export class ListenerKeys {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #listener: Listener;
  /** The listener's, for people. */
  readonly #place: string;
  /** What the listener has, by address. */
  readonly #held = new Map<string, CallerKey>();
  /** What it has to get, those first that have waited longest; `reason`: why it was refused. */
  readonly #lacking = new Map<string, CallerKey & { readonly reason: string | undefined }>();
  readonly #slices: Slices;
  /** What `set` was given last, until its turn comes. */
  #newest: ReadonlyMap<string, CallerKey> | undefined;
  #retry: Timer | undefined;
  #retryMs = FIRST_RETRY_MS;

  constructor(world: { readonly clock: Clock; readonly log: Log }, listener: Listener, place: string) {
    this.#clock = world.clock;
    this.#log = world.log;
    this.#listener = listener;
    this.#place = place;
    this.#slices = new Slices(world.clock, 0);
  }

  /**
   * The first ones of a new listener, all at once: a call that comes before its key is there is dropped, and the next one
   * comes a second later.
   */
  begin(wanted: ReadonlyMap<string, CallerKey>): void {
    finish(this.#change(wanted));
  }

  /** @param wanted by address: all keys that the listener shall have, as soon as thousands of them had their turns */
  set(wanted: ReadonlyMap<string, CallerKey>): void {
    const stands = this.#newest !== undefined;
    this.#newest = wanted;
    if (!stands) this.#slices.add(() => this.#change(this.#takeNewest(wanted)), nothing);
  }

  #takeNewest(known: ReadonlyMap<string, CallerKey>): ReadonlyMap<string, CallerKey> {
    const newest = this.#newest ?? known;
    this.#newest = undefined;
    return newest;
  }

  *#change(wanted: ReadonlyMap<string, CallerKey>): Steps<void> {
    const gaveRoom = yield* this.#drop(wanted);
    const added = [...wanted].filter(([name, { password }]) => {
      return (this.#lacking.get(name) ?? this.#held.get(name))?.password !== password;
    });
    for (const [name, key] of added) this.#lacking.set(name, { ...key, reason: undefined });
    yield* this.#try(gaveRoom ? this.#lacking : new Map(added));
  }

  /** What callers from `address` have to sign with; undefined: they need not. */
  passwordFor(address: Address): string | undefined {
    return this.#held.get(formatAddress(address))?.password;
  }

  /** The listener is gone. */
  stop(): void {
    this.#slices.stop();
    this.#retry?.cancel();
  }

  /** @returns whether the listener has a key less */
  *#drop(wanted: ReadonlyMap<string, CallerKey>): Steps<boolean> {
    for (const [name, { password }] of this.#lacking) {
      if (wanted.get(name)?.password !== password) this.#lacking.delete(name);
    }
    const gone = [...this.#held].filter(([name]) => !wanted.has(name));
    for (const [name, { address }] of gone) {
      this.#listener.setPassword(address, undefined);
      this.#held.delete(name);
      yield;
    }
    return gone.length > 0;
  }

  /** @param names of those among the lacking ones whose turn it is */
  *#try(names: ReadonlyMap<string, unknown>): Steps<void> {
    const refused = new Map<string, string[]>();
    const taken: string[] = [];
    let refusals = 0;
    let last: string | undefined;
    for (const [name, key] of [...this.#lacking].filter(([each]) => names.has(each))) {
      yield;
      const isTried = refusals < REFUSALS_A_TRY;
      const reason = isTried ? this.#listener.setPassword(key.address, key.password) : last;
      if (isTried) this.#lacking.delete(name);
      if (reason === undefined) {
        this.#held.set(name, key);
        if (key.reason !== undefined) taken.push(name);
        continue;
      }
      refusals++;
      last = reason;
      this.#lacking.set(name, { ...key, reason }); // who was tried goes behind the others
      if (reason === key.reason) continue;
      const beside = refused.get(reason);
      if (beside === undefined) refused.set(reason, [name]);
      else beside.push(name);
    }
    this.#say(refused, taken);
    this.#wait();
  }

  #wait(): void {
    if (this.#lacking.size === 0) {
      this.#retry?.cancel();
      this.#retry = undefined;
      this.#retryMs = FIRST_RETRY_MS;
      return;
    }
    this.#retry ??= this.#clock.after(this.#retryMs, () => {
      this.#retry = undefined;
      this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
      this.#slices.add(() => this.#try(this.#lacking), nothing);
    });
  }

  #say(refused: ReadonlyMap<string, readonly string[]>, taken: readonly string[]): void {
    for (const [reason, names] of refused) {
      const what = `no TCP-MD5 key for calls from ${some(names)} to ${this.#place}`;
      this.#log.error(`${what}: ${reason} ${MANY_KEYS}; it is tried again until the system takes it`);
    }
    if (taken.length > 0) this.#log.info(`the TCP-MD5 key for calls from ${some(taken)} to ${this.#place} is set`);
  }
}

const nothing = (): void => {};

function some(names: readonly string[]): string {
  const others = names.length - NAMED;
  const named = names.slice(0, NAMED).join(", ");
  return others <= 0 ? named : `${named} and ${others} other${others === 1 ? "" : "s"}`;
}
