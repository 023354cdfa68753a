import { OUR_API_VERSION } from "#config/schema/kinds.ts";
import type { ObservedNode, ObservedSession } from "../ports.ts";
import { aboutNode, type EventBook } from "./event-book.ts";

/** What was up when it was looked at last, by name. */
export type SessionMemory = ReadonlySet<string>;

interface Subject {
  readonly name: string;
  readonly up: boolean;
  readonly note: string;
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
  for (const { name, up, note, related } of observed.shuttingDown ? [] : subjects) {
    if (up === memory.has(name)) continue;
    const [type, reason] = up
      ? (["Normal", "BGPSessionEstablished"] as const)
      : (["Warning", "BGPSessionLost"] as const);
    book.happened({ key: `${name} ${up}`, type, reason, action: "Peering", note, regarding: aboutNode(node), related });
  }
  return new Set(subjects.filter((subject) => subject.up).map(({ name }) => name));
}

function subjectsOf(sessions: readonly ObservedSession[]): Subject[] {
  const mesh = sessions.filter(({ origin }) => origin === "mesh");
  const down = mesh.filter(({ state }) => state !== "Established").length;
  const counted = `${mesh.length - down} of ${mesh.length} sessions with other nodes are established`;
  const whole: Subject = { name: "mesh", up: down * 2 < mesh.length, note: counted, related: undefined };
  const own = sessions.filter(({ origin }) => origin !== "mesh").map(subjectOf);
  return mesh.length === 0 ? own : [...own, whole];
}

function subjectOf({ name, address, state, lastError, source }: ObservedSession): Subject {
  const up = state === "Established";
  const [kind, object] = source.split("/");
  const why = lastError === undefined ? "" : `: ${lastError.text}`;
  return {
    name,
    up,
    note: up ? `session ${name} with ${address} is established` : `session ${name} with ${address} was lost${why}`,
    related: kind === "BGPPeer" ? { apiVersion: OUR_API_VERSION, kind, name: object } : undefined,
  };
}
