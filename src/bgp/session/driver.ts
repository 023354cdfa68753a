import type { PeerConfig } from "#config/node-config.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { Family } from "#route/family.ts";
import type { RoutingSide } from "../ports.ts";
import type { Call, Connection, ConnectionEvents, DialEvents, Transport } from "../transport.ts";
import { Cease, ErrorCode, hardReset, type Notification, OpenError } from "../wire/notification.ts";
import type { Open } from "../wire/open.ts";
import type { ReadContext, ReadContexts } from "../wire/read-context.ts";
import type { RouteRefresh } from "../wire/route-refresh.ts";
import { UpdateReader } from "../wire/update.ts";
import { resetReason } from "./changes.ts";
import { collide, mayConfirmBeside, mayOpenBeside } from "./collision.ts";
import { endsForGood } from "./graceful-restart.ts";
import { explained, Journal, titleOf } from "./journal.ts";
import { Link } from "./link.ts";
import { type Counters, type LinkOwner, noCounts } from "./link-owner.ts";
import { type LocalSpeaker, type Negotiated, negotiate, openFor } from "./negotiate.ts";
import {
  type Ending,
  type Event,
  idleSession,
  parallelSession,
  type SessionAttributes,
  type State,
} from "./session.ts";
import type { PeerSnapshot } from "./snapshot.ts";
import { StaleRoutes } from "./stale-routes.ts";
import { attributesOf, call, connectionOptions, establishedSession, readContext, sameOptions } from "./terms.ts";
import { WatchedSink } from "./watched-sink.ts";

/** What all sessions share. */
export interface DriverWorld {
  readonly clock: Clock;
  readonly log: Log;
  readonly transport: Transport;
  readonly routing: RoutingSide;
  readonly contexts: ReadContexts;
  readonly observer: SessionObserver;
  /** From 0 to 1, for jitter (RFC 4271 §10). */
  random(): number;
  speaker(): LocalSpeaker;
}

/** Who wants to know what becomes of sessions. */
export interface SessionObserver {
  established(peer: string, agreed: Negotiated): void;
  down(peer: string): void;
  endOfRib(peer: string, family: Family): void;
}

/** How a neighbour gets to its first connection: see `SessionAttributes`. */
export type Dialling = SessionAttributes["dial"];

/** One neighbour: its connections, of which there may be two for a moment, and what is kept of its routes. */
export class Driver implements LinkOwner {
  readonly counters: Counters = noCounts();
  /** Every message is logged. */
  isTraced = false;
  readonly #world: DriverWorld;
  readonly #journal: Journal;
  readonly #stale: StaleRoutes;
  #config: PeerConfig;
  #attributes: SessionAttributes;
  #primary: Link;
  /** A second connection beside a first one that is busy (RFC 4271 §6.8). */
  #challenger: Link | undefined;
  #sink: WatchedSink | undefined;
  /** Families of which End-of-RIB came in this session. */
  #complete = new Set<Family>();
  /** The neighbour does not take capabilities (RFC 5492 §3). */
  #bare = false;

  constructor(config: PeerConfig, dialling: Dialling, world: DriverWorld) {
    this.#config = config;
    this.#world = world;
    this.#journal = new Journal(world.clock, world.log.with({ peer: config.name }));
    this.#stale = new StaleRoutes(config.name, world.clock, world.routing, (timer, families) =>
      this.#journal.gaveUp(this.#title, timer, families),
    );
    this.#attributes = attributesOf(config, dialling);
    this.#primary = new Link(this, idleSession(this.#attributes));
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

  random(): number {
    return this.#world.random();
  }

  /** @param by who asked: the configuration, or the operator */
  start(by: "automaticStart" | "manualStart" = "automaticStart"): void {
    this.#primary.handle({ kind: by });
  }

  /**
   * Ends the session until `start`, and forgets what was kept of the neighbour.
   * @param notification undefined: close without a word, so that the neighbour keeps our routes (RFC 4724 §4.2)
   */
  stop(notification: Notification | undefined, reason: string): void {
    this.#halt(notification, reason);
    if (notification === undefined) this.#stale.leave();
    else this.#stale.handle({ kind: "forget" });
  }

  /** Ends the session and begins a new one at once. */
  restart(notification: Notification, reason: string): void {
    this.#halt(notification, reason);
    this.start("manualStart");
  }

  /** Ends the session; it comes back after the IdleHoldTime. */
  reset(notification: Notification): void {
    for (const link of this.#links()) {
      link.handle({ kind: "automaticStop", notification: this.#wrapped(link, notification) });
    }
  }

  /**
   * BFD lost the neighbour (RFC 5882 §4.3, RFC 9384).
   * @param forwardingToo its forwarding plane is dead as well (BFD's C bit): nothing is kept, also while it restarts
   */
  lost(forwardingToo: boolean): void {
    const bfdDown = { code: ErrorCode.cease, subcode: Cease.bfdDown };
    for (const link of this.#links()) {
      if (link.connection === undefined) continue;
      if (forwardingToo) link.handle({ kind: "automaticStop", notification: this.#hard(link, bfdDown) });
      else link.handle({ kind: "tcpFailed", reason: "BFD session down" });
    }
    if (forwardingToo) this.#stale.handle({ kind: "forget" });
  }

  /** The neighbour called. @returns false where nobody is at home: nothing happened to `connection` */
  accept(connection: Connection): boolean {
    if (this.state === "idle") return false;
    if (this.state === "active") {
      this.#primary.accept(connection);
      return true;
    }
    this.#primary.probe();
    this.#challenger?.handle({ kind: "collisionDump" }); // it called again: it gave the call before up
    this.#challenger = new Link(this, parallelSession(this.#attributes));
    this.#challenger.accept(connection);
    return true;
  }

  /** @param identity what changed of the node as a whole that a session cannot live with */
  reconfigure(config: PeerConfig, dialling: Dialling, identity: string | undefined): void {
    const before = this.#config;
    const wasDialling = this.#attributes.dial;
    const agreed = this.state === "established" ? this.#primary.negotiated : undefined;
    this.#config = config;
    this.#attributes = attributesOf(config, dialling);
    this.#primary.session = { ...this.#primary.session, attributes: this.#attributes };
    if (this.#stopped) return;
    const cause = identity === undefined ? resetReason(before, config, agreed) : `its ${identity} changed`;
    const options = connectionOptions(config);
    const retuned = !sameOptions(options, connectionOptions(before));
    if (cause !== undefined || (agreed === undefined && (retuned || wasDialling !== dialling))) {
      const reason = cause ?? "its way to connect changed";
      this.restart({ code: ErrorCode.cease, subcode: Cease.otherConfigurationChange }, reason);
      return;
    }
    if (retuned) for (const link of this.#links()) link.connection?.change(options);
    if (before.allowOwnAs !== config.allowOwnAs || before.enforceFirstAs !== config.enforceFirstAs) this.reread();
  }

  /** Understands UPDATEs anew, and asks for those that came before; a neighbour that cannot send them again is reset. */
  reread(): void {
    const agreed = this.#primary.negotiated;
    if (this.state !== "established" || agreed === undefined || this.#sink === undefined) return;
    this.#primary.read(new UpdateReader(this.#readContext(agreed), this.#sink));
    if (this.askRefresh()) return;
    this.restart({ code: ErrorCode.cease, subcode: Cease.otherConfigurationChange }, "all its routes are needed again");
  }

  /** Asks for everything again (RFC 2918 §3). @returns false where the neighbour is not there, or cannot */
  askRefresh(): boolean {
    const agreed = this.#primary.negotiated;
    if (this.state !== "established" || !agreed?.routeRefresh) return false;
    for (const family of agreed.families) this.#primary.sendRefresh({ kind: "request", family });
    return true;
  }

  /** Tells everything again. @returns false where the neighbour is not there */
  tellAgain(): boolean {
    const agreed = this.#primary.negotiated;
    if (this.state !== "established" || agreed === undefined) return false;
    for (const family of agreed.families)
      this.#world.routing.refresh(this.#config.name, family, agreed.enhancedRefresh);
    return true;
  }

  snapshot(): PeerSnapshot {
    const link = this.#primary;
    return {
      config: this.#config,
      state: link.state,
      stopped: this.#stopped,
      sinceMs: this.#journal.sinceMs,
      losses: this.#journal.losses,
      localAddress: link.connection?.localAddress,
      local: link.connection && link.localOpen,
      remote: link.negotiated?.remote,
      negotiated: link.negotiated,
      remainingMs: link.remainingMs,
      idleHoldMs: link.idleHoldMs,
      away: this.#stale.helper.away,
      restartMs: this.#stale.restartMs,
      stale: this.#stale.helper.stale,
      complete: [...this.#complete],
      unsentOctets: link.unsentOctets,
      counters: { ...this.counters },
      lastEnding: this.#journal.lastEnding,
      history: this.#journal.transitions,
    };
  }

  // what the links ask and tell

  ownOpen(): Open {
    return openFor(this.#config, this.#world.speaker(), this.#bare);
  }

  dial(events: DialEvents): Call {
    return call(this.#world.transport, this.#config, events);
  }

  mayOpen(link: Link): boolean {
    const other = this.#besides(link);
    return other === undefined || mayOpenBeside(link, other);
  }

  mayConfirm(link: Link): boolean {
    const other = this.#besides(link);
    const agreed = link.negotiated;
    return other === undefined || agreed === undefined || mayConfirmBeside(link, other, agreed.local, agreed.remote);
  }

  attach(connection: Connection, events: ConnectionEvents): void {
    connection.open(connectionOptions(this.#config), events);
  }

  judge(link: Link, open: Open): Negotiated {
    const local = link.localOpen ?? this.ownOpen();
    const agreed = negotiate(local, open, this.#config);
    const other = this.#besides(link);
    if (other?.connection === undefined) return agreed;
    const restartable = other.negotiated?.gracefulRestart?.families ?? [];
    const loser = collide(link, other, local, open, restartable.length > 0);
    if (loser === "this") link.handle({ kind: "collisionDump" });
    if (loser === "other") other.handle({ kind: "collisionDump" });
    return agreed;
  }

  up(link: Link, agreed: Negotiated): UpdateReader {
    this.#supersede(link);
    this.#complete = new Set();
    this.#bare = false;
    const staleMs = this.#config.gracefulRestart.deferralMs;
    const kept = this.#stale.handle({ kind: "up", agreed: agreed.gracefulRestart, staleMs });
    this.#journal.established(this.#config, agreed, this.#stale.helper, link);
    const context = this.#readContext(agreed);
    const session = establishedSession(this.#config, agreed, link.connection, context.context, kept);
    const routes = this.#world.routing.up({
      ...session,
      send: (bytes, start, end, written) => link.send(bytes, start, end, written),
    });
    this.#sink = new WatchedSink(routes, (family) => this.#endOfRib(family));
    this.#world.observer.established(this.#config.name, agreed);
    return new UpdateReader(context, this.#sink);
  }

  down(link: Link, ending: Ending): void {
    this.#sink = undefined;
    this.#complete.clear();
    this.#stale.handle({ kind: "down", ending, agreed: link.negotiated?.gracefulRestart });
    this.#world.observer.down(this.#config.name);
  }

  ended(link: Link, ending: Ending, connected: boolean): void {
    if (link === this.#primary) this.#journal.ended(explained(ending, this.#config), connected);
    if (ending.kind !== "received" || ending.notification.code !== ErrorCode.open) return;
    if (ending.notification.subcode === OpenError.unsupportedParameter) this.#bare = true;
  }

  refreshed({ kind, family }: RouteRefresh): void {
    const agreed = this.#primary.negotiated;
    if (!agreed?.families.includes(family)) return; // RFC 2918 §4
    if (kind === "request") this.#world.routing.refresh(this.#config.name, family, agreed.enhancedRefresh);
    else if (!agreed.enhancedRefresh) return;
    else if (kind === "end") this.#stale.handle({ kind: "allSent", family });
    else if (agreed.gracefulRestart !== undefined && !this.#complete.has(family)) {
      this.#journal.note(`${this.#title} began a refresh of ${family} before End-of-RIB: ignored`); // RFC 7313 §4
    } else {
      const staleMs = this.#config.gracefulRestart.deferralMs;
      this.#stale.handle({ kind: "refreshBegins", family, staleMs });
    }
  }

  traced(way: "received" | "sent", octets: Uint8Array): void {
    this.#journal.traced(way, octets, this.#primary.negotiated?.fourOctetAs ?? true);
  }

  remarked(remarks: string, update: Uint8Array): void {
    this.#journal.remarked(this.#title, remarks, update);
  }

  changed(link: Link, from: State, event: Event): void {
    if (link === this.#primary) this.#journal.changed(this.#title, from, link.state, event, this.#stale.helper);
    this.#settle();
  }

  get #title(): string {
    return titleOf(this.#config, this.#primary.negotiated);
  }

  get #stopped(): boolean {
    return this.state === "idle" && this.#primary.remainingMs.idleHold === undefined;
  }

  #links(): Link[] {
    return this.#challenger === undefined ? [this.#primary] : [this.#primary, this.#challenger];
  }

  #halt(notification: Notification | undefined, reason: string): void {
    for (const link of this.#links()) {
      const said = notification && this.#wrapped(link, notification);
      link.handle({ kind: "manualStop", notification: said, reason });
    }
  }

  /** Drops the second connection when it ended, and lets it take the first one's place when that one ended. */
  #settle(): void {
    const challenger = this.#challenger;
    if (challenger === undefined) return;
    if (!challenger.busy) {
      challenger.dispose();
      this.#challenger = undefined;
    } else if (!this.#primary.busy) this.#promote(challenger);
    for (const link of this.#links()) link.proceed();
  }

  #promote(challenger: Link): void {
    const { state, session } = this.#primary;
    this.#primary.dispose();
    const { connectRetryCounter } = session;
    challenger.session = { ...challenger.session, attributes: this.#attributes, connectRetryCounter };
    this.#primary = challenger;
    this.#challenger = undefined;
    this.#journal.replaced(state, challenger.state);
  }

  /** The neighbour's other connection. */
  #besides(link: Link): Link | undefined {
    return link === this.#primary ? this.#challenger : this.#primary;
  }

  /** `link` is Established: the neighbour's other connection goes. */
  #supersede(link: Link): void {
    const other = this.#besides(link);
    const reason = "the neighbour opened a new session";
    if (other?.state === "established") other.handle({ kind: "manualStop", notification: undefined, reason });
    else other?.handle({ kind: "collisionDump" });
    if (link !== this.#primary) this.#promote(link);
  }

  /** RFC 8538 §5.1: what ends a session for good says so, where a plain Cease would let routes be kept. */
  #wrapped(link: Link, notification: Notification): Notification {
    return endsForGood(notification) ? this.#hard(link, notification) : notification;
  }

  #hard(link: Link, notification: Notification): Notification {
    return link.negotiated?.gracefulRestart?.notification ? hardReset(notification) : notification;
  }

  #readContext(agreed: Negotiated): ReadContext {
    return readContext(this.#config, agreed, this.#world.speaker(), this.#world.contexts);
  }

  #endOfRib(family: Family): void {
    this.#complete.add(family);
    this.#journal.told(this.#title, this.#complete);
    this.#stale.handle({ kind: "allSent", family });
    this.#world.observer.endOfRib(this.#config.name, family);
  }
}
