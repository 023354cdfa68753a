import { OUR_API_VERSION, OUR_GROUP } from "#config/schema/kinds.ts";
import type { WriteRequest } from "../messages.ts";
import type { ObservedNode, ObservedSession } from "../ports.ts";
import { continueEvent, createEvent } from "./requests.ts";
import { formatTime } from "./time.ts";

/**
 * Events about sessions that came up or were lost, on the Node. A session of a BGPPeer has its own; the mesh has one for
 * all, told when half of it or more is down: that is this node's trouble, while one lost neighbour would be told by every
 * other node. The same again within `SERIES_MS` is counted on the first event.
 */
export interface EventMemory {
  /** What was up when it was looked at last, by name. */
  readonly up: ReadonlySet<string>;
  readonly series: ReadonlyMap<string, Series>;
  /** Events made so far, for their names. */
  readonly made: number;
}

interface Series {
  readonly event: string;
  readonly count: number;
  readonly written: number;
  readonly lastMs: number;
  readonly writtenMs: number;
}

export const nothingTold: EventMemory = { up: new Set(), series: new Map(), made: 0 };

const SERIES_MS = 600_000;
/** How often one series is written at most. */
const REWRITE_MS = 30_000;

interface Subject {
  readonly name: string;
  readonly up: boolean;
  readonly note: string;
  readonly related: object | undefined;
}

/** @param nowMs since 1970 */
export function sessionEvents(
  memory: EventMemory,
  observed: ObservedNode,
  node: string,
  nowMs: number,
): { readonly memory: EventMemory; readonly requests: readonly WriteRequest[] } {
  const subjects = subjectsOf(observed.sessions);
  const series = new Map([...memory.series].filter(([, { lastMs }]) => nowMs - lastMs < SERIES_MS));
  const requests: WriteRequest[] = [];
  let { made } = memory;
  for (const subject of observed.shuttingDown ? [] : subjects) {
    if (subject.up === memory.up.has(subject.name)) continue;
    const key = `${subject.name} ${subject.up}`;
    const known = series.get(key);
    if (known !== undefined) series.set(key, { ...known, count: known.count + 1, lastMs: nowMs });
    else {
      const event = `${node}.${nowMs.toString(36)}.${made++}`;
      series.set(key, { event, count: 1, written: 1, lastMs: nowMs, writtenMs: nowMs });
      requests.push(createEvent(event, describe(subject, node, nowMs)));
    }
  }
  for (const [key, each] of series) {
    if (each.count === each.written || nowMs - each.writtenMs < REWRITE_MS) continue;
    series.set(key, { ...each, written: each.count, writtenMs: nowMs });
    requests.push(continueEvent(each.event, each.count, formatTime(each.lastMs, "micro")));
  }
  const up = new Set(subjects.filter((subject) => subject.up).map(({ name }) => name));
  return { memory: { up, series, made }, requests };
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

/** A Node's events carry its name as uid, as the kubelet's do: that is what `kubectl describe node` looks for. */
const describe = ({ up, note, related }: Subject, node: string, nowMs: number): object => ({
  regarding: { apiVersion: "v1", kind: "Node", name: node, uid: node },
  ...(related && { related }),
  type: up ? "Normal" : "Warning",
  reason: up ? "BGPSessionEstablished" : "BGPSessionLost",
  action: "Peering",
  note: note.slice(0, 1024),
  eventTime: formatTime(nowMs, "micro"),
  reportingController: `${OUR_GROUP}/linnet`,
  reportingInstance: node,
});
