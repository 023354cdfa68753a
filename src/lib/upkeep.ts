/** What a process uses. */
export interface Usage {
  readonly nowMs: number;
  /** Since it began, of all its threads. */
  readonly processorMs: number;
  /** Resident, of files that it has mapped. */
  readonly fileOctets: number;
  /** Resident, of everything else. */
  readonly ownOctets: number;
  /** Objects of the main thread's heap, those that are not used any more among them. */
  readonly heapOctets: number;
}

export interface Chores {
  /** Pages of the program that nobody used of late are to leave the process. */
  readonly leavePages: boolean;
  /** V8 is to prefer little memory to speed. */
  readonly saveMemory: boolean;
}

/** Up to this part of one processor, the process is idle. */
const IDLE = 0.1;
/** Pages are left again when so much of files has come since. */
const FILE_GROWTH_OCTETS = 8 << 20;
/** V8 saves memory again when so much has come since: more than its young generation takes and gives by itself. */
const OWN_GROWTH_OCTETS = 16 << 20;
/** Looks for which V8 saves memory: it waits 8 seconds before it begins. */
const SAVING_LOOKS = 2;
/** Objects above this are left alone: how long V8 holds the thread at the end of a collection depends on them. */
const SMALL_HEAP_OCTETS = 36 << 20;

/**
 * Says, each time somebody looks, what is to be done for a small resident size. A process that has work is left in peace,
 * and one that is idle too, unless it has grown since.
 */
export class Upkeep {
  readonly #file = new Growth(FILE_GROWTH_OCTETS, 1);
  readonly #own = new Growth(OWN_GROWTH_OCTETS, SAVING_LOOKS);
  #before: Usage;

  constructor(now: Usage) {
    this.#before = now;
  }

  look(now: Usage): Chores {
    const idle = now.processorMs - this.#before.processorMs <= (now.nowMs - this.#before.nowMs) * IDLE;
    this.#before = now;
    if (!idle) {
      this.#file.disturb();
      this.#own.disturb();
      return { leavePages: false, saveMemory: false };
    }
    const small = now.heapOctets <= SMALL_HEAP_OCTETS;
    const wasSaving = this.#own.isUnderWay;
    const saveMemory = small && (this.#own.begins(now.ownOctets) || this.#own.isUnderWay);
    if (wasSaving && !saveMemory) {
      this.#own.disturb(); // where a heap that is large by now ended it
      this.#file.startAnew(); // collecting garbage brought pages back
    }
    return { leavePages: this.#file.begins(now.fileOctets), saveMemory };
  }
}

/** When a number that was brought down is so much higher again that it is worth the same effort. */
class Growth {
  readonly #octets: number;
  readonly #looks: number;
  #leftLooks = 0;
  /** What was left of it after the last effort. */
  #rest = 0;

  /**
   * @param octets that are worth an effort
   * @param looks after which it shows
   */
  constructor(octets: number, looks: number) {
    this.#octets = octets;
    this.#looks = looks;
  }

  get isUnderWay(): boolean {
    return this.#leftLooks > 0;
  }

  /** What is under way is not worth measuring. */
  disturb(): void {
    if (this.isUnderWay) this.startAnew();
  }

  /** Any effort ends, and what was left after it is forgotten. */
  startAnew(): void {
    this.#rest = 0;
    this.#leftLooks = 0;
  }

  /** @returns whether an effort begins now */
  begins(now: number): boolean {
    if (this.isUnderWay) {
      this.#leftLooks--;
      if (this.isUnderWay) return false;
      this.#rest = now;
    }
    this.#rest = Math.min(this.#rest, now);
    if (now < this.#rest + this.#octets) return false;
    this.#leftLooks = this.#looks;
    return true;
  }
}
