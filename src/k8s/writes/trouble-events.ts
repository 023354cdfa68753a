import { type Kind, kinds } from "#config/schema/kinds.ts";
import type { ObservedTrouble } from "../ports.ts";
import { aboutNode, type EventBook } from "./event-book.ts";

interface Known {
  readonly sinceMs: number;
  readonly told: boolean;
  /** Which of those who tell it this node is; undefined: none. */
  readonly turn: number | undefined;
}

/** When each trouble that lasts was seen first and whether it was told, by key. */
export type TroubleMemory = ReadonlyMap<string, Known>;

export const noTrouble: TroubleMemory = new Map();

/** Who tells, and when. */
interface TroubleTeller {
  readonly node: string;
  /** `writerRank` of this node among those that an object concerns; asked once for each trouble. */
  rank(object: string | undefined): number | undefined;
  /** Since 1970. */
  readonly nowMs: number;
}

/** How much longer each further writer waits: it finds what the one before it wrote. */
const WAIT_PER_RANK_MS = 30_000;
/** Troubles that are told of at a time. */
const MAX_TROUBLES = 32;

/**
 * Events about what is wrong for longer: told once while it lasts. What every node sees alike, such as an invalid object,
 * is told by a few nodes, and what is wrong with a Node by that node first; their events have the same name.
 */
export function troubleEvents(
  memory: TroubleMemory,
  troubles: readonly ObservedTrouble[],
  book: EventBook,
  teller: TroubleTeller,
): TroubleMemory {
  const { node, nowMs } = teller;
  const next = new Map<string, Known>();
  for (const trouble of troubles.slice(0, MAX_TROUBLES)) {
    const { object } = trouble;
    const shared = object !== undefined;
    const key = `${object ?? ""} ${trouble.reason} ${trouble.note}`;
    const isOwn = !shared || object === `Node/${node}`;
    const known = memory.get(key) ?? { sinceMs: nowMs, told: false, turn: isOwn ? 0 : teller.rank(object) };
    const { sinceMs, told, turn } = known;
    const due = turn !== undefined && !told && nowMs - sinceMs >= turn * WAIT_PER_RANK_MS;
    next.set(key, { ...known, told: told || due });
    if (!due) continue;
    const { reason, note } = trouble;
    const regarding = trouble.object === undefined ? aboutNode(node) : aboutObject(trouble.object);
    book.happened({ key, type: "Warning", reason, action: "Configuring", note, regarding, shared });
  }
  return next;
}

/** @param name as in remarks: `BGPPeer/tor` */
function aboutObject(name: string): object {
  const [kind = "", ...rest] = name.split("/");
  const object = rest.join("/");
  if (kind === "Node") return aboutNode(object);
  const info = Object.hasOwn(kinds, kind) ? kinds[kind as Kind] : undefined;
  return { apiVersion: info?.apiVersion ?? "v1", kind, name: object };
}
