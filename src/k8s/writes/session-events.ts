import { OUR_API_VERSION } from "#config/schema/kinds.ts";
import type { ObservedNode, ObservedSession } from "../ports.ts";
import { aboutNode, type EventBook } from "./event-book.ts";

/** What was up when it was looked at last, and since when, by name. */
export type SessionMemory = ReadonlyMap<string, number>;

export const noSessions: SessionMemory = new Map();

interface Subject {
  readonly name: string;
  readonly up: boolean;
  readonly sinceMs: number;
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
  for (const { name, up, sinceMs, notes, related } of observed.shuttingDown ? [] : subjects) {
    const before = memory.get(name);
    if (up ? before === sinceMs : before === undefined) continue;
    const about = { action: "Peering", regarding: aboutNode(node), related };
    if (before !== undefined)
      book.happened({ key: `${name} lost`, type: "Warning", reason: "BGPSessionLost", note: notes.lost, ...about });
    if (up) {
      const reason = "BGPSessionEstablished";
      book.happened({ key: `${name} established`, type: "Normal", reason, note: notes.established, ...about });
    }
  }
  return new Map(subjects.filter(({ up }) => up).map(({ name, sinceMs }) => [name, sinceMs]));
}

function subjectsOf(sessions: readonly ObservedSession[]): Subject[] {
  const mesh = sessions.filter(({ origin }) => origin === "mesh");
  const down = mesh.filter(({ state }) => state !== "Established").length;
  const counted = `${mesh.length - down} of ${mesh.length} sessions with other nodes are established`;
  const notes = { lost: counted, established: counted };
  const whole: Subject = { name: "mesh", up: down * 2 < mesh.length, sinceMs: 0, notes, related: undefined };
  const own = sessions.filter(({ origin }) => origin !== "mesh").map(subjectOf);
  return mesh.length === 0 ? own : [...own, whole];
}

function subjectOf({ name, address, state, sinceMs, lastError, source }: ObservedSession): Subject {
  const [kind, object] = source.split("/");
  const why = lastError === undefined ? "" : `: ${lastError.text}`;
  return {
    name,
    up: state === "Established",
    sinceMs,
    notes: {
      lost: `session ${name} with ${address} was lost${why}`,
      established: `session ${name} with ${address} is established`,
    },
    related: kind === "BGPPeer" ? { apiVersion: OUR_API_VERSION, kind, name: object } : undefined,
  };
}
