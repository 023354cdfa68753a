import type { Announcer, OriginatedPrefix, PolicyConfig } from "#config/node-config.ts";
import type { Address } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import type { NeighbourKind, SessionOut, UpdateEncoder } from "./ports.ts";

/** What is configured about a neighbour. */
export interface NeighbourConfig {
  readonly name: string;
  /** Our AS number, as the neighbour knows it: what policies prepend. */
  readonly localAs: number;
  /** Tried in order. */
  readonly importPolicies: readonly PolicyConfig[];
  readonly exportPolicies: readonly PolicyConfig[];
  /** Kinds of own prefixes that go out before any export policy is asked. */
  readonly advertise: readonly OriginatedPrefix["from"][];
  /** A default route from it is never selected: it is a node of the mesh. */
  readonly refuseDefault: boolean;
  /** Which node it is, where what it says of pod addresses is checked. */
  readonly announcer: Announcer | undefined;
  readonly prefixLimit: Readonly<Partial<Record<Family, number>>>;
}

/** What is told over a session, and how. */
export interface SessionWords {
  readonly kind: Exclude<NeighbourKind, "local">;
  /** Equal for sessions to which the same UPDATEs can be sent. */
  readonly encoding: string;
  /** A new encoder for such sessions. */
  readonly encoder: () => UpdateEncoder;
}

/** What a session brings. */
export interface NeighbourSession extends SessionWords {
  readonly routerId: number;
  readonly address: Address;
  /** Interface index of the session where it is known. */
  readonly link: number | undefined;
  readonly families: readonly Family[];
  /** Families whose routes the neighbour kept: what we have of it stays, stale, until it tells it again. */
  readonly kept: readonly Family[];
  readonly out: SessionOut;
}
