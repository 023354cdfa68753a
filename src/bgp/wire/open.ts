import { Reader, Writer } from "#lib/bytes.ts";
import { formatRouterId } from "#route/address.ts";
import { AS_TRANS } from "./attributes/as-path.ts";
import { type Capabilities, decodeCapabilities, describeCapabilities, encodeCapabilities } from "./capabilities.ts";
import { beginMessage, endMessage, HEADER_OCTETS, MessageType } from "./message-type.ts";
import { ErrorCode, OpenError } from "./notification.ts";
import { PeerFault } from "./peer-fault.ts";

/** What an OPEN says (RFC 4271 §4.2); the version is always 4. */
export interface Open {
  /** 32 bits: from the capability where it came, else the field of 2 octets (RFC 6793 §4.1). */
  readonly as: number;
  /** 0, or 3 to 65,535. */
  readonly holdSeconds: number;
  readonly routerId: number;
  readonly capabilities: Capabilities;
}

const VERSION = 4;
/** Optional parameter types (RFC 4271 §4.2, RFC 5492 §4, RFC 9072 §2). */
const PARAMETER_CAPABILITIES = 2;
const PARAMETER_EXTENDED = 255;
const LONGEST_PLAIN = 255;

const fault = (subcode: number, because: string, data: ArrayLike<number> = []): PeerFault =>
  new PeerFault({ code: ErrorCode.open, subcode, data, because });

const malformed = (what: string): PeerFault => fault(OpenError.unspecific, `its ${what} cannot be read`);

/**
 * Reads a whole message, header included, of at least 29 octets.
 * @throws PeerFault 2/x: syntax, version, hold time, unknown parameter (RFC 4271 §6.2); who the peer may be is for `checkOpen`
 */
export function decodeOpen(bytes: Uint8Array, start: number, end: number): Open {
  const reader = new Reader(bytes, start + HEADER_OCTETS, end);
  const version = reader.u8();
  if (version !== VERSION) throw fault(OpenError.unsupportedVersion, `it speaks version ${version}`, [0, VERSION]);
  const shortAs = reader.u16();
  const holdSeconds = reader.u16();
  if (holdSeconds === 1 || holdSeconds === 2) {
    throw fault(OpenError.unacceptableHoldTime, `its hold time is ${holdSeconds} s`);
  }
  const routerId = reader.u32();
  const capabilities = decodeCapabilities(optionalParameters(reader));
  if (capabilities === undefined) throw malformed("list of capabilities");
  return { as: capabilities.fourOctetAs ?? shortAs, holdSeconds, routerId, capabilities };
}

/** The values of the Capabilities parameters, plain or extended (RFC 4271 §4.2, RFC 9072 §2). */
function optionalParameters(reader: Reader): Reader[] {
  let length = reader.u8();
  // RFC 9072 §2: unless there are none at all, the type says which form it is; the length in front of it does not count then.
  const extended = length > 0 && reader.remaining > 0 && reader.bytes[reader.at] === PARAMETER_EXTENDED;
  if (extended) {
    if (reader.remaining < 3) throw malformed("list of parameters");
    reader.u8();
    length = reader.u16();
  }
  if (length !== reader.remaining) throw malformed("list of parameters");
  const found: Reader[] = [];
  const headOctets = extended ? 3 : 2;
  while (reader.remaining > 0) {
    if (reader.remaining < headOctets) throw malformed("list of parameters");
    const type = reader.u8();
    const octets = extended ? reader.u16() : reader.u8();
    if (octets > reader.remaining) throw malformed("list of parameters");
    if (type !== PARAMETER_CAPABILITIES) throw fault(OpenError.unsupportedParameter, `parameter ${type} is not known`);
    found.push(reader.sub(octets));
  }
  return found;
}

/** The whole message; the extended form only where the plain one is too short (RFC 9072 §2). */
export function encodeOpen(open: Open): Uint8Array {
  const out = beginMessage(new Writer(128), MessageType.open);
  out
    .u8(VERSION)
    .u16(open.as > 0xffff ? AS_TRANS : open.as)
    .u16(open.holdSeconds)
    .u32(open.routerId);
  const capabilities = encodeCapabilities(open.capabilities);
  const octets = capabilities.length;
  if (octets === 0) out.u8(0);
  else if (octets + 2 <= LONGEST_PLAIN)
    out
      .u8(octets + 2)
      .u8(PARAMETER_CAPABILITIES)
      .u8(octets);
  else
    out
      .u8(255)
      .u8(PARAMETER_EXTENDED)
      .u16(octets + 3)
      .u8(PARAMETER_CAPABILITIES)
      .u16(octets);
  return endMessage(out.put(capabilities));
}

/** Who the other side has to be. */
export interface OpenExpectation {
  readonly localAs: number;
  readonly localRouterId: number;
  readonly remoteAs: number | "internal" | "external";
}

/** @throws PeerFault 2/2 or 2/3 where the neighbour is not who was expected (RFC 4271 §6.2, RFC 6286 §2.2, RFC 7607 §2) */
export function checkOpen(open: Open, expected: OpenExpectation): void {
  const { localAs, remoteAs } = expected;
  const internal = open.as === localAs;
  const asked = remoteAs === "internal" ? internal : remoteAs === "external" ? !internal : open.as === remoteAs;
  if (open.as === 0 || !asked) throw fault(OpenError.badPeerAs, `its AS is ${open.as}, ${wanted(expected)}`);
  if (open.routerId === 0) throw fault(OpenError.badIdentifier, "its router id is 0.0.0.0");
  // RFC 6286 §2.2: equal identifiers are an error inside one AS only.
  if (internal && open.routerId === expected.localRouterId) {
    throw fault(OpenError.badIdentifier, `its router id ${formatRouterId(open.routerId)} is our own`);
  }
}

const wanted = ({ localAs, remoteAs }: OpenExpectation): string =>
  remoteAs === "internal"
    ? `and ours is ${localAs}`
    : remoteAs === "external"
      ? "which is not another one"
      : `not ${remoteAs}`;

/** One line for logs. */
export function describeOpen(open: Open): string {
  const id = formatRouterId(open.routerId);
  return `OPEN AS ${open.as}, hold time ${open.holdSeconds} s, id ${id}, capabilities: ${describeCapabilities(open.capabilities)}`;
}
