import type { Clock, Timer } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { WriteOutcome, WriteRequest } from "../messages.ts";
import type { ObservedNode } from "../ports.ts";
import { networkCondition } from "./network-condition.ts";
import { changeOf, type NodeStatus, nodeStatus } from "./node-status.ts";
import { Outbox } from "./outbox.ts";
import { apply, getNode, patchNodeCondition } from "./requests.ts";
import { nothingTold, sessionEvents } from "./session-events.ts";
import { formatTime } from "./time.ts";

export interface NodeWriterParts {
  readonly nodeName: string;
  readonly clock: Clock;
  readonly log: Log;
  observe(): ObservedNode;
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
  #memory = nothingTold;
  #timer: Timer | undefined;

  constructor(parts: NodeWriterParts) {
    this.#parts = parts;
    const { clock, log, nodeName } = parts;
    this.#condition = new Outbox(clock, log, `the condition NetworkUnavailable of Node/${nodeName}`, 1);
    this.#status = new Outbox(clock, log, `BGPNodeStatus/${nodeName}`, 1);
    this.#events = new Outbox(clock, log, "Events", MAX_EVENTS);
  }

  start(): void {
    this.#look();
  }

  /** Says that the daemon stops, as far as the server takes it in time. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    const observed = { ...this.#parts.observe(), shuttingDown: true };
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
    const observed = this.#parts.observe();
    this.#writeCondition(observed);
    this.#writeStatus(observed, false);
    this.#writeEvents(observed);
    this.#timer = this.#parts.clock.after(LOOK_MS, () => this.#look());
  }

  #writeCondition(observed: ObservedNode): void {
    const { clock, nodeName } = this.#parts;
    const said = networkCondition(observed, clock.wallMs());
    if (said.reason === this.#saidReason) return;
    this.#saidReason = said.reason;
    const time = formatTime(clock.wallMs());
    const condition = { type: "NetworkUnavailable", ...said, lastHeartbeatTime: time, lastTransitionTime: time };
    const request = patchNodeCondition(nodeName, condition);
    this.#condition.put(() => this.#parts.send(request));
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
    const request = apply("bgpnodestatuses", "BGPNodeStatus", nodeName, { status });
    const outcome = await send(request);
    if (outcome.ok || outcome.code !== 404) return outcome;
    const node = await send(getNode(nodeName));
    if (!node.ok) return node;
    const uid = (node.body as { metadata?: { uid?: string } }).metadata?.uid ?? "";
    const ownerReferences = [{ apiVersion: "v1", kind: "Node", name: nodeName, uid }];
    const made = await send(apply("bgpnodestatuses", "BGPNodeStatus", nodeName, { metadata: { ownerReferences } }));
    return made.ok ? send(request) : made;
  }

  #writeEvents(observed: ObservedNode): void {
    const { clock, nodeName, send } = this.#parts;
    const { memory, requests } = sessionEvents(this.#memory, observed, nodeName, clock.wallMs());
    this.#memory = memory;
    for (const request of requests) this.#events.put(() => send(request));
  }
}
