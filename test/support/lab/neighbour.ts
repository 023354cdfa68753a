import type { Daemon, Host, IpFamily } from "./host.ts";
import { until } from "./until.ts";

/** One BGP session, from the side of the speaker that is configured. */
export interface SessionConfig {
  readonly local: string;
  /** Its address; the interface, where it is found by that alone. */
  readonly remote: string;
  /** `remote` and `local` are the interface. */
  readonly unnumbered?: boolean;
  readonly remoteAs: number;
  /** Wait to be dialled. */
  readonly passive?: boolean;
  readonly families?: readonly IpFamily[];
  readonly holdSeconds?: number;
  /** TCP-MD5 (RFC 2385). */
  readonly password?: string;
  /** GTSM (RFC 5082), one hop. */
  readonly security?: boolean;
  /** A client of ours (RFC 4456). */
  readonly client?: boolean;
  /** Restart time in seconds (RFC 4724 §3); undefined: no such capability. */
  readonly gracefulRestart?: number;
  /** false: a speaker of before RFC 6793. */
  readonly fourOctetAs?: boolean;
}

export type Origin = "igp" | "egp" | "incomplete";

/** Attributes in one notation for all products: lists sorted, numbers in decimal. */
export interface RouteAttributes {
  readonly origin: Origin;
  readonly med?: number;
  readonly localPref?: number;
  /** `64500:1` (RFC 1997). */
  readonly communities: readonly string[];
  /** `rt:64500:1` (RFC 4360). */
  readonly extendedCommunities: readonly string[];
  /** `64500:1:2` (RFC 8092). */
  readonly largeCommunities: readonly string[];
}

/** A route to announce; the speaker puts its own AS and its own address in. */
export interface Announcement extends Partial<RouteAttributes> {
  readonly prefix: string;
}

/** A route as a speaker has it from a neighbour. */
export interface ReceivedRoute extends RouteAttributes {
  readonly prefix: string;
  readonly asPath: readonly number[];
  readonly nextHop: string;
  readonly originatorId?: string;
  readonly clusterList?: readonly string[];
}

export interface SpeakerConfig {
  readonly as: number;
  readonly routerId: string;
  readonly sessions: readonly SessionConfig[];
  readonly routes: readonly Announcement[];
  /** Own addresses, for products that must be told which next hop goes with routes of the other family. */
  readonly nextHops: Readonly<Record<IpFamily, string>>;
  /** Put learned routes into the kernel. */
  readonly kernel?: boolean;
}

/** What a scenario needs and a product may lack. */
export type Feature =
  | "dual stack session"
  | "md5"
  | "gtsm"
  | "two octet as"
  | "ask for refresh"
  | "be asked for refresh"
  | "restart gracefully"
  | "help a restart"
  | "send shutdown text"
  | "show shutdown text"
  | "session over ipv6";

/** Features a product has not, each with the reason; a scenario that needs one is listed as not applicable. */
export type Lacks = Readonly<Partial<Record<Feature, string>>>;

/** A BGP speaker of some product on a host of a lab, driven and asked in one way for all products. */
export abstract class Speaker {
  readonly host: Host;
  protected settings: SpeakerConfig;
  protected daemons: Daemon[] = [];

  constructor(host: Host, settings: SpeakerConfig) {
    this.host = host;
    this.settings = settings;
  }

  /** Starts it; again after an end, with the same configuration and routes, and as a graceful restart where it can. */
  abstract start(): Promise<void>;

  /** FSM state of a session in lower case: `established`, or what the product calls it. */
  abstract state(remote: string): Promise<string>;

  /** Routes that a neighbour gave, before or after policy as the product shows them (policies accept everything). */
  abstract received(remote: string): Promise<readonly ReceivedRoute[]>;

  protected abstract applyRoutes(before: readonly Announcement[], after: readonly Announcement[]): Promise<void>;

  /** Sends ROUTE-REFRESH for all families (RFC 2918). */
  abstract askRefresh(remote: string): Promise<void>;

  /** Ends a session with Cease / Administrative Shutdown and a text (RFC 9003). @returns the text that is sent */
  abstract shutDown(remote: string, text: string): Promise<string>;

  /** Where the product shows what ended a session. */
  abstract lastError(remote: string): Promise<string>;

  async announce(route: Announcement): Promise<void> {
    await this.#setRoutes([...this.settings.routes.filter(({ prefix }) => prefix !== route.prefix), route]);
  }

  async withdraw(prefix: string): Promise<void> {
    await this.#setRoutes(this.settings.routes.filter((route) => route.prefix !== prefix));
  }

  /** What it announces after its next start; nothing changes before. */
  prepare(routes: readonly Announcement[]): void {
    this.settings = { ...this.settings, routes };
  }

  async established(remote: string, seconds = 30): Promise<void> {
    await until(
      `${this.host.name}: session with ${remote}`,
      seconds,
      async () => (await this.state(remote)) === "established",
    );
  }

  /** The route for `prefix` that `remote` gave, once it is there. */
  async route(remote: string, prefix: string, seconds = 15): Promise<ReceivedRoute> {
    return until(`${this.host.name}: ${prefix} from ${remote}`, seconds, async () =>
      (await this.received(remote)).find((route) => route.prefix === prefix),
    );
  }

  /** Ends it without a word to anybody. */
  async kill(): Promise<void> {
    await Promise.all(this.daemons.map((daemon) => daemon.end("SIGKILL")));
    this.daemons = [];
  }

  /** Ends it as an administrator would. */
  async stop(): Promise<void> {
    for (const daemon of [...this.daemons].reverse()) await daemon.end("SIGTERM");
    this.daemons = [];
  }

  /** Alive but silent, until `thaw`. */
  freeze(): void {
    for (const daemon of this.daemons) daemon.signal("SIGSTOP");
  }

  thaw(): void {
    for (const daemon of this.daemons) daemon.signal("SIGCONT");
  }

  async #setRoutes(routes: readonly Announcement[]): Promise<void> {
    const before = this.settings.routes;
    this.settings = { ...this.settings, routes };
    await this.applyRoutes(before, routes);
  }

  protected session(remote: string): SessionConfig {
    const session = this.settings.sessions.find((candidate) => candidate.remote === remote);
    if (!session) throw new Error(`${this.host.name} has no session with ${remote}`);
    return session;
  }
}

export function familyOf(addressOrPrefix: string): IpFamily {
  return addressOrPrefix.includes(":") ? 6 : 4;
}

export const bothFamilies: readonly IpFamily[] = [4, 6];
