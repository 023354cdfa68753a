import { Reader } from "#lib/bytes.ts";
import type { AsPath } from "#route/as-path.ts";
import { decodeAsPath, encodeAsPath } from "./as-path.ts";
import { type AttributeCodec, OPTIONAL, TRANSITIVE } from "./attribute.ts";

const CONFED_SEQUENCE = 3;
const CONFED_SET = 4;

/** AS4_PATH (RFC 6793 §3): only from speakers that know 2-octet AS numbers alone. Discarded when malformed (RFC 6793 §6). */
export const as4Path: AttributeCodec<AsPath> = {
  code: 17,
  name: "AS4_PATH",
  flags: OPTIONAL | TRANSITIVE,
  whenMalformed: "discard",
  decode(value) {
    const octets = withoutConfederations(value);
    const path = octets && decodeAsPath(new Reader(octets), 4);
    return path !== undefined && path.length > 0 ? path : undefined;
  },
  encode: (out, path) => encodeAsPath(out, path, 4),
};

/** Confederation segments have to be dropped, and the rest used (RFC 6793 §6). @returns undefined where one is empty or overruns */
function withoutConfederations(value: Reader): Uint8Array | undefined {
  const kept: number[] = [];
  while (value.remaining > 0) {
    if (value.remaining < 2) return undefined;
    const [kind, count] = [value.u8(), value.u8()];
    if (count === 0 || value.remaining < count * 4) return undefined;
    const members = value.take(count * 4);
    if (kind !== CONFED_SEQUENCE && kind !== CONFED_SET) kept.push(kind, count, ...members);
  }
  return Uint8Array.from(kept);
}
