import type { SessionError } from "../views.ts";

/** Names of NOTIFICATION codes and subcodes (RFC 4271 §4.5, RFC 4486, RFC 6608, RFC 7313, RFC 8538), `code.subcode`. */
const notificationNames: Readonly<Record<string, string>> = {
  "1": "Invalid message header",
  "1.1": "Connection not synchronized",
  "1.2": "Bad message length",
  "1.3": "Bad message type",
  "2": "Invalid OPEN message",
  "2.1": "Unsupported version number",
  "2.2": "Bad peer AS",
  "2.3": "Bad BGP identifier",
  "2.4": "Unsupported optional parameter",
  "2.5": "Authentication failure",
  "2.6": "Unacceptable hold time",
  "2.7": "Required capability missing",
  "2.11": "Role mismatch",
  "3": "Invalid UPDATE message",
  "3.1": "Malformed attribute list",
  "3.2": "Unrecognized well-known attribute",
  "3.3": "Missing mandatory attribute",
  "3.4": "Invalid attribute flags",
  "3.5": "Invalid attribute length",
  "3.6": "Invalid ORIGIN attribute",
  "3.7": "AS routing loop",
  "3.8": "Invalid NEXT_HOP attribute",
  "3.9": "Optional attribute error",
  "3.10": "Invalid network field",
  "3.11": "Malformed AS_PATH",
  "4": "Hold timer expired",
  "5": "Finite state machine error",
  "5.1": "Unexpected message in OpenSent state",
  "5.2": "Unexpected message in OpenConfirm state",
  "5.3": "Unexpected message in Established state",
  "6": "Cease",
  "6.1": "Maximum number of prefixes reached",
  "6.2": "Administrative shutdown",
  "6.3": "Peer de-configured",
  "6.4": "Administrative reset",
  "6.5": "Connection rejected",
  "6.6": "Other configuration change",
  "6.7": "Connection collision resolution",
  "6.8": "Out of Resources",
  "6.9": "Hard reset",
  "6.10": "BFD session down",
  "7": "Invalid ROUTE-REFRESH message",
  "7.1": "Invalid ROUTE-REFRESH message length",
  "8": "Send hold timer expired",
};

function notificationName(code: number, subcode: number): string {
  return (
    notificationNames[`${code}.${subcode}`] ??
    (subcode === 0 ? notificationNames[`${code}`] : undefined) ??
    `Unknown error ${code}.${subcode}`
  );
}

/** The system's words where libuv has others of its own. */
const systemTexts: Readonly<Record<string, string>> = {
  "host is unreachable": "No route to host",
  "address not available": "Cannot assign requested address",
  "operation timed out": "Connection timed out",
};

const systemText = (text: string): string => systemTexts[text] ?? text.charAt(0).toUpperCase() + text.slice(1);

/** The class of an error and what it was: `Socket: Connection refused`, `Received: Administrative shutdown`. */
export function formatSessionError(error: SessionError): string {
  switch (error.kind) {
    case "sent":
      return `BGP Error: ${notificationName(error.code, error.subcode)}`;
    case "received":
      return `Received: ${notificationName(error.code, error.subcode)}`;
    case "errno":
      return `Socket: ${systemText(error.text)}`;
    case "local":
      return `Error: ${error.text}`;
    case "limit":
      return "Automatic shutdown: Route limit exceeded";
  }
}
