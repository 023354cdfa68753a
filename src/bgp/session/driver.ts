import type { PeerConfig } from "#config/node-config.ts";
import type { Clock, Timer } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { formatAddress } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import type { EstablishedSession, RoutingSide } from "../ports.ts";
import type { Call, Connection, ConnectionEvents, ConnectionOptions, DialEvents, Transport } from "../transport.ts";
import { AFI, SAFI_UNICAST } from "../wire/afi-safi.ts";
import { Cease, ErrorCode, hardReset, type Notification, OpenError } from "../wire/notification.ts";
import type { Open } from "../wire/open.ts";
import type { ReadContext, ReadContexts } from "../wire/read-context.ts";
import type { RouteRefresh } from "../wire/route-refresh.ts";
import { UpdateReader } from "../wire/update.ts";
import { collide } from "./collision.ts";
import { type Ending, type Event, idleSession, parallelSession, type SessionAttributes, type State } from "./fsm.ts";
import { endsForGood, type Helper, type HelperEffect, type HelperEvent, help, noHelp } from "./graceful-restart.ts";
import { describeEnding, History, type Transition } from "./history.ts";
import { type Counters, Link, type LinkOwner } from "./link.ts";
import { type LocalSpeaker, type Negotiated, negotiate, openFor } from "./negotiate.ts";
import { WatchedSink } from "./watched-sink.ts";

/** What all sessions share. */
export interface DriverWorld {
  readonly clock: Clock;
  readonly log: Log;
  readonly transport: Transport;
  readonly routing: RoutingSide;
  readonly contexts: ReadContexts;
  /** From 0 to 1, for jitter (RFC 4271 §10). */
  random(): number;
  speaker(): LocalSpeaker;
  readonly observer: SessionObserver;
}

/** Who wants to know what becomes of sessions. */
export interface SessionObserver {
  established(peer: string, negotiated: Negotiated): void;
  down(peer: string): void;
  endOfRib(peer: string, family: Family): void;
}

/** One neighbour: its connections, of which there may be two for a moment, and what is kept of its routes. */
export class Driver implements LinkOwner {
  readonly counters: Counters = noCounts();
  #config: PeerConfig;
  #attributes: SessionAttributes;
  readonly #world: DriverWorld;
  readonly #log: Log;
  #primary: Link;
  /** A second connection beside a first one that is busy (RFC 4271 §6.8). */
  #challenger: Link | undefined;
  #helper: Helper = noHelp;
  readonly #helperTimers = new Map<"restart" | "stale", Timer>();
  readonly #history = new History();
  #sink: WatchedSink | undefined;
  /** Families of the session that is up, or was up last, of which End-of-RIB came. */
  #complete = new Set<Family>();
  #lastEnding: Ending | undefined;
  #sinceMs: number;
  /** The neighbour does not take capabilities (RFC 5492 §3). */
  #bare = false;

  /** @param dial see `SessionAttributes` */
  constructor(config: PeerConfig, dial: SessionAttributes["dial"], world: DriverWorld) {
    this.#config = config;
    this.#world = world;
    this.#log = world.log.with({ peer: config.name });
    this.#attributes = attributesOf(config, dial);
    this.#primary = new Link(this, idleSession(this.#attributes));
    this.#sinceMs = world.clock.wallMs();
  }

  get clock(): Clock {
    return this.#world.clock;
  }

  get config(): PeerConfig {
    return this.#config;
  }

  get state(): State {
    return this.#primary.state;
  }

  get negotiated(): Negotiated | undefined {
    return this.#primary.negotiated;
  }

  random(): number {
    return this.#world.random();
  }

  start(): void {
    this.#primary.handle({ kind: "manualStart" });
  }

  /** Until `start`. @param notification undefined: close without a word, neighbours keep our routes (RFC 4724 §4.2) */
  stop(notification: Notification | undefined, reason: string): void {
    for (const link of this.#links()) {
      const said = notification && this.#wrapped(link, notification);
      link.handle({ kind: "manualStop", notification: said, reason });
    }
    this.#helped({ kind: "forget" });
    this.#settle();
  }

  /** Ends the session; it comes back after the IdleHoldTime. */
  reset(notification: Notification): void {
    for (const link of this.#links()) {
      link.handle({ kind: "automaticStop", notification: this.#wrapped(link, notification) });
    }
    this.#settle();
  }

  /** The neighbour called. */
  accept(connection: Connection): void {
    if (this.state === "idle" || this.state === "active") {
      this.#primary.accept(connection);
      return;
    }
    this.#challenger?.handle({ kind: "collisionDump" }); // it called again: it gave the call before up
    this.#challenger?.dispose();
    this.#challenger = new Link(this, parallelSession(this.#attributes));
    this.#challenger.accept(connection);
    this.#settle();
  }

  /** @param resetFor what changed that a session cannot live with; undefined: nothing */
  reconfigure(config: PeerConfig, dial: SessionAttributes["dial"], resetFor: string | undefined): void {
    const before = this.#config;
    this.#config = config;
    this.#attributes = attributesOf(config, dial);
    for (const link of this.#links()) link.session = { ...link.session, attributes: this.#attributes };
    if (this.state === "idle" && this.#primary.remainingMs("idleHold") === undefined) return;
    if (resetFor !== undefined) {
      const reason = `reset because its ${resetFor} changed`;
      this.#log.info(`session with ${this.#title()} is ${reason}`);
      this.stop({ code: ErrorCode.cease, subcode: Cease.otherConfigurationChange }, reason);
      this.start();
      return;
    }
    this.#retune(before);
  }

  /** What a session that is up takes over without a reset. */
  #retune(before: PeerConfig): void {
    const [old, now] = [connectionOptions(before), connectionOptions(this.#config)];
    if (old.password !== now.password || old.ttl !== now.ttl || old.minimumTtl !== now.minimumTtl) {
      for (const link of this.#links()) link.connection?.change(now);
    }
    if (before.allowOwnAs !== this.#config.allowOwnAs) this.reread();
  }

  /** Understands UPDATEs anew, and asks for those that came before; a neighbour that cannot send them again is reset. */
  reread(): void {
    const negotiated = this.negotiated;
    if (this.state !== "established" || negotiated === undefined || this.#sink === undefined) return;
    this.#primary.read(new UpdateReader(this.#readContext(negotiated), this.#sink));
    if (this.askRefresh()) return;
    this.stop({ code: ErrorCode.cease, subcode: Cease.otherConfigurationChange }, "needs all routes again");
    this.start();
  }

  /** More prefixes than allowed (RFC 4486 §4). */
  prefixLimitReached(family: Family, limit: number): void {
    const afi = AFI[family];
    const upperBound = [limit >>> 24, (limit >>> 16) & 255, (limit >>> 8) & 255, limit & 255];
    const data = [afi >> 8, afi & 255, SAFI_UNICAST, ...upperBound];
    this.reset({ code: ErrorCode.cease, subcode: Cease.maximumPrefixes, data });
  }

  /** Asks for everything again (RFC 2918). @returns false where the neighbour cannot */
  askRefresh(): boolean {
    const negotiated = this.negotiated;
    if (this.state !== "established" || !negotiated?.routeRefresh) return false;
    for (const family of negotiated.families) this.#primary.sendRefresh({ kind: "request", family });
    return true;
  }

  /** Tells everything again. */
  tellAgain(): void {
    const negotiated = this.negotiated;
    if (this.state !== "established" || negotiated === undefined) return;
    for (const family of negotiated.families) this.#world.routing.refresh(this.#config.name, family, false);
  }

  // what the links ask and tell

  ownOpen(): Open {
    return openFor(this.#config, this.#world.speaker(), this.#bare);
  }

  dial(events: DialEvents): Call {
    const { address, port, localAddress, interface: device } = this.#config;
    const to = { address, port, localAddress, interface: device, ...connectionOptions(this.#config) };
    return this.#world.transport.dial(to, events);
  }

  attach(connection: Connection, events: ConnectionEvents): void {
    connection.open(connectionOptions(this.#config), events);
  }

  judge(link: Link, open: Open): Negotiated {
    const local = link.localOpen ?? this.ownOpen();
    const negotiated = negotiate(local, open, this.#config);
    const other = link === this.#primary ? this.#challenger : this.#primary;
    if (other?.connection === undefined) return negotiated;
    const replaces = (other.negotiated?.gracefulRestart?.families.length ?? 0) > 0;
    const loser = collide(link, other, local, open, replaces);
    if (loser === "newer") link.handle({ kind: "collisionDump" });
    if (loser === "older") other.handle({ kind: "collisionDump" });
    this.#settle();
    return negotiated;
  }

  up(link: Link, negotiated: Negotiated): UpdateReader {
    this.#supersede(link);
    this.#complete = new Set();
    this.#bare = false;
    const kept = this.#helped({
      kind: "up",
      agreed: negotiated.gracefulRestart,
      staleMs: this.#config.gracefulRestart.deferralMs,
    });
    const context = this.#readContext(negotiated);
    const session = this.#establishedSession(link, negotiated, context.context, kept);
    this.#sink = new WatchedSink(this.#world.routing.up(session), (family) => this.#endOfRib(family));
    this.#world.observer.established(this.#config.name, negotiated);
    return new UpdateReader(context, this.#sink);
  }

  down(link: Link, ending: Ending): void {
    this.#sink = undefined;
    this.#helped({ kind: "down", ending, agreed: link.negotiated?.gracefulRestart });
    this.#world.observer.down(this.#config.name);
  }

  ended(link: Link, ending: Ending): void {
    if (link === this.#primary) this.#lastEnding = ending;
    const refused = ending.kind === "received" && ending.notification.code === ErrorCode.open;
    if (refused && ending.notification.subcode === OpenError.unsupportedParameter) this.#bare = true;
  }

  refreshed(_link: Link, { kind, family }: RouteRefresh): void {
    const negotiated = this.negotiated;
    if (!negotiated?.families.includes(family)) return; // RFC 2918 §4
    if (kind === "request") {
      this.#world.routing.refresh(this.#config.name, family, negotiated.enhancedRefresh);
    } else if (negotiated.enhancedRefresh) {
      const staleMs = this.#config.gracefulRestart.deferralMs;
      // RFC 7313 §4: not before End-of-RIB where both sides restart gracefully
      if (kind === "end") this.#helped({ kind: "allSent", family });
      else if (negotiated.gracefulRestart === undefined || this.#complete.has(family)) {
        this.#helped({ kind: "refreshBegins", family, staleMs });
      }
    }
  }

  remarked(_link: Link, remarks: string): void {
    this.#log.warn(`${this.#title()} sent an UPDATE with errors: ${remarks}`);
  }

  changed(link: Link, from: State, event: Event): void {
    if (link !== this.#primary) {
      this.#log.debug(`second connection with ${this.#title()}: ${from} to ${link.state} (${event.kind})`);
      this.#world.clock.soon(() => this.#settle());
      return;
    }
    this.#transition(from, link.state, event);
  }

  /** The session as status views show it. */
  snapshot(): PeerSnapshot {
    const link = this.#primary;
    return {
      config: this.#config,
      state: link.state,
      sinceMs: this.#sinceMs,
      localAddress: link.connection?.localAddress,
      local: link.localOpen,
      remote: link.negotiated?.remote,
      negotiated: link.negotiated,
      holdRemainingMs: link.remainingMs("hold"),
      keepaliveRemainingMs: link.remainingMs("keepalive"),
      connectRetryRemainingMs: link.remainingMs("connectRetry"),
      idleHoldRemainingMs: link.remainingMs("idleHold"),
      restarting: this.#helper.away,
      unsentOctets: link.unsentOctets,
      counters: { ...this.counters },
      lastEnding: this.#lastEnding,
      history: this.#history.list(),
    };
  }

  #links(): Link[] {
    return this.#challenger === undefined ? [this.#primary] : [this.#primary, this.#challenger];
  }

  /** Drops the second connection when it ended, and lets it take the first one's place when that one ended. */
  #settle(): void {
    const challenger = this.#challenger;
    if (challenger === undefined) return;
    if (!challenger.busy) {
      challenger.dispose();
      this.#challenger = undefined;
    } else if (!this.#primary.busy) {
      this.#promote(challenger, "second connection");
    }
  }

  #promote(challenger: Link, why: string): void {
    const from = this.#primary.state;
    const { connectRetryCounter } = this.#primary.session;
    this.#primary.dispose();
    challenger.session = { ...challenger.session, connectRetryCounter };
    this.#primary = challenger;
    this.#challenger = undefined;
    this.#record(from, challenger.state, why);
  }

  /** `link` is Established: the neighbour's other connection goes. */
  #supersede(link: Link): void {
    const other = link === this.#primary ? this.#challenger : this.#primary;
    if (other !== undefined) {
      const reason = "the neighbour opened a new session";
      if (other.state === "established") other.handle({ kind: "manualStop", notification: undefined, reason });
      else other.handle({ kind: "collisionDump" });
      other.dispose();
    }
    if (link === this.#primary) this.#challenger = undefined;
    else this.#promote(link, "second connection");
  }

  /** RFC 8538 §5.1: what ends a session for good says so, where a plain Cease would let routes be kept. */
  #wrapped(link: Link, notification: Notification): Notification {
    const keeps = link.negotiated?.gracefulRestart?.notification ?? false;
    return keeps && endsForGood(notification) ? hardReset(notification) : notification;
  }

  #helped(event: HelperEvent): readonly Family[] {
    const { next, effects } = help(this.#helper, event);
    this.#helper = next;
    let kept: readonly Family[] = [];
    for (const effect of effects) {
      if (effect.kind === "keep") kept = effect.families;
      else this.#runHelper(effect);
    }
    return kept;
  }

  #runHelper(effect: HelperEffect): void {
    const { routing, clock } = this.#world;
    const { name } = this.#config;
    switch (effect.kind) {
      case "retain":
        routing.down(name, effect.families);
        return;
      case "markStale":
        routing.markStale(name, effect.family);
        return;
      case "sweep":
        routing.sweep(name, effect.family);
        return;
      case "arm": {
        const expired = effect.timer === "restart" ? "restartExpired" : "staleExpired";
        this.#helperTimers.get(effect.timer)?.cancel();
        this.#helperTimers.set(
          effect.timer,
          clock.after(effect.ms, () => this.#helped({ kind: expired })),
        );
        return;
      }
      case "disarm":
        this.#helperTimers.get(effect.timer)?.cancel();
        return;
      case "keep":
    }
  }

  #endOfRib(family: Family): void {
    this.#complete.add(family);
    this.#helped({ kind: "allSent", family });
    this.#world.observer.endOfRib(this.#config.name, family);
  }

  #readContext(negotiated: Negotiated): ReadContext {
    const { routerId, clusterId } = this.#world.speaker();
    const parts = {
      external: negotiated.external,
      localAs: negotiated.local.as,
      remoteAs: negotiated.remote.as,
      fourOctetAs: negotiated.fourOctetAs,
      extendedNextHop: negotiated.extendedNextHop,
      routerId,
      clusterId,
      allowOwnAs: this.#config.allowOwnAs,
      checkFirstAs: true,
    };
    return { ...parts, families: negotiated.families, context: this.#world.contexts.number(parts) };
  }

  #establishedSession(
    link: Link,
    negotiated: Negotiated,
    context: number,
    kept: readonly Family[],
  ): EstablishedSession {
    const { gracefulRestart, local, remote } = negotiated;
    const connection = link.connection;
    return {
      peer: this.#config.name,
      external: negotiated.external,
      localAs: local.as,
      remoteAs: remote.as,
      remoteRouterId: remote.routerId,
      localAddress: connection?.localAddress ?? this.#config.address,
      remoteAddress: connection?.remoteAddress ?? this.#config.address,
      interface: connection?.interface ?? this.#config.interface,
      families: negotiated.families,
      fourOctetAs: negotiated.fourOctetAs,
      routeRefresh: negotiated.routeRefresh,
      enhancedRefresh: negotiated.enhancedRefresh,
      maxMessageOctets: negotiated.maxSendOctets,
      extendedNextHop: negotiated.extendedNextHop,
      gracefulRestart: gracefulRestart && {
        restarting: gracefulRestart.restarting,
        restartMs: gracefulRestart.restartMs,
        kept,
        notification: gracefulRestart.notification,
      },
      context,
      send: (bytes, start, end, written) => link.send(bytes, start, end, written),
    };
  }

  /** `Mesh_10_0_0_2 (10.0.0.2 AS 64512)` */
  #title(): string {
    const { name, address, remoteAs, interface: device } = this.#config;
    return `${name} (${formatAddress(address)}${device === undefined ? "" : `%${device}`} AS ${this.negotiated?.remote.as ?? remoteAs})`;
  }

  #transition(from: State, to: State, event: Event): void {
    const ended = to === "idle" || (to === "active" && event.kind === "tcpFailed");
    const reason = ended && this.#lastEnding !== undefined ? describeEnding(this.#lastEnding) : event.kind;
    this.#record(from, to, reason);
    if (to === "established") this.#log.info(`session with ${this.#title()} is Established: ${this.#summary()}`);
    else if (from === "established") this.#log.warn(`session with ${this.#title()} went down: ${reason}`);
    else if (ended) this.#log.info(`session with ${this.#title()} did not come up: ${reason}`, { state: from });
    else this.#log.debug(`session with ${this.#title()}: ${from} to ${to} (${reason})`);
  }

  #record(from: State, to: State, reason: string): void {
    this.#sinceMs = this.#world.clock.wallMs();
    this.#history.record({ atMs: this.#sinceMs, from, to, reason });
  }

  #summary(): string {
    const agreed = this.negotiated;
    if (agreed === undefined) return "";
    const restart = agreed.gracefulRestart;
    return [
      agreed.holdMs === 0 ? "no hold time" : `hold ${agreed.holdMs / 1000} s`,
      `families ${agreed.families.join(" ")}`,
      restart === undefined ? "no graceful restart" : `graceful restart ${restart.restartMs / 1000} s`,
      ...(this.#helper.stale.length > 0 ? [`kept routes of ${this.#helper.stale.join(" ")}`] : []),
    ].join(", ");
  }
}

export interface PeerSnapshot {
  readonly config: PeerConfig;
  readonly state: State;
  /** Of the last change of state, milliseconds since 1970. */
  readonly sinceMs: number;
  readonly localAddress: Connection["localAddress"] | undefined;
  readonly local: Open | undefined;
  readonly remote: Open | undefined;
  readonly negotiated: Negotiated | undefined;
  readonly holdRemainingMs: number | undefined;
  readonly keepaliveRemainingMs: number | undefined;
  readonly connectRetryRemainingMs: number | undefined;
  readonly idleHoldRemainingMs: number | undefined;
  /** The neighbour is away, and routes of it are kept. */
  readonly restarting: boolean;
  readonly unsentOctets: number;
  readonly counters: Counters;
  readonly lastEnding: Ending | undefined;
  readonly history: readonly Transition[];
}

const noCounts = (): Counters => ({
  messagesIn: 0,
  messagesOut: 0,
  updatesIn: 0,
  notificationsIn: 0,
  notificationsOut: 0,
  refreshesIn: 0,
  refreshesOut: 0,
  octetsIn: 0,
  octetsOut: 0,
});

const attributesOf = ({ timers }: PeerConfig, dial: SessionAttributes["dial"]): SessionAttributes => ({
  connectRetryMs: timers.connectRetryMs,
  idleHoldMs: timers.idleHoldMs,
  dial,
});

/** GTSM sends and wants 255 less the hops between (RFC 5082 §3); direct external neighbours are one hop away. */
export function connectionOptions({ ttl, password, localAs, remoteAs }: PeerConfig): ConnectionOptions {
  const external = remoteAs === "external" || (remoteAs !== "internal" && remoteAs !== localAs);
  if (ttl.kind === "security") return { password, ttl: 255, minimumTtl: 256 - ttl.hops };
  if (ttl.kind === "multihop") return { password, ttl: ttl.hops, minimumTtl: undefined };
  return { password, ttl: external ? 1 : 64, minimumTtl: undefined };
}
