import type { Refusals } from "./change-counts.ts";
import type { Exporter, ExportFilter } from "./export.ts";
import type { LocRib } from "./loc-rib.ts";
import type { DirtyQueue } from "./table/dirty-queue.ts";
import type { ToldRecord } from "./told-record.ts";

/** Prefixes that one step looks at. */
const STEP = 8192;
/** No step begins while more than this wait to be told: the queue stays short. */
const MAX_WAITING = 4096;

/** What a review looks at. */
export interface Reviewed {
  readonly loc: LocRib;
  readonly told: ToldRecord;
  readonly filter: ExportFilter;
  readonly queue: DirtyQueue;
  readonly refusals: Refusals;
}

/** A look at every prefix, because the rules of a group changed: those that they concern are queued. */
export class GroupReview {
  /** Policy before the change; still in use until the review is over. */
  readonly before: Exporter | undefined;
  /** Whatever is told is told again: nobody knows any more with what it was told. */
  readonly #again: boolean;
  readonly #end: number;
  #cursor = 1;

  /** @param end one past the highest prefix number; what comes later is told by the new rules anyway */
  constructor(end: number, before: Exporter | undefined, again: boolean) {
    this.#end = end;
    this.before = before;
    this.#again = again;
  }

  /** Would what is told already have to be told again, with `exporter` as the policy? */
  rewords(exporter: Exporter | undefined): boolean {
    return this.#again || this.before !== exporter;
  }

  copy(): GroupReview {
    const review = new GroupReview(this.#end, this.before, this.#again);
    review.#cursor = this.#cursor;
    return review;
  }

  /** @returns false when all have been looked at */
  step({ loc, told, filter, queue, refusals }: Reviewed): boolean {
    if (queue.length > MAX_WAITING) return true;
    const end = Math.min(this.#cursor + STEP, this.#end);
    for (let prefix = this.#cursor; prefix < end; prefix++) {
      const out = filter.apply(prefix);
      const isTold = told.get(prefix) !== 0;
      if (out === 0 && !isTold && filter.refusal !== undefined) refusals[filter.refusal]++;
      if (isTold !== (out !== 0) || (isTold && this.#isReworded(loc, filter, prefix, out))) queue.push(prefix);
    }
    this.#cursor = end;
    return end < this.#end;
  }

  #isReworded(loc: LocRib, filter: ExportFilter, prefix: number, out: number): boolean {
    if (this.#again) return true;
    if (this.before === filter.exporter) return false;
    const set = loc.paths.attributesOf(loc.bestOf(prefix));
    return (this.before === undefined ? set : this.before.apply(set, prefix)) !== out;
  }
}
