import type { Clock, Timer } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { finish, Slices, type Steps } from "#lib/steps.ts";
import type { WriteOutcome, WriteRequest } from "../messages.ts";
import type { ObservedNode } from "../ports.ts";
import { EventBook, noEvents } from "./event-book.ts";
import { type NetworkCondition, networkCondition } from "./network-condition.ts";
import { changeOf, type NodeStatus, nodeStatus } from "./node-status.ts";
import { Outbox } from "./outbox.ts";
import { apply, getNode, getNodeStatus, patchNodeCondition } from "./requests.ts";
import { noSessions, type SessionMemory, sessionEvents } from "./session-events.ts";
import { formatTime } from "./time.ts";
import { noTrouble, troubleEvents } from "./trouble-events.ts";

export interface NodeWriterParts {
  readonly nodeName: string;
  readonly clock: Clock;
  readonly log: Log;
  observe(): Steps<ObservedNode>;
  /** `writerRank` of this node, now, among those that an object concerns. */
  rank(object: string | undefined): number | undefined;
  send(request: WriteRequest): Promise<WriteOutcome>;
}

/** How often the daemon is looked at. */
const LOOK_MS = 2_000;
/** How often the status is written at most: for a session that came or went, and for numbers alone. */
const STATE_MS = 5_000;
const COUNTS_MS = 60_000;
/** How many events may wait for a server that is away. */
const MAX_EVENTS = 64;
/** How long the last writes may take at the end. */
const LAST_WRITE_MS = 2_000;

/** Writes what the API server is told of this node: the Node's condition, its BGPNodeStatus, Events. */
export class NodeWriter {
  readonly #parts: NodeWriterParts;
  readonly #condition: Outbox;
  readonly #status: Outbox;
  readonly #events: Outbox;
  #saidReason = "";
  #saidStatus: NodeStatus | undefined;
  #statusMs = 0;
  /** The BGPNodeStatus is there. */
  #knowsObject = false;
  /** The condition as the server has it; undefined before it was asked. */
  #told: TimedCondition | undefined;
  #sessions: SessionMemory = noSessions;
  #troubles = noTrouble;
  #history = noEvents;
  #timer: Timer | undefined;
  #isStopping = false;
  readonly #slices: Slices;

  constructor(parts: NodeWriterParts) {
    this.#parts = parts;
    const { clock, log, nodeName } = parts;
    this.#slices = new Slices(clock);
    this.#condition = new Outbox(clock, log, `the condition NetworkUnavailable of Node/${nodeName}`, 1);
    this.#status = new Outbox(clock, log, `BGPNodeStatus/${nodeName}`, 1);
    this.#events = new Outbox(clock, log, "Events", MAX_EVENTS);
  }

  start(): void {
    this.#look();
  }

  /** Says that the daemon stops, as far as the server takes it in time. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#timer?.cancel();
    const observed = { ...finish(this.#parts.observe()), shuttingDown: true };
    this.#writeCondition(observed);
    this.#writeStatus(observed, true);
    const outboxes = [this.#condition, this.#status, this.#events];
    let late: Timer | undefined;
    const tooLate = new Promise<void>((resolve) => {
      late = this.#parts.clock.after(LAST_WRITE_MS, resolve);
    });
    await Promise.race([Promise.all(outboxes.map((outbox) => outbox.flush())), tooLate]);
    late?.cancel();
    for (const outbox of outboxes) outbox.close();
  }

  #look(): void {
    this.#slices.add(
      () => this.#parts.observe(),
      (observed) => this.#seen(observed),
    );
  }

  #seen(observed: ObservedNode): void {
    if (this.#isStopping) return;
    this.#writeCondition(observed);
    this.#writeStatus(observed, false);
    this.#writeEvents(observed);
    this.#timer = this.#parts.clock.after(LOOK_MS, () => this.#look());
  }

  #writeCondition(observed: ObservedNode): void {
    const { clock } = this.#parts;
    const said = networkCondition(observed, clock.wallMs());
    if (said.reason === this.#saidReason) return;
    this.#saidReason = said.reason;
    this.#condition.put(() => this.#sendCondition(said));
  }

  /** An earlier daemon may have said the same: then it is not said again, and since when it is so stays true. */
  async #sendCondition(said: NetworkCondition): Promise<WriteOutcome> {
    const { clock, nodeName, send } = this.#parts;
    if (this.#told === undefined) {
      const node = await send(getNode(nodeName));
      if (!node.ok) return node;
      this.#told = conditionOf(node.body, "NetworkUnavailable") ?? { status: "", reason: "" };
    }
    const { status, reason, lastTransitionTime } = this.#told;
    if (status === said.status && reason === said.reason) return { ok: true, body: undefined };
    const time = formatTime(clock.wallMs());
    const since = (status === said.status && lastTransitionTime) || time;
    const condition = { type: "NetworkUnavailable", ...said, lastHeartbeatTime: time, lastTransitionTime: since };
    const outcome = await send(patchNodeCondition(nodeName, condition));
    if (outcome.ok) this.#told = condition;
    return outcome;
  }

  #writeStatus(observed: ObservedNode, now: boolean): void {
    const nowMs = this.#parts.clock.wallMs();
    const status = nodeStatus(observed, nowMs, this.#saidStatus);
    const change = this.#saidStatus === undefined ? "state" : changeOf(this.#saidStatus, status);
    const wait = change === "counts" ? COUNTS_MS : STATE_MS;
    if (change === "none" || (!now && nowMs - this.#statusMs < wait)) return;
    this.#saidStatus = status;
    this.#statusMs = nowMs;
    this.#status.put(() => this.#sendStatus(status));
  }

  /** The object is made where there is none; it goes with the Node, as its owner. */
  async #sendStatus(status: NodeStatus): Promise<WriteOutcome> {
    const { nodeName, send } = this.#parts;
    const known = this.#knowsObject ? undefined : await send(getNodeStatus(nodeName));
    if (known !== undefined && !known.ok && known.code !== 404) return known;
    const request = apply("bgpnodestatuses", "BGPNodeStatus", nodeName, { status: this.#sinceBefore(status, known) });
    if (known?.ok !== false) {
      const outcome = await send(request);
      this.#knowsObject ||= outcome.ok;
      if (outcome.ok || outcome.code !== 404) return outcome;
    }
    const node = await send(getNode(nodeName));
    if (!node.ok) return node;
    const uid = (node.body as { metadata?: { uid?: string } }).metadata?.uid ?? "";
    const ownerReferences = [{ apiVersion: "v1", kind: "Node", name: nodeName, uid }];
    const made = await send(apply("bgpnodestatuses", "BGPNodeStatus", nodeName, { metadata: { ownerReferences } }));
    if (!made.ok) return { ...made, retryable: made.retryable || made.code === 404 }; // 404: our kinds are to come
    this.#knowsObject = true;
    return send(request);
  }

  /** Since when the node is ready, or not, where an earlier daemon said the same. */
  #sinceBefore(status: NodeStatus, known: WriteOutcome | undefined): NodeStatus {
    const [ready] = status.conditions;
    const before = known?.ok === true ? conditionOf(known.body, "Ready") : undefined;
    if (before?.status !== ready.status || before.lastTransitionTime === undefined) return status;
    const kept: NodeStatus = { ...status, conditions: [{ ...ready, lastTransitionTime: before.lastTransitionTime }] };
    if (this.#saidStatus === status) this.#saidStatus = kept;
    return kept;
  }

  #writeEvents(observed: ObservedNode): void {
    const { clock, nodeName: node, rank } = this.#parts;
    const nowMs = clock.wallMs();
    const book = new EventBook(this.#history, node, nowMs);
    this.#sessions = sessionEvents(this.#sessions, observed, book, node);
    this.#troubles = troubleEvents(this.#troubles, observed.troubles, book, { node, rank, nowMs });
    this.#history = book.close();
    for (const request of book.requests) this.#events.put(() => this.#sendEvent(request));
  }

  /** One that is there already was made by another node, or is too old to be counted on. */
  async #sendEvent(request: WriteRequest): Promise<WriteOutcome> {
    const outcome = await this.#parts.send(request);
    const known = !outcome.ok && request.method === "POST" && outcome.code === 409;
    return known ? { ok: true, body: undefined } : outcome;
  }
}

interface TimedCondition {
  readonly status: string;
  readonly reason: string;
  readonly lastTransitionTime?: string;
}

/** @param object as the server sent it */
function conditionOf(object: unknown, type: string): TimedCondition | undefined {
  const { status } = (object ?? {}) as { status?: { conditions?: readonly (TimedCondition & { type: string })[] } };
  return Array.isArray(status?.conditions) ? status.conditions.find((each) => each.type === type) : undefined;
}
