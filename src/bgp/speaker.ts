import type { NodeConfig, PeerConfig } from "#config/node-config.ts";
import { type Address, formatAddress, isLinkLocal } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import { Door } from "./door.ts";
import { resetReason } from "./session/changes.ts";
import { Driver, type DriverWorld, type PeerSnapshot } from "./session/driver.ts";
import type { SessionAttributes } from "./session/fsm.ts";
import type { LocalSpeaker } from "./session/negotiate.ts";
import type { Connection } from "./transport.ts";
import { Cease, ErrorCode, type Notification, operatorCease } from "./wire/notification.ts";

/** What the speaker is given for life. */
export interface SpeakerWorld extends Omit<DriverWorld, "speaker"> {
  /** The daemon restarted, and the kernel kept our routes (RFC 4724 §4.1). Asked at every OPEN. */
  restarting(): boolean;
  forwardingKept(family: Family): boolean;
}

/** How the speaker ends: `graceful` for a restart, neighbours keep our routes; `hard`: they shall forget them. */
export type StopMode = "graceful" | "hard";

/** All neighbours of this node. */
export class Speaker {
  readonly #world: SpeakerWorld;
  readonly #drivers = new Map<string, Driver>();
  /** By `callerKey`. */
  readonly #byCaller = new Map<string, Driver>();
  readonly #disabled = new Set<string>();
  readonly #door: Door;
  #config: NodeConfig | undefined;

  constructor(world: SpeakerWorld) {
    this.#world = world;
    this.#door = new Door(world, (connection) => this.#accept(connection));
  }

  /** Makes the sessions what `config` says. One is reset only where the protocol cannot do without; the log says why. */
  reconfigure(config: NodeConfig): void {
    const before = this.#config;
    this.#config = config;
    this.#door.open(config.listen, config.peers);
    const wanted = new Set(config.peers.map(({ name }) => name));
    for (const [name, driver] of this.#drivers) if (!wanted.has(name)) this.#remove(name, driver);
    const identity = before !== undefined && before.routerId !== config.routerId ? "router id" : undefined;
    for (const peer of config.peers) this.#configure(peer, identity);
    if (before !== undefined && before.clusterId !== config.clusterId) {
      for (const driver of this.#drivers.values()) driver.reread();
    }
    this.#byCaller.clear();
    for (const driver of this.#drivers.values()) {
      this.#byCaller.set(callerKey(driver.config.address, driver.config.interface), driver);
    }
  }

  /** Ends all sessions and listens no more. @param text for the neighbours' operators (RFC 9003) */
  stop(mode: StopMode, text = ""): void {
    this.#door.close();
    const cease = mode === "hard" ? operatorCease(Cease.administrativeShutdown, text) : undefined;
    for (const driver of this.#drivers.values()) driver.stop(cease, "the daemon stops");
  }

  /** @returns false where there is no such neighbour */
  disable(name: string, text = ""): boolean {
    const driver = this.#drivers.get(name);
    if (driver === undefined) return false;
    this.#disabled.add(name);
    driver.stop(operatorCease(Cease.administrativeShutdown, text), "disabled by the operator");
    return true;
  }

  enable(name: string): boolean {
    const driver = this.#drivers.get(name);
    if (driver === undefined) return false;
    if (this.#disabled.delete(name)) driver.start();
    return true;
  }

  restart(name: string, text = ""): boolean {
    const driver = this.#drivers.get(name);
    if (driver === undefined) return false;
    driver.stop(operatorCease(Cease.administrativeReset, text), "restarted by the operator");
    this.#disabled.delete(name);
    driver.start();
    return true;
  }

  /** Asks the neighbour for its routes again. @returns false where it is not there, or cannot */
  refreshIn(name: string): boolean {
    return this.#drivers.get(name)?.askRefresh() ?? false;
  }

  /** Tells the neighbour our routes again. */
  refreshOut(name: string): boolean {
    const driver = this.#drivers.get(name);
    driver?.tellAgain();
    return driver !== undefined;
  }

  prefixLimitReached(name: string, family: Family, limit: number): void {
    this.#drivers.get(name)?.prefixLimitReached(family, limit);
  }

  isDisabled(name: string): boolean {
    return this.#disabled.has(name);
  }

  /** In the order of the configuration. */
  snapshot(): PeerSnapshot[] {
    return [...this.#drivers.values()].map((driver) => driver.snapshot());
  }

  #configure(peer: PeerConfig, identity: string | undefined): void {
    const driver = this.#drivers.get(peer.name);
    if (driver !== undefined) {
      driver.reconfigure(peer, this.#dialling(peer), identity ?? resetReason(driver.config, peer, driver.negotiated));
      return;
    }
    const world: DriverWorld = { ...this.#world, speaker: () => this.#local() };
    const added = new Driver(peer, this.#dialling(peer), world);
    this.#drivers.set(peer.name, added);
    added.start();
  }

  #remove(name: string, driver: Driver): void {
    this.#drivers.delete(name);
    this.#disabled.delete(name);
    driver.stop(cease(Cease.peerDeconfigured), "removed from the configuration");
  }

  /** @returns what to tell a caller that is turned away (RFC 4486 §4) */
  #accept(connection: Connection): Notification | undefined {
    const driver = this.#byCaller.get(callerKey(connection.remoteAddress, connection.interface));
    if (driver === undefined) return cease(Cease.connectionRejected);
    driver.accept(connection);
    return undefined;
  }

  /** Between two nodes the one with the lower address dials: both must come to the same answer before they ever met. */
  #dialling(peer: PeerConfig): SessionAttributes["dial"] {
    if (peer.passive) return "never";
    const own = peer.localAddress ?? this.#config?.addresses[peer.address.family];
    if (peer.origin !== "mesh" || own === undefined) return "now";
    return compareAddresses(own, peer.address) < 0 ? "now" : "later";
  }

  #local(): LocalSpeaker {
    const world = this.#world;
    return {
      routerId: this.#config?.routerId ?? 0,
      clusterId: this.#config?.clusterId ?? 0,
      restarting: world.restarting(),
      forwardingKept: (family) => world.forwardingKept(family),
    };
  }
}

const cease = (subcode: number): Notification => ({ code: ErrorCode.cease, subcode });

/** A link-local address is one neighbour's only on its own interface. */
const callerKey = (address: Address, device: string | undefined): string =>
  isLinkLocal(address) ? `${formatAddress(address)}%${device}` : formatAddress(address);

/** IPv4 before IPv6, then by value. */
function compareAddresses(a: Address, b: Address): number {
  if (a.words.length !== b.words.length) return a.words.length - b.words.length;
  for (const [index, word] of a.words.entries()) {
    const other = b.words[index] ?? 0;
    if (word !== other) return word - other;
  }
  return 0;
}
