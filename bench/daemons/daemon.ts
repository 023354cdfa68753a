import type { Family } from "#route/family.ts";
import type { Link } from "../lab/address-plan.ts";
import type { Place } from "./version.ts";

/** One neighbour as the daemon under test is to be configured for it; it always dials, the daemon waits. */
export interface Neighbour {
  readonly index: number;
  readonly as: number;
  readonly address: string;
  readonly link: Link;
  /** What the daemon tells it: everything, nothing, or the mark (`markPrefix`) alone. */
  readonly export: "all" | "none" | "mark";
  /** Route reflector client (RFC 4456). */
  readonly client: boolean;
}

/** What a daemon is to do in a scenario. */
export interface Setup {
  readonly families: readonly Family[];
  readonly neighbours: readonly Neighbour[];
  /** Whether best routes go into the kernel of its namespace. */
  readonly kernel: boolean;
  /** A prefix it originates itself. */
  readonly originate: string | undefined;
  readonly holdSeconds: number;
  /** Stalls will be asked for; measuring them costs a little. */
  readonly stalls: boolean;
  /** Where its configuration comes from, for daemons that ask a Kubernetes API server. */
  readonly apiServer: string | undefined;
}

export type Yardstick = "relay" | "kernel";

/** What not every daemon can do. */
export type Feature = "kernel" | "originate" | "mark" | "birdc" | "api";

/** A program to run in the daemon's namespace. */
export interface Program extends Place {
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** A file that must be there before this program starts; the one before it makes it. */
  readonly after?: string;
}

export interface Stall {
  readonly delayMs: number;
  /** Most that the thread itself worked in one turn: of a longer delay, other programs had the rest. */
  readonly cpuMs: number;
}

export interface Daemon {
  readonly name: string;
  /** Not a daemon but a measure of one: what the bench itself takes, or what the kernel does. */
  readonly yardstick?: Yardstick;
  readonly features: ReadonlySet<Feature>;
  /** @returns undefined where it is not installed */
  version(): string | undefined;
  /** Writes its configuration into `directory`. @returns what to start, in this order; the last one speaks BGP */
  prepare(setup: Setup, directory: string): readonly Program[];
  /** For daemons that can tell: how long their main thread was away at most since the last call. */
  longestStall?(directory: string, pid: number): Promise<Stall>;
  /** Unix socket that speaks birdc's protocol, for daemons that have one. */
  controlSocket?(directory: string): string;
}

/** The one prefix that neighbours with `export: "mark"` are told: it comes last, so it says that all before it is done. */
export const markPrefix = "198.18.0.0/24";
