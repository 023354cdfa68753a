import { encodeAttribute } from "#bgp/wire/attributes/attribute.ts";
import { beginMessage, endMessage, MessageType } from "#bgp/wire/message-type.ts";
import { PeerFault } from "#bgp/wire/peer-fault.ts";
import { Writer } from "#lib/bytes.ts";

/** Octets from hexadecimal; blanks are for the eye. */
export const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s/g, ""), "hex"));

export const toHex = (octets: Uint8Array): string => Buffer.from(octets).toString("hex");

/** A whole message around `body`. */
export function message(type: number, body: Uint8Array): Uint8Array {
  return endMessage(beginMessage(new Writer(), type).put(body));
}

/** One attribute: flags, type, length, value. */
export function attribute(flags: number, code: number, value: Uint8Array | string): Uint8Array {
  const out = new Writer();
  encodeAttribute(out, flags, code, typeof value === "string" ? hex(value) : value);
  return out.finish();
}

export interface UpdateParts {
  readonly withdrawn?: Uint8Array | string;
  readonly attributes?: readonly (Uint8Array | string)[];
  readonly nlri?: Uint8Array | string;
}

const octetsOf = (part: Uint8Array | string): Uint8Array => (typeof part === "string" ? hex(part) : part);

/** An UPDATE of parts given as octets or hexadecimal. */
export function update({ withdrawn = "", attributes = [], nlri = "" }: UpdateParts): Uint8Array {
  const set = Buffer.concat(attributes.map(octetsOf));
  const gone = octetsOf(withdrawn);
  const body = new Writer().u16(gone.length).put(gone).u16(set.length).put(set).put(octetsOf(nlri)).finish();
  return message(MessageType.update, body);
}

/** `3/1`, and the data in hexadecimal behind a blank: what the peer would be told. */
export function faultOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (!(error instanceof PeerFault)) throw error;
    const { code, subcode, data } = error.notification;
    return `${code}/${subcode} ${toHex(Uint8Array.from(data ?? []))}`.trim();
  }
  return "no fault";
}
