import { RoutingTable } from "./routing-table.ts";

/** What a session received until it was judged. */
export interface Received {
  readonly prefixes: number;
  readonly checksum: string;
  /** UPDATE messages. */
  readonly messages: number;
  readonly octets: number;
  /** When the octets arrived that last changed the table, monotonic; 0 where none ever did. */
  readonly changedMs: number;
  /** When the first UPDATE arrived; 0 where none did. */
  readonly firstMs: number;
  /** Longest time in which nothing arrived, of those that ended or went on since the last `judge`. */
  readonly longestSilenceMs: number;
  /** NOTIFICATION the daemon sent, as code/subcode. */
  readonly notification: string | undefined;
}

interface Arrival {
  readonly octets: Uint8Array;
  readonly ms: number;
}

/** Keeps what a session receives and judges it later, so that the measured time holds no more than a copy of the octets. */
export class Recorder {
  readonly #table: RoutingTable;
  #arrivals: Arrival[] = [];
  #rest: Uint8Array = new Uint8Array(0);
  #octets = 0;
  #changedMs = 0;
  #firstMs = 0;
  #lastMs = 0;
  #longestSilenceMs = 0;
  #notification: string | undefined;

  /** @param toldBy AS number of the daemon, see RoutingTable */
  constructor(toldBy: number | undefined) {
    this.#table = new RoutingTable(toldBy);
  }

  /** @param octets owned by the recorder from now on */
  arrived(octets: Uint8Array, ms: number): void {
    this.#arrivals.push({ octets, ms });
    this.#octets += octets.length;
  }

  /** Looks at all that arrived until `nowMs`, which is now. */
  judge(nowMs: number): Received {
    for (const arrival of this.#arrivals) this.#replay(arrival);
    this.#arrivals = [];
    const longestSilenceMs = this.#lastMs > 0 ? Math.max(this.#longestSilenceMs, nowMs - this.#lastMs) : 0;
    this.#longestSilenceMs = 0;
    const { prefixes, checksum, messages } = this.#table;
    return {
      prefixes,
      checksum,
      messages,
      octets: this.#octets,
      changedMs: this.#changedMs,
      firstMs: this.#firstMs,
      longestSilenceMs,
      notification: this.#notification,
    };
  }

  #replay({ octets, ms }: Arrival): void {
    if (this.#lastMs > 0) this.#longestSilenceMs = Math.max(this.#longestSilenceMs, ms - this.#lastMs);
    this.#lastMs = ms;
    const bytes = this.#rest.length === 0 ? octets : Buffer.concat([this.#rest, octets]);
    let at = 0;
    while (bytes.length - at >= 19) {
      const length = (bytes[at + 16]! << 8) | bytes[at + 17]!;
      if (length > bytes.length - at) break;
      if (bytes[at + 18] === 3) this.#notification = `${bytes[at + 19]}/${bytes[at + 20]}`;
      if (bytes[at + 18] === 2 && this.#firstMs === 0) this.#firstMs = ms;
      if (this.#table.apply(bytes, at)) this.#changedMs = ms;
      at += length;
    }
    this.#rest = bytes.subarray(at);
  }
}
