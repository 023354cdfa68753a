/** Octets of one read: larger ones only hold the thread longer. */
export const LARGEST_READ = 16 * 1024;
const SMALLEST = 512;
/** A full read should take no longer, with what it sets off; where many sockets are read at once, they share `LATE_MS`. */
const READ_MS = 1;
const LEAST_READ_MS = READ_MS / 4;
const LATE_MS = 4;

/**
 * How much is read at a time: little at first, when the code that takes it in is not compiled and takes twenty times as
 * long. A long read halves it at once; it doubles at most once a slice, where reads were short and none was long.
 */
export class ReadSize {
  #octets = SMALLEST;
  /** What is a long read in this slice; a short one takes less than half of it. */
  #mostMs = READ_MS;
  #wasLong = false;
  #wasShort = false;

  get octets(): number {
    return this.#octets;
  }

  /** A read of so many octets as there was room for, and what it set off, took so long. */
  took(ms: number): void {
    if (ms < this.#mostMs / 2) this.#wasShort = true;
    if (ms <= this.#mostMs) return;
    this.#wasLong = true;
    this.#octets = Math.max(this.#octets / 2, SMALLEST);
  }

  /** A slice begins. @param late sockets that were read beyond the end of the last one */
  next(late: number): void {
    if (this.#wasShort && !this.#wasLong) this.#octets = Math.min(this.#octets * 2, LARGEST_READ);
    this.#mostMs = Math.max(LEAST_READ_MS, Math.min(READ_MS, LATE_MS / late));
    this.#wasShort = false;
    this.#wasLong = false;
  }
}
