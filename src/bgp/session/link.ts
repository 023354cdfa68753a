import type { Timer } from "#lib/clock.ts";
import type { Call, Connection } from "../transport.ts";
import { MessageCutter } from "../wire/framing.ts";
import { encodeKeepalive } from "../wire/keepalive.ts";
import { MessageType } from "../wire/message-type.ts";
import {
  decodeNotification,
  describeNotification,
  encodeNotification,
  type Notification,
} from "../wire/notification.ts";
import { decodeOpen, encodeOpen, type Open } from "../wire/open.ts";
import { PeerFault } from "../wire/peer-fault.ts";
import { decodeRouteRefresh, encodeRouteRefresh, type RouteRefresh } from "../wire/route-refresh.ts";
import type { UpdateReader } from "../wire/update.ts";
import { step } from "./fsm.ts";
import type { LinkOwner } from "./link-owner.ts";
import type { Negotiated } from "./negotiate.ts";
import type { Effect, Ending, Event, Session, State, TimerName } from "./session.ts";
import { LEAST_KEEPALIVE_MS, Timers } from "./timers.ts";

/** How long a good OPEN waits for that of the neighbour's other connection, which may never come. */
const PATIENCE_MS = 1_000;
const nothing = (): void => {};
const keepaliveOctets = encodeKeepalive();

/** One connection, or the attempt at one: runs the effects of its state machine, and turns what happens into events. */
export class Link {
  session: Session;
  readonly #owner: LinkOwner;
  readonly #timers: Timers;
  #call: Call | undefined;
  #connection: Connection | undefined;
  /** There, and not opened: the owner has another one that may be enough. */
  #waiting: Connection | undefined;
  /** The neighbour's OPEN is good, and not answered yet: the owner has another connection that may be the one to stay. */
  #unconfirmed: { keepalives: number; readonly patience: Timer } | undefined;
  #dialled = false;
  #cutter = new MessageCutter();
  #localOpen: Open | undefined;
  #negotiated: Negotiated | undefined;
  #reader: UpdateReader | undefined;
  #unsentOctets = 0;
  #sendHoldMs = 0;
  #keptAliveMs = -Infinity;

  constructor(owner: LinkOwner, session: Session) {
    this.#owner = owner;
    this.session = session;
    this.#timers = new Timers(
      owner.clock,
      () => owner.random(),
      (timer) => this.#expired(timer),
    );
  }

  get state(): State {
    return this.session.state;
  }

  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** We called, or are calling. */
  get dialled(): boolean {
    return this.#dialled;
  }

  /** There is a connection, or a call that may become one. */
  get busy(): boolean {
    return this.#connection !== undefined || this.#waiting !== undefined || this.#call !== undefined;
  }

  get localOpen(): Open | undefined {
    return this.#localOpen;
  }

  get negotiated(): Negotiated | undefined {
    return this.#negotiated;
  }

  /** Queued and not yet with the system. */
  get unsentOctets(): number {
    return this.#unsentOctets;
  }

  /** What is left of the timers that run. */
  get remainingMs(): Partial<Record<TimerName, number>> {
    return this.#timers.remaining();
  }

  /** How long the rest after an error is in all, while it lasts. */
  get idleHoldMs(): number | undefined {
    return this.#timers.baseMs("idleHold");
  }

  handle(event: Event): void {
    const from = this.session.state;
    const { next, effects } = step(this.session, event);
    this.session = next;
    for (const effect of effects) this.#run(effect);
    const isUnanswered = from === "connect" && event.kind === "connectRetryExpired"; // the next call is on its way
    if (next.state !== from || isUnanswered) this.#owner.changed(this, from, event);
  }

  /** The neighbour called. */
  accept(connection: Connection): void {
    this.#waiting?.close(); // the neighbour gave it up
    this.#dialled = false;
    this.#waiting = connection;
    this.proceed();
  }

  /** What waits for the neighbour's other connection goes on, if it may by now. */
  proceed(): void {
    const connection = this.#waiting;
    if (connection !== undefined && this.#owner.mayOpen(this)) {
      this.#waiting = undefined;
      this.#take(connection);
      this.handle({ kind: this.#dialled ? "tcpConnected" : "tcpAccepted" });
    }
    if (this.#unconfirmed !== undefined && this.#owner.mayConfirm(this)) this.#confirm();
  }

  /** Nothing happens here any more. The connection must have been closed. */
  dispose(): void {
    this.#timers.disarmAll();
    this.#hangUp();
  }

  /** Replaces how UPDATEs are read, for a configuration that changed. */
  read(reader: UpdateReader): void {
    this.#reader = reader;
  }

  /** Whole messages of the RIB: see `SessionOut`. */
  send(bytes: Uint8Array, start: number, end: number, written: () => void): void {
    if (this.#connection === undefined) {
      this.#owner.clock.soon(written);
      return;
    }
    // RFC 4271 §8.2.2, Established: an UPDATE serves as a KEEPALIVE
    if (this.session.keepaliveMs > 0) this.#timers.arm("keepalive", this.session.keepaliveMs);
    this.#transmit(bytes, start, end, written);
  }

  /** A KEEPALIVE out of turn: a neighbour that has forgotten the connection answers with a reset. */
  probe(): void {
    if (this.state !== "established" || this.#owner.clock.nowMs() - this.#keptAliveMs < LEAST_KEEPALIVE_MS) return;
    this.handle({ kind: "keepaliveExpired" });
  }

  sendRefresh(message: RouteRefresh): void {
    this.#owner.counters.refreshesOut++;
    this.#message(encodeRouteRefresh(message));
  }

  #take(connection: Connection): void {
    this.#connection = connection;
    this.#cutter = new MessageCutter();
    this.#negotiated = undefined;
    this.#owner.attach(connection, {
      received: (bytes, start, end) => this.#received(bytes, start, end),
      closed: (reason) => this.handle({ kind: "tcpFailed", reason }),
    });
  }

  #run(effect: Effect): void {
    switch (effect.kind) {
      case "arm":
        if (effect.timer === "sendHold") this.#sendHoldMs = effect.ms;
        this.#timers.arm(effect.timer, effect.ms);
        return;
      case "disarm":
        this.#timers.disarm(effect.timer);
        return;
      case "dial":
        this.#dial();
        return;
      case "send":
        if (effect.message === "open") this.#sendOpen();
        else this.#sendKeepalive();
        return;
      case "up":
        if (this.#negotiated !== undefined) this.#reader = this.#owner.up(this, this.#negotiated);
        return;
      case "down":
        this.#reader = undefined;
        this.#owner.down(this, effect.ending);
        return;
      case "close":
        this.#close(effect.ending);
    }
  }

  #dial(): void {
    this.#dialled = true;
    this.#call = this.#owner.dial({
      connected: (connection) => {
        this.#call = undefined;
        this.#waiting = connection;
        this.proceed();
      },
      failed: (reason) => {
        this.#call = undefined;
        this.handle({ kind: "tcpFailed", reason });
      },
    });
  }

  /** Gives up what is no connection yet. */
  #hangUp(): void {
    this.#call?.cancel();
    this.#call = undefined;
    this.#waiting?.close();
    this.#waiting = undefined;
    this.#forgetUnconfirmed();
  }

  #close(ending: Ending): void {
    this.#hangUp();
    const connection = this.#connection;
    if (connection !== undefined) {
      if (ending.kind === "sent") this.#sendNotification(ending.notification);
      this.#connection = undefined;
      connection.close();
    }
    this.#owner.ended(this, ending, connection !== undefined);
    this.#negotiated = undefined;
  }

  #sendOpen(): void {
    this.#localOpen = this.#owner.ownOpen();
    this.#message(encodeOpen(this.#localOpen));
  }

  #sendKeepalive(): void {
    this.#keptAliveMs = this.#owner.clock.nowMs();
    this.#message(keepaliveOctets);
  }

  #sendNotification(notification: Notification): void {
    this.#owner.counters.notificationsOut++;
    this.#message(encodeNotification(notification, this.#negotiated?.maxSendOctets));
  }

  #message(bytes: Uint8Array): void {
    this.#owner.counters.messagesOut++;
    this.#transmit(bytes, 0, bytes.length, nothing);
  }

  #transmit(bytes: Uint8Array, start: number, end: number, written: () => void): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const octets = end - start;
    if (this.#owner.isTraced) this.#owner.traced("sent", bytes.subarray(start, end));
    this.#owner.counters.octetsOut += octets;
    this.#unsentOctets += octets;
    connection.send(bytes, start, end, () => {
      this.#unsentOctets -= octets;
      if (this.#connection === connection && this.#sendHoldMs > 0 && this.state === "established") {
        this.#timers.arm("sendHold", this.#sendHoldMs);
      }
      written();
    });
  }

  #expired(timer: TimerName): void {
    if (timer === "sendHold" && this.#unsentOctets === 0) this.#timers.arm("sendHold", this.#sendHoldMs);
    else if (timer === "hold") this.#holdExpired();
    else this.handle({ kind: `${timer}Expired` });
  }

  /** After a long turn of ours the neighbour's octets may be waiting in the socket: look there first. */
  #holdExpired(): void {
    const connection = this.#connection;
    this.#owner.clock.soon(() => {
      if (this.#connection !== connection || this.#timers.remainingMs("hold") !== undefined) return;
      this.handle({ kind: "holdExpired" });
    });
  }

  /** One event for all UPDATEs of a read: they come by the thousand. */
  #received(bytes: Uint8Array, start: number, end: number): void {
    const { counters } = this.#owner;
    counters.octetsIn += end - start;
    const cutter = this.#cutter;
    let updates = 0;
    try {
      cutter.feed(bytes, start, end);
      while (this.#cutter === cutter && this.#connection !== undefined && cutter.next()) {
        counters.messagesIn++;
        if (this.#owner.isTraced) this.#owner.traced("received", cutter.bytes.subarray(cutter.start, cutter.end));
        if (cutter.type !== MessageType.update || this.#reader === undefined) this.#dispatch(cutter);
        else {
          updates++;
          this.#update(this.#reader, cutter);
        }
      }
    } catch (error) {
      this.#fault("headerError", error);
    }
    counters.updatesIn += updates;
    if (updates > 0 && this.state === "established") this.handle({ kind: "updateReceived" });
  }

  #update(reader: UpdateReader, { bytes, start, end }: MessageCutter): void {
    try {
      if (reader.read(bytes, start, end) === "ok") return;
      this.#remarked(reader.remarks(), bytes.subarray(start, end));
    } catch (error) {
      if (error instanceof PeerFault)
        this.#remarked(describeNotification(error.notification), bytes.subarray(start, end));
      this.#fault("updateError", error);
    }
  }

  #remarked(remarks: string, update: Uint8Array): void {
    this.#owner.counters.updatesWithErrors++;
    this.#owner.remarked(remarks, update);
  }

  #dispatch({ type, bytes, start, end }: MessageCutter): void {
    switch (type) {
      case MessageType.open:
        this.#open(bytes, start, end);
        return;
      case MessageType.update:
        this.handle({ kind: "updateReceived" });
        return;
      case MessageType.notification:
        this.#owner.counters.notificationsIn++;
        this.handle({ kind: "notificationReceived", notification: decodeNotification(bytes, start, end) });
        return;
      case MessageType.keepalive:
        if (this.#unconfirmed !== undefined) this.#unconfirmed.keepalives++;
        else this.handle({ kind: "keepaliveReceived" });
        return;
      default:
        this.#refresh(bytes, start, end);
    }
  }

  #open(bytes: Uint8Array, start: number, end: number): void {
    if (this.state !== "openSent") {
      this.handle({ kind: "openReceived", holdMs: 0, keepaliveMs: 0 });
      return;
    }
    try {
      const negotiated = this.#owner.judge(this, decodeOpen(bytes, start, end));
      if (this.#connection === undefined) return;
      this.#negotiated = negotiated;
      this.#cutter.maxOctets = negotiated.maxReceiveOctets;
    } catch (error) {
      this.#fault("openError", error);
      return;
    }
    if (this.#owner.mayConfirm(this)) this.#confirm();
    else this.#unconfirmed = { keepalives: 0, patience: this.#owner.clock.after(PATIENCE_MS, () => this.#confirm()) };
  }

  /** Answers the neighbour's OPEN, and hears what came after it. */
  #confirm(): void {
    const { negotiated } = this;
    const keepalives = this.#forgetUnconfirmed();
    if (negotiated === undefined) return;
    this.handle({ kind: "openReceived", holdMs: negotiated.holdMs, keepaliveMs: negotiated.keepaliveMs });
    for (let each = 0; each < keepalives; each++) this.handle({ kind: "keepaliveReceived" });
  }

  /** @returns how many KEEPALIVEs came while the neighbour's OPEN was not answered */
  #forgetUnconfirmed(): number {
    const { keepalives = 0, patience } = this.#unconfirmed ?? {};
    patience?.cancel();
    this.#unconfirmed = undefined;
    return keepalives;
  }

  #refresh(bytes: Uint8Array, start: number, end: number): void {
    this.#owner.counters.refreshesIn++;
    try {
      const message = this.state === "established" ? decodeRouteRefresh(bytes, start, end) : undefined;
      this.handle({ kind: "refreshReceived" });
      if (message !== undefined) this.#owner.refreshed(message);
    } catch (error) {
      this.#fault("updateError", error);
    }
  }

  #fault(kind: "headerError" | "openError" | "updateError", error: unknown): void {
    if (!(error instanceof PeerFault)) throw error;
    this.handle({ kind, notification: error.notification });
  }
}
