import { type Expected, judgeOpen } from "./oracle-open.ts";
import { type Agreed, judgeUpdate } from "./oracle-update.ts";

/*
 * What RFC 4271 §6 and §8, RFC 6608, RFC 7313 and RFC 8654 say of a stream of octets. Nothing here is shared with `src`.
 */

export type Stage = "openSent" | "openConfirm" | "established";

/** What octets come to. */
export interface Judgement {
  /** Routes that are told to the RIB, in their order. */
  readonly routes: readonly string[];
  /** UPDATEs that were not wholly good. */
  readonly errors: number;
  /**
   * How the connection ends: by one of these NOTIFICATIONs (`3/1`, or with its data where that is specified: `5/1 02`), or
   * without one; undefined: it goes on.
   */
  readonly end: ReadonlySet<string> | "silent" | undefined;
}

const types = { open: 1, update: 2, notification: 3, keepalive: 4, refresh: 5 } as const;
const least: Readonly<Record<number, number>> = { 1: 29, 2: 23, 3: 21, 4: 19, 5: 19 };

/** One connection, as its neighbour's octets should be taken. */
export class SessionOracle {
  stage: Stage;
  readonly #agreed: Agreed;
  readonly #expected: Expected;
  #octets: Uint8Array = new Uint8Array();

  constructor(stage: Stage, agreed: Agreed, expected: Expected) {
    this.stage = stage;
    this.#agreed = agreed;
    this.#expected = expected;
  }

  feed(octets: Uint8Array): Judgement {
    this.#octets = this.#octets.length === 0 ? octets : Uint8Array.from(Buffer.concat([this.#octets, octets]));
    const routes: string[] = [];
    let errors = 0;
    for (;;) {
      const header = this.#headerFaults();
      if (header === undefined) return { routes, errors, end: undefined };
      if (header.size > 0) return { routes, errors, end: header };
      const length = lengthOf(this.#octets);
      if (this.#octets.length < length) return { routes, errors, end: undefined };
      const message = this.#octets.subarray(0, length);
      this.#octets = this.#octets.subarray(length);
      const judged = this.#message(message);
      routes.push(...judged.routes);
      errors += judged.errors;
      if (judged.end !== undefined) return { routes, errors, end: judged.end };
    }
  }

  /** RFC 4271 §6.1, RFC 8654 §4: undefined while the header is not whole. */
  #headerFaults(): ReadonlySet<string> | undefined {
    const octets = this.#octets;
    if (octets.length < 19) return undefined;
    const faults = new Set<string>();
    const badLength = `1/2 ${hex(octets.subarray(16, 18))}`;
    const length = lengthOf(octets);
    const type = octets[18] ?? 0;
    const known = least[type] !== undefined;
    const plain = this.stage === "openSent" || type === types.open;
    const most = type === types.keepalive ? 19 : plain ? 4096 : 65_535;
    if (octets.subarray(0, 16).some((octet) => octet !== 255)) faults.add("1/1");
    if (length < (least[type] ?? 19) || length > (known ? most : 65_535)) faults.add(badLength);
    if (!known && this.stage === "openSent" && length > 4096) faults.add(badLength);
    if (!known) faults.add(`1/3 ${hex(octets.subarray(18, 19))}`);
    return faults;
  }

  #message(message: Uint8Array): Judgement {
    const type = message[18] ?? 0;
    if (type === types.notification) return ends("silent");
    if (this.stage === "openSent") return this.#inOpenSent(type, message);
    if (this.stage === "openConfirm") {
      if (type !== types.keepalive) return unexpected(2, type);
      this.stage = "established";
      return goesOn;
    }
    if (type === types.open) return unexpected(3, type);
    // RFC 7313 §5
    if (type === types.refresh) return message.length === 23 ? goesOn : ends(new Set([`7/1 ${hex(message)}`]));
    if (type === types.keepalive) return goesOn;
    const judged = judgeUpdate(message, this.#agreed);
    if ("reset" in judged) return { routes: [], errors: 1, end: judged.reset };
    return { routes: judged.routes, errors: judged.outcome === "ok" ? 0 : 1, end: undefined };
  }

  /** RFC 6608 §4 for all but an OPEN. */
  #inOpenSent(type: number, message: Uint8Array): Judgement {
    if (type !== types.open) return unexpected(1, type);
    const faults = judgeOpen(message, this.#expected);
    if (faults.size > 0) return ends(faults);
    this.stage = "openConfirm";
    return goesOn;
  }
}

const goesOn: Judgement = { routes: [], errors: 0, end: undefined };
const ends = (end: ReadonlySet<string> | "silent"): Judgement => ({ routes: [], errors: 0, end });
/** RFC 6608 §4: the data is the type of the message. */
const unexpected = (subcode: number, type: number): Judgement => ends(new Set([`5/${subcode} 0${type}`]));
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString("hex");
const lengthOf = (octets: Uint8Array): number => (octets[16] ?? 0) * 256 + (octets[17] ?? 0);
