import { Reader, Writer } from "#lib/bytes.ts";
import { beginMessage, endMessage, HEADER_OCTETS, MAX_OCTETS, MessageType } from "./message-type.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

/** What a NOTIFICATION says (RFC 4271 §4.5). `data` is borrowed where it was received. */
export interface Notification {
  readonly code: number;
  readonly subcode: number;
  readonly data?: ArrayLike<number>;
  /** What was wrong, in words for our own log; it is not sent. */
  readonly because?: string;
}

/** Error codes (RFC 4271 §4.5, RFC 7313 §5, RFC 9687 §5). */
export const ErrorCode = {
  header: 1,
  open: 2,
  update: 3,
  holdTimerExpired: 4,
  stateMachine: 5,
  cease: 6,
  routeRefresh: 7,
  sendHoldTimerExpired: 8,
} as const;

/** Subcodes of Message Header Error (RFC 4271 §6.1). */
export const HeaderError = { notSynchronized: 1, badLength: 2, badType: 3 } as const;

/** Subcodes of OPEN Message Error (RFC 4271 §6.2, RFC 5492 §5). 0 is for what has no subcode of its own. */
export const OpenError = {
  unspecific: 0,
  unsupportedVersion: 1,
  badPeerAs: 2,
  badIdentifier: 3,
  unsupportedParameter: 4,
  unacceptableHoldTime: 6,
  unsupportedCapability: 7,
} as const;

/** Subcodes of UPDATE Message Error (RFC 4271 §6.3). */
export const UpdateError = {
  malformedAttributeList: 1,
  unrecognizedWellKnown: 2,
  missingWellKnown: 3,
  attributeFlags: 4,
  attributeLength: 5,
  invalidOrigin: 6,
  invalidNextHop: 8,
  optionalAttribute: 9,
  invalidNetwork: 10,
  malformedAsPath: 11,
} as const;

/** Subcodes of Finite State Machine Error (RFC 6608 §3). The data is the type of the message that came. */
export const StateError = { unexpectedInOpenSent: 1, unexpectedInOpenConfirm: 2, unexpectedInEstablished: 3 } as const;

/** Subcodes of Cease (RFC 4486 §3, RFC 8538 §4, RFC 9384 §3). */
export const Cease = {
  maximumPrefixes: 1,
  administrativeShutdown: 2,
  peerDeconfigured: 3,
  administrativeReset: 4,
  connectionRejected: 5,
  otherConfigurationChange: 6,
  connectionCollision: 7,
  outOfResources: 8,
  hardReset: 9,
  bfdDown: 10,
} as const;

/** Subcodes of ROUTE-REFRESH Message Error (RFC 7313 §5). The data is the whole message. */
export const RefreshError = { invalidLength: 1 } as const;

interface CodeRow {
  readonly name: string;
  readonly subcodes: Readonly<Record<number, string>>;
}

/** As the registries and RFCs call them; logs show `code name/subcode name`. */
const codes: Readonly<Record<number, CodeRow>> = {
  1: {
    name: "Message Header Error",
    subcodes: { 1: "Connection Not Synchronized", 2: "Bad Message Length", 3: "Bad Message Type" },
  },
  2: {
    name: "OPEN Message Error",
    subcodes: {
      1: "Unsupported Version Number",
      2: "Bad Peer AS",
      3: "Bad BGP Identifier",
      4: "Unsupported Optional Parameter",
      5: "Authentication Failure",
      6: "Unacceptable Hold Time",
      7: "Unsupported Capability",
      11: "Role Mismatch",
    },
  },
  3: {
    name: "UPDATE Message Error",
    subcodes: {
      1: "Malformed Attribute List",
      2: "Unrecognized Well-known Attribute",
      3: "Missing Well-known Attribute",
      4: "Attribute Flags Error",
      5: "Attribute Length Error",
      6: "Invalid ORIGIN Attribute",
      7: "AS Routing Loop",
      8: "Invalid NEXT_HOP Attribute",
      9: "Optional Attribute Error",
      10: "Invalid Network Field",
      11: "Malformed AS_PATH",
    },
  },
  4: { name: "Hold Timer Expired", subcodes: {} },
  5: {
    name: "Finite State Machine Error",
    subcodes: {
      1: "Unexpected Message in OpenSent State",
      2: "Unexpected Message in OpenConfirm State",
      3: "Unexpected Message in Established State",
    },
  },
  6: {
    name: "Cease",
    subcodes: {
      1: "Maximum Number of Prefixes Reached",
      2: "Administrative Shutdown",
      3: "Peer De-configured",
      4: "Administrative Reset",
      5: "Connection Rejected",
      6: "Other Configuration Change",
      7: "Connection Collision Resolution",
      8: "Out of Resources",
      9: "Hard Reset",
      10: "BFD Down",
    },
  },
  7: { name: "ROUTE-REFRESH Message Error", subcodes: { 1: "Invalid Message Length" } },
  8: { name: "Send Hold Timer Expired", subcodes: {} },
};

/** `Cease/Administrative Shutdown`; numbers where there is no name. */
export function notificationName(code: number, subcode: number): string {
  const row = codes[code];
  if (row === undefined) return `Error ${code}/${subcode}`;
  if (subcode === 0) return row.name;
  return `${row.name}/${row.subcodes[subcode] ?? subcode}`;
}

/** The name, and the reason that an operator on the other side gave, or the data in hexadecimal. */
export function describeNotification(notification: Notification): string {
  const name = notificationName(notification.code, notification.subcode);
  const inner = innerNotification(notification);
  if (inner !== undefined) return `${name}: ${describeNotification(inner)}`;
  const text = shutdownText(notification);
  if (text !== undefined) return text === "" ? name : `${name}: ${text}`;
  if (notification.because !== undefined) return `${name}: ${notification.because}`;
  const data = Array.from(notification.data ?? []);
  if (data.length === 0) return name;
  const shown = data.slice(0, 32).map((octet) => octet.toString(16).padStart(2, "0"));
  return `${name} (${shown.join(" ")}${data.length > 32 ? ", …" : ""})`;
}

/** Longest Shutdown Communication (RFC 9003 §2). */
const SHUTDOWN_OCTETS = 255;

/** Is it one of the two that may carry a Shutdown Communication (RFC 9003 §2)? */
const mayCarryText = ({ code, subcode }: Notification): boolean =>
  code === ErrorCode.cease && (subcode === Cease.administrativeShutdown || subcode === Cease.administrativeReset);

/**
 * Cease by an operator's hand, with the reason for the other side's operator (RFC 9003 §2).
 * @param text cut after the last whole character that fits 255 octets; empty: no communication
 */
export function operatorCease(
  subcode: typeof Cease.administrativeShutdown | typeof Cease.administrativeReset,
  text = "",
): Notification {
  const octets = encodeUtf8(text, SHUTDOWN_OCTETS);
  return { code: ErrorCode.cease, subcode, data: octets.length === 0 ? [] : [octets.length, ...octets] };
}

/**
 * The reason that came with an operator's Cease: "" where none came, control characters replaced.
 * @returns undefined where `notification` carries no text, or not in UTF-8 (RFC 9003 §2: then the data is shown raw)
 */
export function shutdownText(notification: Notification): string | undefined {
  if (!mayCarryText(notification)) return undefined;
  const data = Uint8Array.from(notification.data ?? []);
  if (data.length === 0) return "";
  const length = data[0]!;
  if (length > data.length - 1) return undefined;
  return decodeUtf8(data.subarray(1, 1 + length))?.replace(/\p{Cc}/gu, " ");
}

/** Hard Reset around the real reason: routes are not to be kept (RFC 8538 §3.1). */
export function hardReset(reason: Notification): Notification {
  const data = [reason.code, reason.subcode, ...Array.from(reason.data ?? [])];
  return { code: ErrorCode.cease, subcode: Cease.hardReset, data };
}

/** The reason inside a Hard Reset (RFC 8538 §3.1); undefined for all others. */
export function innerNotification({ code, subcode, data }: Notification): Notification | undefined {
  if (code !== ErrorCode.cease || subcode !== Cease.hardReset || data === undefined || data.length < 2)
    return undefined;
  return { code: data[0]!, subcode: data[1]!, data: Array.from(data).slice(2) };
}

/** @param start of a whole message of at least 21 octets, header included; `data` of the result is a copy */
export function decodeNotification(bytes: Uint8Array, start: number, end: number): Notification {
  const reader = new Reader(bytes, start + HEADER_OCTETS, end);
  return { code: reader.u8(), subcode: reader.u8(), data: reader.take(reader.remaining).slice() };
}

/** The whole message; data that would not fit `maxOctets` is cut. */
export function encodeNotification({ code, subcode, data }: Notification, maxOctets = MAX_OCTETS): Uint8Array {
  const out = beginMessage(new Writer(), MessageType.notification).u8(code).u8(subcode);
  out.put(Array.from(data ?? []).slice(0, maxOctets - out.length));
  return endMessage(out);
}
