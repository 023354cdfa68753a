import { type Address, formatAddress, isLinkLocal, isUnspecified, sameAddress } from "#route/address.ts";
import type { Advertisement, RouterMessage } from "./message.ts";
import * as t from "./timing.ts";

/** A router of the link, as its last advertisement told of it. */
export interface Router {
  readonly address: Address;
  readonly hardwareAddress: string | undefined;
  readonly heardMs: number;
  readonly freshMs: number;
}

interface Answer {
  readonly to: Address;
  readonly atMs: number;
}

/** One interface on which the neighbour is to be found: who is there, and what we have to say, when. */
export interface LinkState {
  /** Our link-local address there; undefined: the link is down, or has none yet. */
  readonly own: Address | undefined;
  /** Oldest first. */
  readonly routers: readonly Router[];
  /** The neighbour, one of them. */
  readonly chosen: Router | undefined;
  /** Addresses that their router gave up for another one. */
  readonly left: readonly string[];
  readonly initialLeft: number;
  readonly advertisedMs: number;
  readonly advertiseAtMs: number;
  readonly answers: readonly Answer[];
  readonly introducedMs: number;
  readonly solicitationsLeft: number;
  readonly solicitAtMs: number;
  /** That there are several routers was said. */
  readonly saidSeveral: boolean;
}

export type LinkEvent =
  /** The link can be used, with this address of ours, or with another one than before. */
  | { readonly kind: "up"; readonly own: Address }
  | { readonly kind: "down" }
  /** @param established the session with the chosen neighbour stands */
  | {
      readonly kind: "heard";
      readonly from: Address;
      readonly message: RouterMessage;
      readonly established: boolean;
    }
  /** `dueMs` has come. */
  | { readonly kind: "due" };

export type LinkEffect =
  | { readonly kind: "solicit" }
  /** @param to undefined: all nodes of the link */
  | { readonly kind: "advertise"; readonly to: Address | undefined }
  | { readonly kind: "several"; readonly routers: readonly Router[] };

export interface LinkStep {
  readonly next: LinkState;
  readonly effects: readonly LinkEffect[];
}

/** What a step may know beside the event. */
export interface Moment {
  readonly nowMs: number;
  /** From 0 to 1. */
  readonly random: number;
}

export const downState: LinkState = {
  own: undefined,
  routers: [],
  chosen: undefined,
  left: [],
  initialLeft: 0,
  advertisedMs: -Infinity,
  advertiseAtMs: Infinity,
  answers: [],
  introducedMs: -Infinity,
  solicitationsLeft: 0,
  solicitAtMs: Infinity,
  saidSeveral: false,
};

/** When a step with `due` is wanted. */
export const dueMs = ({ advertiseAtMs, solicitAtMs, answers }: LinkState): number =>
  Math.min(advertiseAtMs, solicitAtMs, ...answers.map(({ atMs }) => atMs));

/** Pure: equal arguments give equal steps. */
export function step(state: LinkState, event: LinkEvent, moment: Moment): LinkStep {
  switch (event.kind) {
    case "up":
      return up(state, event.own, moment);
    case "down":
      return { next: { ...downState, advertisedMs: state.advertisedMs }, effects: [] };
    case "heard":
      return state.own === undefined || sameAddress(event.from, state.own)
        ? { next: state, effects: [] }
        : heard(state, event, moment);
    case "due":
      return due(state, moment);
  }
}

/**
 * Says at once that we are there, and asks who is (RFC 4861 §6.2.4, §6.3.7). Where we only have another address, the
 * neighbour learns it at once, too.
 */
function up(state: LinkState, own: Address, { nowMs }: Moment): LinkStep {
  const begun: LinkState = {
    ...state,
    own,
    initialLeft: t.INITIAL_ADVERTISEMENTS,
    advertiseAtMs: Math.max(nowMs, state.advertisedMs + t.LEAST_BETWEEN_MS),
    solicitationsLeft: t.SOLICITATIONS,
    solicitAtMs: nowMs,
  };
  const { next, effects } = due(begun, { nowMs, random: 1 });
  const told = next.advertisedMs === nowMs || state.chosen === undefined;
  return { next, effects: told ? effects : [...effects, { kind: "advertise", to: state.chosen.address }] };
}

function due(state: LinkState, { nowMs, random }: Moment): LinkStep {
  const effects: LinkEffect[] = [];
  let next = state;
  if (next.solicitAtMs <= nowMs) {
    effects.push({ kind: "solicit" });
    const solicitationsLeft = next.solicitationsLeft - 1;
    const solicitAtMs = solicitationsLeft > 0 ? nowMs + t.SOLICITATION_INTERVAL_MS : Infinity;
    next = { ...next, solicitationsLeft, solicitAtMs };
  }
  if (next.advertiseAtMs <= nowMs) {
    effects.push({ kind: "advertise", to: undefined });
    const initialLeft = Math.max(0, next.initialLeft - 1);
    const intervalMs = initialLeft > 0 ? t.LEAST_BETWEEN_MS : t.LONGEST_INTERVAL_MS * (0.75 + random / 4);
    next = { ...next, initialLeft, advertisedMs: nowMs, advertiseAtMs: nowMs + intervalMs, answers: [] };
  }
  const late = next.answers.filter(({ atMs }) => atMs <= nowMs);
  for (const { to } of late) effects.push({ kind: "advertise", to });
  if (late.length > 0) next = { ...next, answers: next.answers.filter((answer) => !late.includes(answer)) };
  return { next, effects };
}

function heard(state: LinkState, event: LinkEvent & { kind: "heard" }, moment: Moment): LinkStep {
  const { from, message } = event;
  if (message.kind === "solicitation")
    return { next: answer(state, from, message.hardwareAddress, moment), effects: [] };
  // RFC 4861 §6.1.2: an advertisement comes from a link-local address
  return isLinkLocal(from) ? advertised(state, from, message, event.established, moment) : { next: state, effects: [] };
}

/** To the one who asked, after a moment; to all where it has no address yet (RFC 4861 §6.2.6). */
function answer(state: LinkState, from: Address, hardware: string | undefined, { nowMs, random }: Moment): LinkState {
  const atMs = nowMs + random * t.LONGEST_ANSWER_MS;
  if (!isLinkLocal(from)) {
    if (!isUnspecified(from) || hardware !== undefined) return state; // §6.1.1 for the latter
    const soonestMs = Math.max(atMs, state.advertisedMs + t.LEAST_BETWEEN_MS);
    return { ...state, advertiseAtMs: Math.min(state.advertiseAtMs, soonestMs) };
  }
  if (state.answers.length >= t.MOST_ANSWERS || state.answers.some(({ to }) => sameAddress(to, from))) return state;
  return { ...state, answers: [...state.answers, { to: from, atMs }] };
}

function advertised(
  state: LinkState,
  from: Address,
  { hardwareAddress, lifetimeSeconds }: Advertisement,
  established: boolean,
  { nowMs }: Moment,
): LinkStep {
  const freshMs = nowMs + Math.max(t.FRESH_MS, lifetimeSeconds * 1000);
  const router: Router = { address: from, hardwareAddress, heardMs: nowMs, freshMs };
  const known = state.routers.some(({ address }) => sameAddress(address, from));
  let next = moved({ ...state, routers: withRouter(state, router), solicitAtMs: Infinity }, router);
  next = { ...next, chosen: choose(next, established && next.chosen === state.chosen, nowMs) };
  const effects: LinkEffect[] = [];
  // It may be that it has only begun: it learns of us at once, and not at our next interval.
  if (!known || (!established && nowMs - state.introducedMs >= t.LONGEST_INTERVAL_MS)) {
    effects.push({ kind: "advertise", to: from });
    next = { ...next, introducedMs: nowMs };
  }
  const there = next.routers.filter((each) => each.freshMs > nowMs);
  if (there.length > 1 && !next.saidSeveral) {
    effects.push({ kind: "several", routers: there });
    next = { ...next, saidSeveral: true };
  }
  return { next, effects };
}

function withRouter({ routers, chosen }: LinkState, router: Router): Router[] {
  const others = routers.filter(({ address }) => !sameAddress(address, router.address));
  const all = [...others, router].sort((a, b) => a.heardMs - b.heardMs);
  if (all.length <= t.MOST_ROUTERS) return all;
  const oldest = all.find((each) => chosen === undefined || !sameAddress(each.address, chosen.address));
  return all.filter((each) => each !== oldest);
}

/**
 * One hardware address is one router: where it speaks from another address, that is the neighbour's now, and the session
 * that runs to the one before is dead. Unless the former comes back: then several routers share the hardware address.
 */
function moved(state: LinkState, router: Router): LinkState {
  const { chosen, left } = state;
  const { address, hardwareAddress } = router;
  if (chosen === undefined || sameAddress(chosen.address, address)) return state;
  const same = hardwareAddress !== undefined && hardwareAddress === chosen.hardwareAddress;
  if (!same || left.includes(formatAddress(address))) return state;
  const routers = state.routers.filter((each) => !sameAddress(each.address, chosen.address));
  return { ...state, routers, chosen: router, left: [...left, formatAddress(chosen.address)].slice(-t.MOST_ROUTERS) };
}

/** The one whose session stands; else the lowest address of those that are there; else the one before. */
function choose({ chosen, routers }: LinkState, established: boolean, nowMs: number): Router | undefined {
  const current = chosen && routers.find(({ address }) => sameAddress(address, chosen.address));
  if (established && current !== undefined) return current;
  const there = routers.filter(({ freshMs }) => freshMs > nowMs).sort((a, b) => compare(a.address, b.address));
  return there[0] ?? current;
}

function compare(a: Address, b: Address): number {
  const at = a.words.findIndex((word, index) => word !== b.words[index]);
  return (a.words[at] ?? 0) - (b.words[at] ?? 0);
}
