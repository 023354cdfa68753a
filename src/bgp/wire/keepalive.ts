import { Writer } from "#lib/bytes.ts";
import { beginMessage, endMessage, MessageType } from "./message-type.ts";

/** The whole message: a header and nothing else (RFC 4271 §4.4). */
export const encodeKeepalive = (): Uint8Array => endMessage(beginMessage(new Writer(19), MessageType.keepalive));
