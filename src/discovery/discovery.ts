import type { Clock, Timer } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { type Address, formatAddress, sameAddress, sameOptionalAddress } from "#route/address.ts";
import { downState, dueMs, type LinkEffect, type LinkEvent, type LinkState, type Router, step } from "./link-state.ts";
import { ALL_NODES, ALL_ROUTERS, advertisementOf, decodeRouterMessage, encodeRouterMessage } from "./message.ts";
import type { RouterPort, RouterSocket } from "./router-port.ts";

/** How long until a socket that could not be had is tried again. */
const OPEN_RETRY_MS = 30_000;

/** An interface whose neighbour is wanted. */
export interface WantedLink {
  readonly name: string;
  /** Who wants it, for the log: `BGPPeer/tor`. */
  readonly source: string;
}

/** What the kernel says of an interface that packets can go through now. */
export interface LinkFacts {
  readonly index: number;
  /** Its link-local address, once it may be used. */
  readonly own: Address;
  readonly hardwareAddress: string | undefined;
}

export interface FoundNeighbour {
  readonly address: Address;
  /** Our link-local address on the same link. */
  readonly own: Address;
}

export interface DiscoveryParts {
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 to 1. */
  random(): number;
  readonly port: RouterPort;
  /** @returns undefined while the interface is not there, is down, or has no link-local address */
  link(name: string): LinkFacts | undefined;
  /** Does the session with the neighbour on this interface stand? */
  established(name: string): boolean;
  /** Another neighbour is there than before. */
  changed(): void;
}

interface Watched {
  readonly name: string;
  source: string;
  facts: LinkFacts | undefined;
  state: LinkState;
  timer: Timer | undefined;
  /** Why nothing can be sent, as logged. */
  complaint: string | undefined;
}

/**
 * Finds the neighbours on interfaces by router advertisements (RFC 4861 §6), and lets them find us. Without an interface to
 * watch no socket is open.
 */
export class Discovery {
  readonly #parts: DiscoveryParts;
  readonly #watched = new Map<string, Watched>();
  #socket: RouterSocket | undefined;
  #retry: Timer | undefined;
  /** Why there is no socket; said once. */
  #refused: string | undefined;

  constructor(parts: DiscoveryParts) {
    this.#parts = parts;
  }

  /** Watches these interfaces and no others. */
  watch(wanted: readonly WantedLink[]): void {
    const names = new Set(wanted.map(({ name }) => name));
    for (const [name, watched] of this.#watched) {
      if (names.has(name)) continue;
      this.#take(watched, undefined);
      this.#watched.delete(name);
    }
    for (const { name, source } of wanted) {
      const known = this.#watched.get(name);
      if (known !== undefined) known.source = source;
      else this.#watched.set(name, newlyWatched(name, source));
    }
    if (wanted.length === 0) this.stop();
    else this.#open();
    this.look();
  }

  /** The kernel's links changed. @returns whether there are other neighbours than before */
  look(): boolean {
    let changed = false;
    if (this.#socket === undefined) return false;
    for (const watched of this.#watched.values()) {
      const before = watched.state;
      this.#take(watched, this.#parts.link(watched.name));
      changed ||= !sameNeighbour(before, watched.state);
    }
    return changed;
  }

  /** @returns undefined while nobody was heard */
  neighbourOn(name: string): FoundNeighbour | undefined {
    const { own, chosen } = this.#watched.get(name)?.state ?? downState;
    return own && chosen && { address: chosen.address, own };
  }

  /** Why nobody is found, for people; undefined: somebody is. */
  missing(name: string): string | undefined {
    const { own, chosen } = this.#watched.get(name)?.state ?? downState;
    if (this.#socket === undefined) return this.#refused ?? "the daemon stops";
    if (own === undefined) return `${name} is down, or has no link-local address`;
    return chosen === undefined ? `no router advertises itself on ${name}` : undefined;
  }

  stop(): void {
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#refused = undefined;
    for (const { timer } of this.#watched.values()) timer?.cancel();
    this.#watched.clear();
    this.#socket?.close();
    this.#socket = undefined;
  }

  #open(): void {
    if (this.#socket !== undefined || this.#retry !== undefined) return;
    const opened = this.#parts.port.open({ received: (link, from, octets) => this.#received(link, from, octets) });
    if (!("refused" in opened)) {
      this.#socket = opened;
      this.#refused = undefined;
      return;
    }
    const wanted = [...this.#watched.values()].map(({ source, name }) => `${source}: spec.interface ${name}`);
    const text = `${wanted.join(", ")}: the neighbour cannot be found: ${opened.refused}`;
    if (opened.refused !== this.#refused) this.#parts.log.error(text);
    this.#refused = opened.refused;
    this.#retry = this.#parts.clock.after(OPEN_RETRY_MS, () => {
      this.#retry = undefined;
      this.#open();
      if (this.look()) this.#parts.changed();
    });
  }

  /** @param facts of now */
  #take(watched: Watched, facts: LinkFacts | undefined): void {
    const before = watched.facts;
    watched.facts = facts;
    if (before !== undefined && before.index !== facts?.index) {
      this.#socket?.leave(before.index);
      this.#step(watched, { kind: "down" });
    }
    if (facts === undefined) return;
    if (before?.index !== facts.index) this.#complain(watched, this.#socket?.join(facts.index));
    if (watched.state.own !== undefined && sameAddress(watched.state.own, facts.own)) return;
    this.#step(watched, { kind: "up", own: facts.own });
  }

  #received(link: string, from: Address, octets: Uint8Array): void {
    const watched = this.#watched.get(link);
    const message = watched && decodeRouterMessage(octets);
    if (watched === undefined || message === undefined) return;
    const before = watched.state;
    this.#step(watched, { kind: "heard", from, message, established: this.#parts.established(link) });
    if (!sameNeighbour(before, watched.state)) this.#parts.changed();
  }

  #step(watched: Watched, event: LinkEvent): void {
    const { clock } = this.#parts;
    const before = watched.state;
    const { next, effects } = step(before, event, { nowMs: clock.nowMs(), random: this.#parts.random() });
    watched.state = next;
    for (const effect of effects) this.#act(watched, effect);
    if (!sameOptionalAddress(before.chosen?.address, next.chosen?.address)) this.#say(watched);
    watched.timer?.cancel();
    const atMs = dueMs(next);
    watched.timer = Number.isFinite(atMs)
      ? clock.after(Math.max(0, atMs - clock.nowMs()), () => this.#step(watched, { kind: "due" }))
      : undefined;
  }

  #act(watched: Watched, effect: LinkEffect): void {
    const { facts } = watched;
    if (facts === undefined) return;
    const { hardwareAddress } = facts;
    switch (effect.kind) {
      case "solicit":
        this.#send(watched, facts, ALL_ROUTERS, encodeRouterMessage({ kind: "solicitation", hardwareAddress }));
        break;
      case "advertise":
        this.#send(watched, facts, effect.to ?? ALL_NODES, encodeRouterMessage(advertisementOf(hardwareAddress)));
        break;
      case "several":
        this.#parts.log.warn(
          `${watched.name} has several routers: ${list(effect.routers)}; the neighbour of ${watched.source} is the one whose session stands, else the lowest address`,
        );
        break;
    }
  }

  #send(watched: Watched, { index }: LinkFacts, to: Address, octets: Uint8Array): void {
    this.#complain(watched, this.#socket?.send(index, to, octets));
  }

  /** @param reason undefined: all is well again */
  #complain(watched: Watched, reason: string | undefined): void {
    if (reason !== undefined && reason !== watched.complaint) {
      const { source, name } = watched;
      this.#parts.log.warn(`${source}: spec.interface ${name}: the neighbour is not told of us: ${reason}`);
    }
    watched.complaint = reason;
  }

  #say({ name, source, state: { chosen } }: Watched): void {
    const found = chosen && `the neighbour of ${source} on ${name} is ${list([chosen])}`;
    this.#parts.log.info(found ?? `${name} is down: no neighbour of ${source} there`);
  }
}

const newlyWatched = (name: string, source: string): Watched => ({
  ...{ name, source, facts: undefined, state: downState, timer: undefined, complaint: undefined },
});

const list = (routers: readonly Router[]): string => routers.map(({ address }) => formatAddress(address)).join(", ");

function sameNeighbour(a: LinkState, b: LinkState): boolean {
  return sameOptionalAddress(a.own, b.own) && sameOptionalAddress(a.chosen?.address, b.chosen?.address);
}
