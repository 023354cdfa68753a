import { attributeName } from "./attributes/table.ts";
import { UpdateError } from "./notification.ts";

/** How bad it is, from worst to none: higher is worse, and of several the worst counts (RFC 7606 §3 (h)). */
export const FINE = 0;
export const DISCARD = 1;
export const WITHDRAW = 2;
export const RESET = 3;

/** Reasons to discard that are nobody's syntax error; beyond the subcodes of UPDATE Message Error. */
export const DUPLICATE = 32;
export const FROM_EXTERNAL = 33;
export const FROM_NEW_SPEAKER = 34;
export const FAMILY_NOT_AGREED = 35;

const reasons: Readonly<Record<number, string>> = {
  [UpdateError.malformedAttributeList]: "attribute list ends inside an attribute",
  [UpdateError.unrecognizedWellKnown]: "unknown but marked well-known",
  [UpdateError.missingWellKnown]: "missing",
  [UpdateError.attributeFlags]: "wrong flags",
  [UpdateError.attributeLength]: "wrong length",
  [UpdateError.invalidOrigin]: "invalid value",
  [UpdateError.invalidNextHop]: "not a host address",
  [UpdateError.optionalAttribute]: "malformed",
  [UpdateError.invalidNetwork]: "malformed prefixes",
  [UpdateError.malformedAsPath]: "malformed",
  [DUPLICATE]: "more than once",
  [FROM_EXTERNAL]: "from an external neighbour",
  [FROM_NEW_SPEAKER]: "from a neighbour with 4-octet AS numbers",
  [FAMILY_NOT_AGREED]: "of a family that was not agreed",
};

/** What was wrong with one message, kept in numbers: writing it down costs nothing until somebody asks. */
export class Remarks {
  /** The worst so far. */
  severity = FINE;
  /** Subcode of UPDATE Message Error, and where the attribute begins, of the first of the worst. */
  subcode = 0;
  at = -1;
  readonly #noted = new Uint16Array(64);
  #count = 0;

  clear(): void {
    this.severity = FINE;
    this.#count = 0;
  }

  /** @param at offset of the attribute, -1 where there is none */
  note(severity: number, attribute: number, reason: number, at: number): void {
    if (this.#count < this.#noted.length) this.#noted[this.#count++] = (attribute << 8) | reason;
    if (severity <= this.severity) return;
    this.severity = severity;
    this.subcode = reason;
    this.at = at;
  }

  /** `AS_PATH malformed, LOCAL_PREF from an external neighbour`. */
  toString(): string {
    const parts = new Set<string>();
    for (const noted of this.#noted.subarray(0, this.#count)) {
      const reason = reasons[noted & 255] ?? "malformed";
      parts.add(noted >> 8 === 0 ? reason : `${attributeName(noted >> 8)} ${reason}`);
    }
    return [...parts].join(", ");
  }
}
