import { Reader, Writer } from "#lib/bytes.ts";
import type { Family } from "#route/family.ts";
import { AFI, type AfiSafi, afiSafiName, familyOf, SAFI_UNICAST } from "./afi-safi.ts";
import { decodeUtf8 } from "./utf8.ts";

/** Graceful restart as one side announces it (RFC 4724 §3, RFC 8538 §2). */
export interface GracefulRestartCapability {
  /** R: the speaker has restarted. */
  readonly restarting: boolean;
  /** N: a NOTIFICATION does not end the restart (RFC 8538 §2). */
  readonly notification: boolean;
  /** 0 to 4,095. */
  readonly restartSeconds: number;
  /** `forwarding` is F: the forwarding state of the family was kept. Families that Linnet does not route are left out. */
  readonly families: readonly { readonly family: Family; readonly forwarding: boolean }[];
}

/** What one side of a session can do (RFC 5492). Those that Linnet only reads are never sent. */
export interface Capabilities {
  /** Multiprotocol (RFC 4760 §8). None at all, `otherFamilies` included, means IPv4 unicast. */
  readonly families: readonly Family[];
  /** Multiprotocol for what Linnet does not route; only read. */
  readonly otherFamilies: readonly AfiSafi[];
  /** RFC 2918. */
  readonly routeRefresh: boolean;
  /** RFC 7313. */
  readonly enhancedRefresh: boolean;
  /** IPv4 unicast with IPv6 next hops (RFC 8950 §4). */
  readonly extendedNextHop: boolean;
  /** RFC 8654. */
  readonly extendedMessage: boolean;
  /** The speaker's AS number in 4 octets; undefined: it knows 2 octets only (RFC 6793 §3). */
  readonly fourOctetAs: number | undefined;
  readonly gracefulRestart: GracefulRestartCapability | undefined;
  /** ADD-PATH (RFC 7911 §4); only read. */
  readonly addPath: readonly (AfiSafi & { readonly receive: boolean; readonly send: boolean })[];
  /** Long-lived graceful restart (RFC 9494 §3); only read. */
  readonly longLived: readonly (AfiSafi & { readonly forwarding: boolean; readonly staleSeconds: number })[];
  /** Host and domain name, for logs; only read. */
  readonly hostName: string | undefined;
  /** Unknown ones, and known ones with a value that makes no sense, as they came. */
  readonly unknown: readonly { readonly code: number; readonly value: Uint8Array }[];
}

/** Of a speaker that announced none. */
export const noCapabilities: Capabilities = {
  families: [],
  otherFamilies: [],
  routeRefresh: false,
  enhancedRefresh: false,
  extendedNextHop: false,
  extendedMessage: false,
  fourOctetAs: undefined,
  gracefulRestart: undefined,
  addPath: [],
  longLived: [],
  hostName: undefined,
  unknown: [],
};

type Draft = { -readonly [Key in keyof Capabilities]: Capabilities[Key] };

interface CapabilityRow {
  readonly code: number;
  readonly name: string;
  /** Adds one instance to `draft`. @returns false where the value makes no sense: it counts as not understood */
  decode(value: Reader, draft: Draft): boolean;
  /** Writes all instances to send, if any; absent where Linnet only reads. */
  encode?(capabilities: Capabilities, out: Writer): void;
}

/** Code and length of one instance; its value has to follow. */
const begin = (out: Writer, code: number, octets: number): Writer => out.u8(code).u8(octets);

const flag = (
  code: number,
  name: string,
  key: "routeRefresh" | "enhancedRefresh" | "extendedMessage",
): CapabilityRow => ({
  code,
  name,
  decode(value, draft) {
    if (value.remaining !== 0) return false;
    draft[key] = true;
    return true;
  },
  encode(capabilities, out) {
    if (capabilities[key]) begin(out, code, 0);
  },
});

const multiprotocol: CapabilityRow = {
  code: 1,
  name: "multiprotocol",
  decode(value, draft) {
    if (value.remaining !== 4) return false;
    const afi = value.u16();
    value.u8(); // reserved
    const safi = value.u8();
    const family = familyOf(afi, safi);
    if (family === undefined) draft.otherFamilies = [...draft.otherFamilies, { afi, safi }];
    else if (!draft.families.includes(family)) draft.families = [...draft.families, family];
    return true;
  },
  encode({ families }, out) {
    for (const family of families) begin(out, this.code, 4).u16(AFI[family]).u8(0).u8(SAFI_UNICAST);
  },
};

/** Triples of family and the AFI of its next hops (RFC 8950 §4): only IPv4 unicast over IPv6 concerns Linnet. */
const extendedNextHop: CapabilityRow = {
  code: 5,
  name: "extended next hop",
  decode(value, draft) {
    if (value.remaining % 6 !== 0) return false;
    while (value.remaining > 0) {
      const [afi, safi, nextHopAfi] = [value.u16(), value.u16(), value.u16()];
      if (familyOf(afi, safi) === "ipv4" && nextHopAfi === AFI.ipv6) draft.extendedNextHop = true;
    }
    return true;
  },
  encode(capabilities, out) {
    if (capabilities.extendedNextHop) begin(out, this.code, 6).u16(AFI.ipv4).u16(SAFI_UNICAST).u16(AFI.ipv6);
  },
};

/** RFC 4724 §3; of several instances the last one counts. */
const gracefulRestart: CapabilityRow = {
  code: 64,
  name: "graceful restart",
  decode(value, draft) {
    if (value.remaining % 4 !== 2) return false;
    const head = value.u16();
    const families: { family: Family; forwarding: boolean }[] = [];
    while (value.remaining > 0) {
      const family = familyOf(value.u16(), value.u8());
      const forwarding = (value.u8() & 0x80) !== 0;
      if (family !== undefined) families.push({ family, forwarding });
    }
    draft.gracefulRestart = {
      restarting: (head & 0x8000) !== 0,
      notification: (head & 0x4000) !== 0,
      restartSeconds: head & 0x0fff,
      families,
    };
    return true;
  },
  encode({ gracefulRestart: own }, out) {
    if (own === undefined) return;
    const head = (own.restarting ? 0x8000 : 0) | (own.notification ? 0x4000 : 0) | Math.min(own.restartSeconds, 0x0fff);
    begin(out, this.code, 2 + 4 * own.families.length).u16(head);
    for (const { family, forwarding } of own.families) {
      out
        .u16(AFI[family])
        .u8(SAFI_UNICAST)
        .u8(forwarding ? 0x80 : 0);
    }
  },
};

const fourOctetAs: CapabilityRow = {
  code: 65,
  name: "4-octet AS numbers",
  decode(value, draft) {
    if (value.remaining !== 4) return false;
    draft.fourOctetAs = value.u32();
    return true;
  },
  encode({ fourOctetAs: own }, out) {
    if (own !== undefined) begin(out, this.code, 4).u32(own);
  },
};

const addPath: CapabilityRow = {
  code: 69,
  name: "ADD-PATH",
  decode(value, draft) {
    if (value.remaining % 4 !== 0) return false;
    while (value.remaining > 0) {
      const [afi, safi, mode] = [value.u16(), value.u8(), value.u8()];
      // RFC 7911 §4: another value than 1, 2 or 3 makes the entry ignored.
      if (mode < 1 || mode > 3) continue;
      draft.addPath = [...draft.addPath, { afi, safi, receive: (mode & 1) !== 0, send: (mode & 2) !== 0 }];
    }
    return true;
  },
};

const longLived: CapabilityRow = {
  code: 71,
  name: "long-lived graceful restart",
  decode(value, draft) {
    if (value.remaining % 7 !== 0) return false;
    while (value.remaining > 0) {
      const [afi, safi, flags] = [value.u16(), value.u8(), value.u8()];
      const staleSeconds = (value.u8() << 16) | value.u16();
      draft.longLived = [...draft.longLived, { afi, safi, forwarding: (flags & 0x80) !== 0, staleSeconds }];
    }
    return true;
  },
};

/** draft-walton-bgp-hostname-capability-02 §3, which FRR and GoBGP speak: two texts, each behind its length. */
const hostName: CapabilityRow = {
  code: 73,
  name: "FQDN",
  decode(value, draft) {
    const texts: string[] = [];
    for (let i = 0; i < 2; i++) {
      if (value.remaining < 1) return false;
      const length = value.u8();
      const text = length <= value.remaining ? decodeUtf8(value.take(length)) : undefined;
      if (text === undefined) return false;
      if (text !== "") texts.push(text.replace(/\p{Cc}/gu, " "));
    }
    draft.hostName = texts.join(".");
    return true;
  },
};

/** In the order in which they are sent. */
const rows: readonly CapabilityRow[] = [
  multiprotocol,
  flag(2, "route refresh", "routeRefresh"),
  extendedNextHop,
  flag(6, "extended message", "extendedMessage"),
  gracefulRestart,
  fourOctetAs,
  addPath,
  flag(70, "enhanced route refresh", "enhancedRefresh"),
  longLived,
  hostName,
];

const byCode: ReadonlyMap<number, CapabilityRow> = new Map(rows.map((row) => [row.code, row]));

/**
 * Reads the capabilities of one or more optional parameters (RFC 5492 §4).
 * @param parameters the values of all Capabilities parameters, in order
 * @returns undefined where a capability is longer than its parameter
 */
export function decodeCapabilities(parameters: readonly Reader[]): Capabilities | undefined {
  const draft: Draft = { ...noCapabilities };
  for (const parameter of parameters) {
    while (parameter.remaining > 0) {
      if (parameter.remaining < 2) return undefined;
      const code = parameter.u8();
      const length = parameter.u8();
      if (length > parameter.remaining) return undefined;
      const value = parameter.sub(length);
      if (byCode.get(code)?.decode(new Reader(value.bytes, value.at, value.end), draft)) continue;
      draft.unknown = [...draft.unknown, { code, value: value.take(length).slice() }];
    }
  }
  return draft;
}

/** Code, length, value of each capability to send; `unknown` ones are sent as they are. */
export function encodeCapabilities(capabilities: Capabilities): Uint8Array {
  const out = new Writer(64);
  for (const row of rows) row.encode?.(capabilities, out);
  for (const { code, value } of capabilities.unknown) begin(out, code, value.length).put(value);
  return out.finish();
}

/** One line for logs: `multiprotocol ipv4 ipv6, route refresh, 4-octet AS numbers 64512`. */
export function describeCapabilities(capabilities: Capabilities): string {
  const parts: string[] = [];
  const say = (when: boolean, text: string): void => {
    if (when) parts.push(text);
  };
  const others = capabilities.otherFamilies.map(({ afi, safi }) => afiSafiName(afi, safi));
  const all = [...capabilities.families, ...others];
  say(all.length > 0, `multiprotocol ${all.join(" ")}`);
  say(capabilities.routeRefresh, "route refresh");
  say(capabilities.enhancedRefresh, "enhanced route refresh");
  say(capabilities.extendedNextHop, "extended next hop");
  say(capabilities.extendedMessage, "extended message");
  say(capabilities.fourOctetAs !== undefined, `4-octet AS numbers ${capabilities.fourOctetAs}`);
  const restart = capabilities.gracefulRestart;
  if (restart !== undefined) {
    const bits = `${restart.restarting ? " restarting" : ""}${restart.notification ? " notification" : ""}`;
    const kept = restart.families.map(({ family, forwarding }) => ` ${family}${forwarding ? " (forwarding)" : ""}`);
    parts.push(`graceful restart ${restart.restartSeconds} s${bits}${kept.join("")}`);
  }
  for (const { afi, safi, receive, send } of capabilities.addPath) {
    parts.push(`ADD-PATH ${afiSafiName(afi, safi)}${receive ? " receive" : ""}${send ? " send" : ""}`);
  }
  for (const { afi, safi, staleSeconds } of capabilities.longLived) {
    parts.push(`long-lived graceful restart ${afiSafiName(afi, safi)} ${staleSeconds} s`);
  }
  say(capabilities.hostName !== undefined, `FQDN ${capabilities.hostName}`);
  for (const { code, value } of capabilities.unknown) parts.push(`capability ${code} (${value.length} octets)`);
  return parts.join(", ") || "none";
}
