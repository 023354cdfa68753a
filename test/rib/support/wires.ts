import type { ForwardingTable, NextHopResolver, Resolution, SessionOut } from "#rib/ports.ts";
import { type Address, formatAddress, formatWords } from "#route/address.ts";
import { formatAsPath } from "#route/as-path.ts";
import type { Attributes } from "#route/attributes.ts";
import type { Family } from "#route/family.ts";
import type { HopSet, HopSetTable } from "#route/hop-set.ts";
import { type Message, readMessages } from "./codec.ts";

/** A neighbour's ear: what it was told, in order, and what it has as a result. */
export class Ear implements SessionOut {
  readonly messages: Message[] = [];
  /** Prefix as text to the attributes it was told with. */
  readonly routes = new Map<string, Attributes>();
  /** Sends that the socket has not taken yet; empty unless `isSlow`. */
  readonly waiting: (() => void)[] = [];
  isSlow = false;
  octets = 0;
  /** Prefixes heard by kind and family. */
  readonly heard = { reach: { ipv4: 0, ipv6: 0 }, unreach: { ipv4: 0, ipv6: 0 } };

  send(bytes: Uint8Array, start: number, end: number, written: () => void): void {
    this.octets += end - start;
    for (const message of readMessages(bytes.slice(start, end))) this.#hear(message);
    if (this.isSlow) this.waiting.push(written);
    else written();
  }

  /** The socket takes all that waits. */
  take(): void {
    for (const written of this.waiting.splice(0)) written();
  }

  /** What was heard since the last call, one short line each. */
  lines(): string[] {
    return this.messages.splice(0).map(({ kind, family, prefixes, attributes }) => {
      if (prefixes.length === 0) return `${kind} ${family}`;
      const text = prefixes.map((prefix) => textOf(family, prefix)).join(" ");
      return kind === "unreach" ? `- ${text}` : `+ ${text} [${formatAsPath(attributes!.asPath)}]`;
    });
  }

  #hear(message: Message): void {
    this.messages.push(message);
    if (message.kind === "reach" || message.kind === "unreach")
      this.heard[message.kind][message.family] += message.prefixes.length;
    for (const prefix of message.prefixes) {
      const text = textOf(message.family, prefix);
      if (message.kind === "reach") this.routes.set(text, message.attributes!);
      else this.routes.delete(text);
    }
  }
}

/** Words, then the length. */
function textOf(family: Family, prefix: readonly number[]): string {
  const words = prefix.slice(0, -1) as [number];
  return `${formatWords(family, ...words)}/${prefix.at(-1)}`;
}

/** A forwarding table that is a Map. */
export class FakeForwarding implements ForwardingTable {
  readonly routes = new Map<string, string>();
  /** Hop set to where its routes would mostly go, as `FAMILY HOPS`. */
  readonly backups = new Map<string, string>();
  /** What was foreseen, as `FAMILY HOPS to HOPS`. */
  readonly foreseen: string[] = [];
  calls = 0;
  /** Who waits for an answer; nobody unless `isSlow`. */
  readonly waiting: (() => void)[] = [];
  isSlow = false;
  readonly #hopSets: HopSetTable;

  constructor(hopSets: HopSetTable) {
    this.#hopSets = hopSets;
  }

  set4(address: number, length: number, hopSet: number): void {
    this.#set(textOf("ipv4", [address, length]), hopSet);
  }

  set6(w0: number, w1: number, w2: number, w3: number, length: number, hopSet: number): void {
    this.#set(textOf("ipv6", [w0, w1, w2, w3, length]), hopSet);
  }

  clear4(address: number, length: number): void {
    this.#clear(textOf("ipv4", [address, length]));
  }

  clear6(w0: number, w1: number, w2: number, w3: number, length: number): void {
    this.#clear(textOf("ipv6", [w0, w1, w2, w3, length]));
  }

  setBackup(family: Family, hopSet: number, backup: number): void {
    const key = `${family} ${formatHopSet(this.#hopSets.get(hopSet))}`;
    if (backup === 0) this.backups.delete(key);
    else this.backups.set(key, formatHopSet(this.#hopSets.get(backup)));
  }

  foresee(family: Family, hopSet: number, next: number): void {
    const [from, to] = [hopSet, next].map((number) => formatHopSet(this.#hopSets.get(number)));
    this.foreseen.push(`${family} ${from} to ${to}`);
  }

  whenTried(then: () => void): void {
    if (this.isSlow) this.waiting.push(then);
    else then();
  }

  /** Whatever was asked for up to now is done. */
  answer(): void {
    for (const then of this.waiting.splice(0)) then();
  }

  #set(prefix: string, hopSet: number): void {
    this.calls++;
    this.routes.set(prefix, formatHopSet(this.#hopSets.get(hopSet)));
  }

  #clear(prefix: string): void {
    this.calls++;
    if (!this.routes.delete(prefix)) throw new Error(`${prefix} was not there`);
  }
}

/** `10.0.0.1*1 10.0.0.2*1`, or `blackhole`. */
export function formatHopSet(set: HopSet): string {
  if (set.kind === "blackhole") return "blackhole";
  return set.hops
    .map(({ gateway, link, weight }) => `${gateway ? formatAddress(gateway) : "link"}%${link}*${weight}`)
    .sort()
    .join(" ");
}

/** Next hops that a test makes reachable: on link 1 with metric 0 unless it says otherwise. */
export class FakeResolver implements NextHopResolver {
  readonly known = new Map<string, Resolution | undefined>();
  /** Addresses that `known` does not mention are reachable. */
  open = true;
  asked = 0;

  resolve(address: Address, via: number | undefined): Resolution | undefined {
    this.asked++;
    const text = formatAddress(address);
    if (this.known.has(text)) return this.known.get(text);
    return this.open ? onLink(address, via ?? 1) : undefined;
  }
}

export const onLink = (gateway: Address, link = 1, metric = 0): Resolution => ({
  metric,
  hops: [{ gateway, link, weight: 1, onlink: false }],
});
