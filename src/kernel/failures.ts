import type { Log } from "#lib/log.ts";
import { protocolName } from "./protocols.ts";

/** Why a route is not in the kernel. */
export interface Failure {
  /** `ENETUNREACH`; `EEXIST` also where we yielded to another's route. */
  readonly code: string;
  /** One sentence without the prefix. */
  readonly reason: string;
  /** How often it was tried. */
  readonly tries: number;
  /** When it is tried again, in the clock's milliseconds. */
  readonly retryAtMs: number;
}

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;

/** Refused routes of one family by their number in the store, with a back-off each; every reason is logged once. */
export class Failures {
  readonly #log: Log;
  readonly #failures = new Map<number, Failure>();
  /** Routes per reason. */
  readonly #reasons = new Map<string, number>();

  constructor(log: Log) {
    this.#log = log;
  }

  get size(): number {
    return this.#failures.size;
  }

  get(id: number): Failure | undefined {
    return this.#failures.get(id);
  }

  /** The next try is due after 1 s, doubling up to a minute. */
  note(id: number, prefix: string, code: string, reason: string, nowMs: number): void {
    const tries = (this.#failures.get(id)?.tries ?? 0) + 1;
    this.clear(id);
    const wait = Math.min(FIRST_RETRY_MS * 2 ** (tries - 1), LAST_RETRY_MS);
    this.#failures.set(id, { code, reason, tries, retryAtMs: nowMs + wait });
    const count = (this.#reasons.get(reason) ?? 0) + 1;
    this.#reasons.set(reason, count);
    if (count > 1 || tries > 1) return;
    this.#log.warn(`route ${prefix} is not in the kernel: ${reason}`, { code });
  }

  clear(id: number): void {
    const failure = this.#failures.get(id);
    if (failure === undefined) return;
    this.#failures.delete(id);
    const left = this.#reasons.get(failure.reason)! - 1;
    if (left > 0) this.#reasons.set(failure.reason, left);
    else this.#reasons.delete(failure.reason);
  }

  /** Routes whose time has come; they stay failures until they succeed. */
  due(nowMs: number): number[] {
    const ids: number[] = [];
    for (const [id, { retryAtMs }] of this.#failures) if (retryAtMs <= nowMs) ids.push(id);
    return ids;
  }

  all(): IterableIterator<number> {
    return this.#failures.keys();
  }

  /** `Nexthop has invalid gateway` with the number of routes it keeps out, for status. */
  reasons(): readonly { readonly reason: string; readonly routes: number }[] {
    return [...this.#reasons].map(([reason, routes]) => ({ reason, routes }));
  }
}

/** The sentence for a refusal. @param text the kernel's own, often empty */
export function refusalReason(code: string, text: string): string {
  return text === "" ? `${meanings[code] ?? "refused"} (${code})` : `${text} (${code})`;
}

export const heldReason = (protocol: number): string =>
  `another route with the same prefix and metric is there, from ${protocolName(protocol)}`;

const meanings: Readonly<Record<string, string>> = {
  EACCES: "not allowed",
  EEXIST: "another route with the same prefix and metric is there",
  EINVAL: "invalid argument",
  ENETDOWN: "the interface is down",
  ENETUNREACH: "the next hop is not reachable on its interface",
  ENODEV: "the interface is gone",
  ENOMEM: "the kernel has no memory",
  ENOSPC: "the kernel's routing table is full",
  EPERM: "not allowed: CAP_NET_ADMIN is missing",
};
