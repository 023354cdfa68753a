import { OUR_API_VERSION } from "#config/schema/kinds.ts";
import type { ObservedNode, ObservedSession } from "../ports.ts";
import { aboutNode, type EventBook } from "./event-book.ts";

/** What each was when it was looked at last, by name. */
export type SessionMemory = ReadonlyMap<string, Seen>;

interface Seen {
  readonly up: boolean;
  readonly sinceMs: number;
  /** Losses so far. */
  readonly flaps: number;
}

export const noSessions: SessionMemory = new Map();
const NEVER: Seen = { up: false, sinceMs: 0, flaps: 0 };

interface Subject extends Seen {
  readonly name: string;
  /** What to say where it was lost, and where it came. */
  readonly notes: { readonly lost: string; readonly established: string };
  readonly related: object | undefined;
}

/**
 * Events about sessions that came up or were lost, on the Node. A session of a BGPPeer has its own; the mesh has one for
 * all, told when half of it or more is down: that is this node's trouble, while one lost neighbour would be told by every
 * other node.
 */
export function sessionEvents(
  memory: SessionMemory,
  observed: ObservedNode,
  book: EventBook,
  node: string,
): SessionMemory {
  const subjects = subjectsOf(observed.sessions);
  for (const subject of observed.shuttingDown ? [] : subjects) {
    const { name, notes, related } = subject;
    const { lost, established } = between(memory.get(name) ?? NEVER, subject);
    const about = { action: "Peering", regarding: aboutNode(node), related };
    if (lost > 0) {
      const reason = "BGPSessionLost";
      book.happened({ key: `${name} lost`, type: "Warning", reason, note: notes.lost, ...about }, lost);
    }
    if (established > 0) {
      const reason = "BGPSessionEstablished";
      const note = notes.established;
      book.happened({ key: `${name} established`, type: "Normal", reason, note, ...about }, established);
    }
  }
  return new Map(subjects.map(({ name, up, sinceMs, flaps }) => [name, { up, sinceMs, flaps }]));
}

/** How often it came and went; what is counted anew may still be seen to be another session than before. */
function between(before: Seen, now: Seen): { lost: number; established: number } {
  const ended = before.up && (!now.up || now.sinceMs !== before.sinceMs);
  const lost = Math.max(now.flaps - before.flaps, ended ? 1 : 0);
  return { lost, established: lost + Number(now.up) - Number(before.up) };
}

function subjectsOf(sessions: readonly ObservedSession[]): Subject[] {
  const mesh = sessions.filter(({ origin }) => origin === "mesh");
  const down = mesh.filter(({ state }) => state !== "Established").length;
  const counted = `${mesh.length - down} of ${mesh.length} sessions with other nodes are established`;
  const notes = { lost: counted, established: counted };
  const whole: Subject = { name: "mesh", up: down * 2 < mesh.length, sinceMs: 0, flaps: 0, notes, related: undefined };
  const own = sessions.filter(({ origin }) => origin !== "mesh").map(subjectOf);
  return mesh.length === 0 ? own : [...own, whole];
}

function subjectOf({ name, address, state, sinceMs, flaps, lostBy, source }: ObservedSession): Subject {
  const [kind, object] = source.split("/");
  const why = lostBy === undefined ? "" : `: ${lostBy}`;
  return {
    name,
    up: state === "Established",
    sinceMs,
    flaps,
    notes: {
      lost: `session ${name} with ${address} was lost${why}`,
      established: `session ${name} with ${address} is established`,
    },
    related: kind === "BGPPeer" ? { apiVersion: OUR_API_VERSION, kind, name: object } : undefined,
  };
}
