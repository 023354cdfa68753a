import type { Family } from "#route/family.ts";
import { Cease, ErrorCode, type Notification } from "../wire/notification.ts";
import type { AgreedRestart } from "./negotiate.ts";
import type { Ending } from "./session.ts";

/** What we keep of one neighbour that went away, or is sending its routes anew (RFC 4724 §4.2, RFC 7313 §4). */
export interface Helper {
  /** The session is down and routes are kept: the restart timer runs. */
  readonly away: boolean;
  /** Families with routes that the neighbour has not confirmed yet. */
  readonly stale: readonly Family[];
  /** The stale timer runs. */
  readonly bounded: boolean;
}

export const noHelp: Helper = { away: false, stale: [], bounded: false };

export type HelperEvent =
  /** @param agreed of the session that ended */
  | { readonly kind: "down"; readonly ending: Ending; readonly agreed: AgreedRestart | undefined }
  /** @param agreed of the new session */
  | { readonly kind: "up"; readonly agreed: AgreedRestart | undefined; readonly staleMs: number }
  /** End-of-RIB, or the end of a refresh (EoRR). */
  | { readonly kind: "allSent"; readonly family: Family }
  /** The neighbour begins to send everything again (BoRR). */
  | { readonly kind: "refreshBegins"; readonly family: Family; readonly staleMs: number }
  | { readonly kind: "restartExpired" }
  | { readonly kind: "staleExpired" }
  /** It will not be back: disabled, removed, or known to be dead. */
  | { readonly kind: "forget" };

export type HelperEffect =
  /** Routes of these families stay as stale ones, all others go: the answer to every `down`. */
  | { readonly kind: "retain"; readonly families: readonly Family[] }
  /** Of what was kept, this is still to be confirmed, the rest goes: the answer to every `up`. */
  | { readonly kind: "keep"; readonly families: readonly Family[] }
  | { readonly kind: "markStale" | "sweep"; readonly family: Family }
  | { readonly kind: "arm"; readonly timer: "restart" | "stale"; readonly ms: number }
  | { readonly kind: "disarm"; readonly timer: "restart" | "stale" };

export interface HelperStep {
  readonly next: Helper;
  readonly effects: readonly HelperEffect[];
}

export function help(helper: Helper, event: HelperEvent): HelperStep {
  switch (event.kind) {
    case "down":
      return goneAway(helper, event.ending, event.agreed);
    case "up":
      return cameBack(helper, event.agreed, event.staleMs);
    case "allSent":
      return confirmed(helper, event.family);
    case "refreshBegins":
      return refreshing(helper, event.family, event.staleMs);
    case "restartExpired":
    case "forget":
      return giveUp(helper);
    case "staleExpired":
      return giveUp(helper);
  }
}

const noTimers: readonly HelperEffect[] = [
  { kind: "disarm", timer: "restart" },
  { kind: "disarm", timer: "stale" },
];

const sweeps = (helper: Helper): HelperEffect[] => helper.stale.map((family) => ({ kind: "sweep", family }));

/**
 * A restart during a restart keeps what the first one kept, but does not prolong the stale timer: RFC 4724 §4.2 has
 * the older routes deleted to that end, which costs packets that the neighbour would still have forwarded.
 */
function goneAway(helper: Helper, ending: Ending, agreed: AgreedRestart | undefined): HelperStep {
  const families = agreed !== undefined && survives(ending, agreed) ? agreed.families : [];
  const retain: HelperEffect = { kind: "retain", families };
  if (agreed === undefined || families.length === 0) return { next: noHelp, effects: [retain, ...noTimers] };
  return {
    next: { away: true, stale: families, bounded: helper.bounded },
    effects: [retain, { kind: "arm", timer: "restart", ms: agreed.restartMs }],
  };
}

/** RFC 4724 §4.2: what the new session does not say it kept is deleted at once. */
function cameBack(helper: Helper, agreed: AgreedRestart | undefined, staleMs: number): HelperStep {
  const families = helper.stale.filter((family) => agreed?.forwarding.includes(family));
  const keep: HelperEffect = { kind: "keep", families };
  if (families.length === 0) return { next: noHelp, effects: [keep, ...noTimers] };
  const effects: HelperEffect[] = [keep, { kind: "disarm", timer: "restart" }];
  if (!helper.bounded) effects.push({ kind: "arm", timer: "stale", ms: staleMs });
  return { next: { away: false, stale: families, bounded: true }, effects };
}

function confirmed(helper: Helper, family: Family): HelperStep {
  if (!helper.stale.includes(family)) return { next: helper, effects: [] };
  const stale = helper.stale.filter((other) => other !== family);
  const sweep: HelperEffect = { kind: "sweep", family };
  if (stale.length === 0) return { next: noHelp, effects: [sweep, ...noTimers] };
  return { next: { ...helper, stale }, effects: [sweep] };
}

/** RFC 7313 §4: bounded like a restart, should the end never come. */
function refreshing(helper: Helper, family: Family, staleMs: number): HelperStep {
  const stale = helper.stale.includes(family) ? helper.stale : [...helper.stale, family];
  const effects: HelperEffect[] = [
    { kind: "markStale", family },
    { kind: "arm", timer: "stale", ms: staleMs },
  ];
  return { next: { away: false, stale, bounded: true }, effects };
}

const giveUp = (helper: Helper): HelperStep => ({ next: noHelp, effects: [...sweeps(helper), ...noTimers] });

/** Does a session's end leave the neighbour's routes usable (RFC 4724 §4.2, RFC 8538 §4)? */
function survives(ending: Ending, agreed: AgreedRestart): boolean {
  if (ending.kind === "lost" || ending.kind === "closed") return true;
  return agreed.notification && !isHardReset(ending.notification);
}

const isHardReset = ({ code, subcode }: Notification): boolean =>
  code === ErrorCode.cease && subcode === Cease.hardReset;

/** Cease reasons that end a session for good, so that a Hard Reset carries them (RFC 8538 §5.1). */
const lasting: readonly number[] = [Cease.maximumPrefixes, Cease.administrativeShutdown, Cease.peerDeconfigured];

export const endsForGood = ({ code, subcode }: Notification): boolean =>
  code === ErrorCode.cease && lasting.includes(subcode);
