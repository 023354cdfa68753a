import { type Address, formatAddress } from "#route/address.ts";
import { formatPrefix, type Prefix } from "#route/prefix.ts";
import type { ReplyWriter } from "../reply-writer.ts";

const DOT = 0x2e;
const SLASH = 0x2f;

/** The text of `formatAddress`. */
export function writeAddress(out: ReplyWriter, address: Address): void {
  if (address.family === "ipv4") writeDottedQuad(out, address.words[0] ?? 0);
  else out.text(formatAddress(address));
}

/** The text of `formatPrefix`. */
export function writePrefix(out: ReplyWriter, prefix: Prefix): void {
  if (prefix.family === "ipv6") {
    out.text(formatPrefix(prefix));
    return;
  }
  writeDottedQuad(out, prefix.words[0] ?? 0);
  out.character(SLASH);
  out.decimal(prefix.length);
}

function writeDottedQuad(out: ReplyWriter, word: number): void {
  out.decimal(word >>> 24);
  out.character(DOT);
  out.decimal((word >>> 16) & 255);
  out.character(DOT);
  out.decimal((word >>> 8) & 255);
  out.character(DOT);
  out.decimal(word & 255);
}
