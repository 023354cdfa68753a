import type { PeerConfig } from "#config/node-config.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { formatAddress, formatRouterId } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import type { Connection } from "../transport.ts";
import { updateEvidence } from "../wire/message.ts";
import { Cease, ErrorCode } from "../wire/notification.ts";
import type { Helper } from "./graceful-restart.ts";
import { describeEnding, History, type Transition } from "./history.ts";
import type { Negotiated } from "./negotiate.ts";
import { type Ending, type Event, NO_ANSWER, type State } from "./session.ts";
import { describeMessages } from "./trace.ts";

/** Errors in UPDATEs of one neighbour get one line of log in this time. */
const REMARK_MS = 60_000;

/** Different failures of one neighbour that are logged before it comes up. */
const FAILURES_LOGGED = 16;

/** What happened to one neighbour's sessions, as its log lines and its history tell it. */
export class Journal {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #history = new History();
  /** Why the last session, or the last attempt at one, ended. */
  lastEnding: Ending | undefined;
  /** When it became Established, or ceased to be; milliseconds since 1970. */
  sinceMs: number;
  /** How often it ceased to be Established. */
  losses = 0;
  /** Failures that were logged since the last session: once more, they say nothing new. */
  readonly #logged = new Set<string>();
  /** Of the session that is, or was last. */
  #agreed: Negotiated | undefined;
  #establishedMs = 0;
  /** The last session, or attempt at one, came to nothing because of what the OPENs said. */
  #misfits = false;
  /** End-of-RIB of all families was logged. */
  #toldAll = false;
  #remarksFromMs = -Infinity;
  #remarks = 0;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
    this.sinceMs = clock.wallMs();
  }

  get transitions(): Transition[] {
    return this.#history.list();
  }

  /** A neighbour that does not like our OPEN, or we its, often hangs up for some time: that is not the reason. */
  ended(ending: Ending, connected: boolean): void {
    const resting = this.#misfits && ending.kind === "lost" && connected;
    if (isCollision(ending) || resting) return;
    this.lastEnding = ending;
    this.#misfits = isMisfit(ending);
  }

  changed(title: string, from: State, to: State, event: Event, helper: Helper): void {
    const ended = to === "idle" || (isTrying(from) && !isTalking(to));
    const reason = ended ? `${this.#reason(event)}${this.#silence(from, event)}` : event.kind;
    this.#record(from, to, reason);
    if (from === "established") this.#log.warn(`session with ${title} went down: ${reason}${keeping(helper)}`);
    else if (event.kind === "manualStop") this.#log.info(`session with ${title} is stopped: ${reason}`);
    else if (ended && event.kind !== "collisionDump") this.#failed(title, reason);
    else this.#log.debug(`session with ${title}: ${from} to ${to} (${event.kind})`);
  }

  /** @param link the connection it runs over */
  established(config: PeerConfig, agreed: Negotiated, helper: Helper, link: Way): void {
    this.#logged.clear();
    this.#agreed = agreed;
    this.#establishedMs = this.#clock.nowMs();
    this.#toldAll = false;
    this.#misfits = false;
    const title = titleOf(config, agreed);
    const facts = [...wayOf(agreed, link), ...summary(agreed, helper), ...closed(config, agreed)];
    this.#log.info(`session with ${title} is Established: ${facts.join(", ")}`);
  }

  /** End-of-RIB came. @param complete families of which it has come by now */
  told(title: string, complete: ReadonlySet<Family>): void {
    const families = this.#agreed?.families ?? [];
    if (this.#toldAll || !families.every((family) => complete.has(family))) return;
    this.#toldAll = true;
    const seconds = Math.round((this.#clock.nowMs() - this.#establishedMs) / 100) / 10;
    const when = `${seconds} s after the session came up`;
    this.#log.info(`${title} has told all its routes: End-of-RIB of ${families.join(" ")}, ${when}`);
  }

  /** The neighbour's other connection goes on in place of the one that was shown. */
  replaced(from: State, to: State): void {
    this.#record(from, to, "second connection");
  }

  /** What was kept of a neighbour goes: it is not back (`restart`), or did not tell it again in time (`stale`). */
  gaveUp(title: string, timer: "restart" | "stale", families: readonly Family[]): void {
    const what =
      timer === "restart"
        ? "is not back within its restart time: its kept routes go"
        : "did not tell all its routes again in time: the others go";
    this.#log.warn(`${title} ${what} (${families.join(" ")})`);
  }

  /** What the operator wants to follow. @param octets whole messages, borrowed */
  traced(way: "received" | "sent", octets: Uint8Array, fourOctetAs: boolean): void {
    for (const line of describeMessages(octets, fourOctetAs)) this.#log.info(`${way} ${line}`);
  }

  note(message: string): void {
    this.#log.info(message);
  }

  /**
   * @param remarks what was wrong with an UPDATE: to be logged with its prefixes and octets (RFC 7606 §6), but not
   * without bounds
   * @param update the whole message, borrowed
   */
  remarked(title: string, remarks: string, update: Uint8Array): void {
    this.#remarks++;
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#remarksFromMs) return;
    this.#remarksFromMs = nowMs + REMARK_MS;
    this.#log.warn(`${title} sent an UPDATE with errors: ${remarks}`, {
      soFar: this.#remarks,
      ...updateEvidence(update),
    });
  }

  /** `sent Cease/Other Configuration Change (its families changed)` */
  #reason(event: Event): string {
    if (this.lastEnding === undefined) return event.kind;
    const ending = describeEnding(this.lastEnding);
    return event.kind === "manualStop" && ending !== event.reason ? `${ending} (${event.reason})` : ending;
  }

  #silence(from: State, event: Event): string {
    if (from !== "established" || event.kind !== "holdExpired" || this.#agreed === undefined) return "";
    return ` (nothing was heard for ${this.#agreed.holdMs / 1000} s)`;
  }

  #record(from: State, to: State, reason: string): void {
    const atMs = this.#clock.wallMs();
    if ((from === "established") !== (to === "established")) this.sinceMs = atMs;
    if (from === "established" && to !== "established") this.losses++;
    this.#history.record({ atMs, from, to, reason });
  }

  #failed(title: string, reason: string): void {
    const line = `session with ${title} does not come up: ${reason}`;
    if (this.#logged.has(reason) || this.#logged.size >= FAILURES_LOGGED) this.#log.debug(line);
    else if (isMisfit(this.lastEnding)) this.#log.warn(line);
    else this.#log.info(line);
    this.#logged.add(reason);
  }
}

const isTalking = (state: State): boolean => state === "openSent" || state === "openConfirm" || state === "established";
const isTrying = (state: State): boolean => state === "connect" || isTalking(state);

/** The OPENs do not fit: time does not mend that, somebody has to. */
const isMisfit = (ending: Ending | undefined): boolean =>
  (ending?.kind === "sent" || ending?.kind === "received") && ending.notification.code === ErrorCode.open;

const isCollision = (ending: Ending): boolean =>
  ending.kind === "sent" &&
  ending.notification.code === ErrorCode.cease &&
  ending.notification.subcode === Cease.connectionCollision;

const keeping = ({ away, stale }: Helper): string => (away ? `; its routes are kept for now (${stale.join(" ")})` : "");

/** What an external neighbour without policies misses (RFC 8212 §3). */
function closed({ importPolicies, exportPolicies, advertise }: PeerConfig, { external }: Negotiated): string[] {
  if (!external) return [];
  return [
    ...(importPolicies.length === 0 ? ["no import policy: nothing is taken"] : []),
    ...(exportPolicies.length === 0 && advertise.length === 0 ? ["no export policy: nothing is told"] : []),
  ];
}

/** What of a `Link` the log tells. */
interface Way {
  readonly dialled: boolean;
  readonly connection: Pick<Connection, "localAddress"> | undefined;
}

function wayOf({ remote }: Negotiated, { dialled, connection }: Way): string[] {
  const here = connection === undefined ? "" : ` ${dialled ? "from" : "to"} ${formatAddress(connection.localAddress)}`;
  return [`router id ${formatRouterId(remote.routerId)}`, `${dialled ? "we called" : "it called"}${here}`];
}

function summary(agreed: Negotiated, { stale }: Helper): string[] {
  const restart = agreed.gracefulRestart;
  return [
    agreed.holdMs === 0 ? "no hold time" : `hold ${agreed.holdMs / 1000} s`,
    `families ${agreed.families.join(" ")}`,
    restart === undefined ? "no graceful restart" : `graceful restart ${restart.restartMs / 1000} s`,
    ...(stale.length > 0 ? [`kept routes to be confirmed (${stale.join(" ")})`] : []),
  ];
}

/** `Mesh_10_0_0_2 (10.0.0.2 AS 64512)` */
export function titleOf(config: PeerConfig, agreed: Negotiated | undefined): string {
  const { name, address, remoteAs, interface: device } = config;
  const where = `${formatAddress(address)}${device === undefined ? "" : `%${device}`}`;
  return `${name} (${where} AS ${agreed?.remote.as ?? remoteAs})`;
}

/** A segment with another key's digest is dropped without a word (RFC 2385 §4.1). */
export function explained(ending: Ending, { password }: PeerConfig): Ending {
  if (ending.kind !== "closed" || ending.reason !== NO_ANSWER || password === undefined) return ending;
  return { ...ending, reason: `${NO_ANSWER}, as where the neighbour has another password` };
}
