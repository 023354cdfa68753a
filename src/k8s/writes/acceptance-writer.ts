import type { ObjectSet } from "#config/objects.ts";
import type { Clock, Timer } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { WriteOutcome, WriteRequest } from "../messages.ts";
import { acceptance, type Judged } from "./acceptance.ts";
import { NodeSearch } from "./node-search.ts";
import { Outbox } from "./outbox.ts";

export interface AcceptanceParts {
  readonly clock: Clock;
  readonly log: Log;
  /** `writerRank` of this node, now. */
  rank(): number | undefined;
  judged(): readonly Judged[];
  /** All that is in force. */
  objects(): ObjectSet;
  send(request: WriteRequest): Promise<WriteOutcome>;
}

/** A burst of changes is judged once; each further writer waits so much longer, and finds it done. */
const WAIT_MS = 1_000;
const WAIT_PER_RANK_MS = 30_000;
const MAX_WRITES = 1_024;

/** Writes the conditions of our own objects. */
export class AcceptanceWriter {
  readonly #parts: AcceptanceParts;
  readonly #outbox: Outbox;
  readonly #search = new NodeSearch();
  #timer: Timer | undefined;

  constructor(parts: AcceptanceParts) {
    this.#parts = parts;
    this.#outbox = new Outbox(parts.clock, parts.log, "conditions of objects", MAX_WRITES);
  }

  /** Objects changed. */
  changed(): void {
    if (this.#timer !== undefined) return;
    const { clock, rank, judged, objects, send } = this.#parts;
    const own = rank();
    if (own === undefined) return;
    this.#timer = clock.after(WAIT_MS + own * WAIT_PER_RANK_MS, () => {
      this.#timer = undefined;
      const requests = acceptance(judged(), objects(), this.#search, clock.wallMs());
      for (const request of requests) this.#outbox.put(() => send(request));
    });
  }

  close(): void {
    this.#timer?.cancel();
    this.#outbox.close();
  }
}
