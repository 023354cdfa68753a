import { OUR_GROUP } from "#config/schema/kinds.ts";
import { fnv1a } from "#lib/fnv1a.ts";
import type { WriteRequest } from "../messages.ts";
import { continueEvent, createEvent } from "./requests.ts";
import { formatTime } from "./time.ts";

/** What happened lately, so that the same again is counted on its first event. */
export interface EventHistory {
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

/** What is to be told. */
export interface Happening {
  /** The same again has the same key. */
  readonly key: string;
  readonly type: "Normal" | "Warning";
  /** One word, for programs. */
  readonly reason: string;
  /** One word: what was being done. */
  readonly action: string;
  /** A sentence, for people. */
  readonly note: string;
  readonly regarding: object;
  readonly related?: object | undefined;
  /** Where several nodes tell the same: the event's name follows from the key, so that it is made once. */
  readonly shared?: boolean;
}

export const noEvents: EventHistory = { series: new Map(), made: 0 };

const SERIES_MS = 600_000;
/** How often one series is written at most. */
const REWRITE_MS = 30_000;
/** What the server takes, in octets. */
const MAX_NOTE = 1024;
const MAX_INSTANCE = 128;
/** Of the node's name in an event's, which has 253 in all. */
const MAX_NAME = 200;

/** What one look at the daemon adds to the events. */
export class EventBook {
  readonly requests: WriteRequest[] = [];
  readonly #node: string;
  readonly #nowMs: number;
  readonly #series: Map<string, Series>;
  #made: number;

  /** @param node that tells @param nowMs since 1970 */
  constructor({ series, made }: EventHistory, node: string, nowMs: number) {
    this.#node = node;
    this.#nowMs = nowMs;
    this.#series = new Map([...series].filter(([, { lastMs }]) => nowMs - lastMs < SERIES_MS));
    this.#made = made;
  }

  /** @param times how often, since the last look */
  happened(happening: Happening, times = 1): void {
    const { key, shared = false } = happening;
    const known = this.#series.get(key);
    if (known !== undefined) {
      this.#series.set(key, { ...known, count: known.count + times, lastMs: this.#nowMs });
      return;
    }
    const event = shared ? `linnet.${hash(key)}` : `${this.#prefix()}.${this.#nowMs.toString(36)}.${this.#made++}`;
    this.#series.set(key, { event, count: times, written: 1, lastMs: this.#nowMs, writtenMs: this.#nowMs });
    this.requests.push(createEvent(event, this.#describe(happening)));
  }

  /** Writes what was counted. */
  close(): EventHistory {
    for (const [key, each] of this.#series) {
      if (each.count === each.written || this.#nowMs - each.writtenMs < REWRITE_MS) continue;
      this.#series.set(key, { ...each, written: each.count, writtenMs: this.#nowMs });
      this.requests.push(continueEvent(each.event, each.count, formatTime(each.lastMs, "micro")));
    }
    return { series: this.#series, made: this.#made };
  }

  /** Names end in a letter or digit before each dot. */
  #prefix(): string {
    return shorten(this.#node, MAX_NAME).replace(/[-.]+$/, "");
  }

  #describe({ type, reason, action, note, regarding, related }: Happening): object {
    return {
      regarding,
      ...(related && { related }),
      type,
      reason,
      action,
      note: shorten(note, MAX_NOTE),
      eventTime: formatTime(this.#nowMs, "micro"),
      reportingController: `${OUR_GROUP}/linnet`,
      reportingInstance: shorten(this.#node, MAX_INSTANCE),
    };
  }
}

/** A Node's events carry its name as uid, as the kubelet's do: that is what `kubectl describe node` looks for. */
export const aboutNode = (name: string): object => ({ apiVersion: "v1", kind: "Node", name, uid: name });

/** As many whole characters as take `maxOctets` in UTF-8 (RFC 3629 §3). */
function shorten(text: string, maxOctets: number): string {
  let [octets, length] = [0, 0];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    octets += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
    if (octets > maxOctets) break;
    length += character.length;
  }
  return text.slice(0, length);
}

/** 64 bits as text. */
const hash = (text: string): string =>
  [fnv1a(text), fnv1a(text, 0x9dc5_811c)].map((half) => half.toString(16).padStart(8, "0")).join("");
