import type { Clock } from "#lib/clock.ts";
import type { Call, Connection, ConnectionEvents, DialEvents } from "../transport.ts";
import type { Open } from "../wire/open.ts";
import type { RouteRefresh } from "../wire/route-refresh.ts";
import type { UpdateReader } from "../wire/update.ts";
import type { Link } from "./link.ts";
import type { Negotiated } from "./negotiate.ts";
import type { Ending, Event, State } from "./session.ts";

/** Messages of one neighbour since it was configured. UPDATEs that go out are counted by who makes them. */
export interface Counters {
  messagesIn: number;
  messagesOut: number;
  updatesIn: number;
  notificationsIn: number;
  notificationsOut: number;
  refreshesIn: number;
  refreshesOut: number;
  /** UPDATEs that were not wholly good (RFC 7606). */
  updatesWithErrors: number;
  octetsIn: number;
  octetsOut: number;
}

/** The neighbour that a connection belongs to. */
export interface LinkOwner {
  readonly clock: Clock;
  readonly counters: Counters;
  /** `traced` wants to be told. */
  readonly isTraced: boolean;
  /** @param octets whole messages, borrowed */
  traced(way: "received" | "sent", octets: Uint8Array): void;
  random(): number;
  ownOpen(): Open;
  dial(events: DialEvents): Call;
  /** May OPEN be said on a connection that is there? `Link.proceed` asks again. */
  mayOpen(link: Link): boolean;
  /** May KEEPALIVE be said, now that the neighbour's OPEN is good? `Link.proceed` asks again. */
  mayConfirm(link: Link): boolean;
  /** Opens an accepted or answered connection. */
  attach(connection: Connection, events: ConnectionEvents): void;
  /**
   * May the neighbour go on with this OPEN? Resolves collisions: `link` may be closed afterwards.
   * @throws PeerFault where it may not
   */
  judge(link: Link, open: Open): Negotiated;
  up(link: Link, negotiated: Negotiated): UpdateReader;
  down(link: Link, ending: Ending): void;
  /** @param connected TCP had come up: this was no call that failed */
  ended(link: Link, ending: Ending, connected: boolean): void;
  refreshed(message: RouteRefresh): void;
  /** @param update was not wholly good (RFC 7606): the whole message, borrowed */
  remarked(remarks: string, update: Uint8Array): void;
  changed(link: Link, from: State, event: Event): void;
}

export const noCounts = (): Counters => ({
  messagesIn: 0,
  messagesOut: 0,
  updatesIn: 0,
  updatesWithErrors: 0,
  notificationsIn: 0,
  notificationsOut: 0,
  refreshesIn: 0,
  refreshesOut: 0,
  octetsIn: 0,
  octetsOut: 0,
});
