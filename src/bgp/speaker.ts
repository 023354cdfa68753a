import { callerPlace, signers, takenForSteps } from "#config/callers.ts";
import type { NodeConfig, PeerConfig } from "#config/node-config.ts";
import { finish, type Steps } from "#lib/steps.ts";
import type { Address } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import { Door, type Refusal } from "./door.ts";
import { Deferral } from "./session/deferral.ts";
import { type Dialling, Driver, type DriverWorld, type SessionObserver } from "./session/driver.ts";
import type { LocalSpeaker } from "./session/negotiate.ts";
import type { PeerSnapshot } from "./session/snapshot.ts";
import type { Connection } from "./transport.ts";
import { AFI, SAFI_UNICAST } from "./wire/afi-safi.ts";
import { Cease, ErrorCode, type Notification, operatorCease } from "./wire/notification.ts";
import { ReadContexts } from "./wire/read-context.ts";

/** Sessions of one node; neighbours beyond are left out, and the log says so. */
const MAX_SESSIONS = 10_000;

/** First calls are made for so long, then the others have their turn. */
const SLICE_MS = 2;

/** What the speaker is given for life. */
export interface SpeakerWorld extends Omit<DriverWorld, "speaker" | "contexts" | "observer"> {
  /** This is a restart: neighbours are told so until all have sent us their routes (the R bit, RFC 4724 §4.1). */
  readonly restarted: boolean;
  /** Does the kernel still forward by our routes of `family` (the F bit)? Asked at every OPEN. */
  forwardingKept(family: Family): boolean;
  readonly observer: SpeakerObserver;
}

/** Who wants to know what becomes of sessions, and when the node has heard all that it waited for after its start. */
interface SpeakerObserver extends SessionObserver {
  /** Once per family, bounded in time: what the kernel holds of an earlier life may go, and our End-of-RIB out. */
  complete(family: Family): void;
}

/** How the speaker ends. `graceful`: neighbours keep our routes, for a restart; `hard`: they forget them. */
export type StopMode = "graceful" | "hard";

/** All neighbours of this node. */
export class Speaker {
  readonly #world: SpeakerWorld;
  readonly #driverWorld: DriverWorld;
  readonly #door: Door;
  readonly #drivers = new Map<string, Driver>();
  /** By `callerPlace`, whom callers are taken for. */
  #taken: ReadonlyMap<string, PeerConfig> = new Map();
  /** Neighbours whose turn to become what the configuration says has not come, by name. */
  readonly #due = new Map<string, PeerConfig>();
  /** What of the node changed that no session can live with. */
  #changedIdentity: string | undefined;
  readonly #disabled = new Set<string>();
  /** Neighbours that nobody has called yet, and that have not called either. */
  readonly #unstarted = new Set<Driver>();
  #startsSome = false;
  #config: NodeConfig | undefined;
  #deferral: Deferral | undefined;

  constructor(world: SpeakerWorld) {
    this.#world = world;
    this.#driverWorld = {
      ...world,
      random: () => world.random(),
      contexts: new ReadContexts(),
      speaker: () => this.#local(),
      observer: this.#observer(),
    };
    this.#door = new Door(world, (connection, password) => this.#admit(connection, password));
  }

  /** Makes the sessions what `config` says. One is reset only where the protocol cannot do without; the log says why. */
  reconfigure(config: NodeConfig): void {
    finish(this.reconfigureSteps(config));
  }

  /**
   * The same with pauses: who is configured no more goes first, and a caller whose turn has not come has it when it calls.
   * One configuration at a time.
   */
  *reconfigureSteps(config: NodeConfig): Steps<void> {
    yield* this.leave(config);
    const before = this.#config;
    const peers = config.peers.slice(0, MAX_SESSIONS);
    if (config.peers.length > MAX_SESSIONS) this.#sayTooMany(config.peers.length);
    const taken = yield* takenForSteps(peers);
    const keys = signers(taken);
    yield;
    this.#config = config;
    this.#deferral ??= this.#begin(config);
    this.#taken = taken;
    this.#changedIdentity = before !== undefined && before.routerId !== config.routerId ? "router id" : undefined;
    for (const peer of peers) this.#due.set(peer.name, peer);
    this.#door.open(config.listen, keys);
    for (const { name } of peers) {
      this.#configure(name);
      yield;
    }
    if (before === undefined || before.clusterId === config.clusterId) return;
    for (const driver of this.#drivers.values()) {
      driver.reread();
      yield;
    }
  }

  /** Ends the sessions with neighbours that `config` has no more: the first part of `reconfigureSteps`. */
  *leave({ peers }: NodeConfig): Steps<void> {
    const wanted = new Set(peers.slice(0, MAX_SESSIONS).map(({ name }) => name));
    for (const [name, driver] of this.#drivers) {
      if (wanted.has(name)) continue;
      this.#remove(name, driver);
      yield;
    }
  }

  /**
   * Ends all sessions and listens no more.
   * @param text for the neighbours' operators, with `hard` (RFC 9003)
   */
  stop(mode: StopMode, text = ""): void {
    this.#door.close();
    this.#deferral?.stop();
    this.#unstarted.clear();
    this.#due.clear();
    const notification = mode === "hard" ? operatorCease(Cease.administrativeShutdown, text) : undefined;
    for (const driver of this.#drivers.values()) driver.stop(notification, "the daemon stops");
  }

  /** Until `enable`. @param text for the neighbour's operator (RFC 9003). @returns false where there is no such neighbour */
  disable(name: string, text = ""): boolean {
    return this.#with(name, (driver) => {
      this.#disabled.add(name);
      this.#deferral?.forget(name);
      driver.stop(operatorCease(Cease.administrativeShutdown, text), "disabled by the operator");
    });
  }

  enable(name: string): boolean {
    return this.#with(name, (driver) => {
      if (this.#disabled.delete(name)) driver.start("manualStart");
    });
  }

  /** A new session; also ends `disable`. */
  restart(name: string, text = ""): boolean {
    return this.#with(name, (driver) => {
      this.#disabled.delete(name);
      driver.restart(operatorCease(Cease.administrativeReset, text), "restarted by the operator");
    });
  }

  /** Logs every message of the neighbour, or ceases to. @returns false where there is no such neighbour */
  trace(name: string, on: boolean): boolean {
    return this.#with(name, (driver) => {
      driver.isTraced = on;
    });
  }

  /** Asks the neighbour for its routes again. @returns false where it is not there, or cannot */
  refreshIn(name: string): boolean {
    return this.#drivers.get(name)?.askRefresh() ?? false;
  }

  /** Tells the neighbour our routes again. @returns false where it is not there */
  refreshOut(name: string): boolean {
    return this.#drivers.get(name)?.tellAgain() ?? false;
  }

  /** The neighbour sent more prefixes than allowed (RFC 4486 §4). */
  prefixLimitReached(name: string, family: Family, limit: number): void {
    const afi = AFI[family];
    const bound = [limit >>> 24, (limit >>> 16) & 255, (limit >>> 8) & 255, limit & 255];
    const data = [afi >> 8, afi & 255, SAFI_UNICAST, ...bound];
    this.#drivers.get(name)?.reset({ ...cease(Cease.maximumPrefixes), data });
  }

  /** There is no room for what the neighbour sends (RFC 4486 §4). */
  outOfResources(name: string): void {
    this.#drivers.get(name)?.reset(cease(Cease.outOfResources));
  }

  /** BFD lost the neighbour. @param forwardingToo BFD does not share fate with its BGP (the C bit, RFC 5882 §4.3) */
  neighbourLost(name: string, forwardingToo: boolean): void {
    this.#drivers.get(name)?.lost(forwardingToo);
  }

  isDisabled(name: string): boolean {
    return this.#disabled.has(name);
  }

  /** Neighbours whose End-of-RIB we wait for after our start; empty once the node is complete. */
  awaited(family: Family): ReadonlySet<string> {
    return this.#deferral?.awaited(family) ?? new Set();
  }

  /** What all neighbours are configured to be, oldest first. */
  configs(): PeerConfig[] {
    return [...this.#drivers.values()].map(({ config }) => config);
  }

  /** One neighbour as status views show it. */
  peer(name: string): PeerSnapshot | undefined {
    return this.#drivers.get(name)?.snapshot();
  }

  #with(name: string, act: (driver: Driver) => void): boolean {
    const driver = this.#drivers.get(name);
    if (driver !== undefined) act(driver);
    return driver !== undefined;
  }

  #begin(config: NodeConfig): Deferral {
    const awaited = config.peers.filter(({ gracefulRestart }) => gracefulRestart.enabled);
    const { deferralMs } = config.gracefulRestart;
    return new Deferral(this.#world.clock, awaited, deferralMs, (family) => this.#world.observer.complete(family));
  }

  #observer(): SessionObserver {
    const { observer } = this.#world;
    return {
      established: (peer, agreed) => {
        observer.established(peer, agreed);
        this.#deferral?.established(peer, agreed);
      },
      down: (peer) => {
        observer.down(peer);
        this.#deferral?.down(peer);
      },
      endOfRib: (peer, family) => {
        observer.endOfRib(peer, family);
        this.#deferral?.endOfRib(peer, family);
      },
    };
  }

  #sayTooMany(neighbours: number): void {
    this.#world.log.error(`${neighbours} neighbours are too many: only the first ${MAX_SESSIONS} get a session`);
  }

  /** Once for each configuration. */
  #configure(name: string): void {
    const peer = this.#due.get(name);
    if (peer === undefined) return;
    this.#due.delete(name);
    const known = this.#drivers.get(name);
    if (known !== undefined) {
      known.reconfigure(peer, this.#dialling(peer), this.#changedIdentity);
      return;
    }
    const added = new Driver(peer, this.#dialling(peer), this.#driverWorld);
    this.#drivers.set(peer.name, added);
    this.#unstarted.add(added);
    if (!this.#startsSome) this.#world.clock.soon(() => this.#startSome());
    this.#startsSome = true;
  }

  /** Thousands of calls at once would hold the thread for seconds. */
  #startSome(): void {
    const { clock } = this.#world;
    const endMs = clock.nowMs() + SLICE_MS;
    for (const driver of this.#unstarted) {
      this.#start(driver);
      if (clock.nowMs() >= endMs) break;
    }
    this.#startsSome = this.#unstarted.size > 0;
    if (this.#startsSome) clock.soon(() => this.#startSome());
  }

  #start(driver: Driver): void {
    this.#unstarted.delete(driver);
    const { name } = driver.config;
    if (this.#drivers.get(name) === driver && !this.#disabled.has(name)) driver.start();
  }

  #remove(name: string, driver: Driver): void {
    this.#drivers.delete(name);
    this.#disabled.delete(name);
    this.#deferral?.forget(name);
    driver.stop(cease(Cease.peerDeconfigured), "removed from the configuration");
  }

  /** @param password what the caller had to sign with */
  #admit(connection: Connection, password: string | undefined): Refusal | undefined {
    const name = this.#taken.get(callerPlace(connection.remoteAddress, connection.interface))?.name ?? "";
    this.#configure(name);
    const driver = this.#drivers.get(name);
    if (driver === undefined) return { notification: cease(Cease.connectionRejected), reason: "no such neighbour" };
    const { config } = driver;
    if (config.password !== password) {
      const reason = `it did not have to sign with the password of ${name}`;
      return { notification: undefined, reason };
    }
    if (this.#unstarted.has(driver)) this.#start(driver); // its turn to be called has not come
    if (driver.accept(connection)) return undefined;
    // not a word: a neighbour would show it in place of the reason for which its session ended (RFC 9003 §2)
    return {
      notification: undefined,
      reason: `${name} ${this.#disabled.has(name) ? "is disabled" : "waits after an error"}`,
    };
  }

  /**
   * Between two nodes the one with the lower address dials. Addresses, not router ids: both sides must come to the same
   * answer before they ever met.
   */
  #dialling(peer: PeerConfig): Dialling {
    if (peer.passive) return "never";
    const own = peer.localAddress ?? this.#config?.addresses[peer.address.family];
    if (peer.origin !== "mesh" || own === undefined) return "now";
    return isLower(own, peer.address) ? "now" : "later";
  }

  #local(): LocalSpeaker {
    return {
      routerId: this.#config?.routerId ?? 0,
      clusterId: this.#config?.clusterId ?? 0,
      restarting: this.#world.restarted && (this.#deferral?.pending ?? true),
      forwardingKept: (family) => this.#world.forwardingKept(family),
    };
  }
}

const cease = (subcode: number): Notification => ({ code: ErrorCode.cease, subcode });

/** @param b of the same family */
function isLower(a: Address, b: Address): boolean {
  const differing = a.words.findIndex((word, index) => word !== b.words[index]);
  return differing >= 0 && (a.words[differing] ?? 0) < (b.words[differing] ?? 0);
}
