/** A router of a lab in text; columns as in `lab-a.ts`. Times are minutes and seconds after 23:00 on 2026-11-20. */
export interface Lab {
  /** `NET PROTOCOL TIME` with `*` (best) or `!` (filtered), next hops `GATEWAY INTERFACE [WEIGHT]`, then attributes. */
  readonly routesIpv4: string;
  readonly routesIpv6: string;
  /**
   * `NAME KIND STATE TIME "DESCRIPTION"`; for BGP then `peer …`, `up …` in Established, capabilities of both sides
   * (`remote` only where it differs), and a line for each channel: `FAMILY STATE PREFERENCE IMPORT EXPORT`, recovery,
   * limits (`!`: hit), `routes IMPORTED/FILTERED/EXPORTED/PREFERRED` with four rows of changes, `next`, `recursive`.
   */
  readonly protocols: string;
  /** `INDEX NAME FLAGS MTU`, then addresses: `*` for the preferred one, `>` before the other end. */
  readonly interfaces: string;
  /** `ADDRESS INTERFACE STATE TIME INTERVAL TIMEOUT` */
  readonly bfdSessions: string;
  /** `NET PROTOCOL DESTINATION`, or next hops as in the routes. */
  readonly statics: string;
  /** Where the configuration is read from. */
  readonly source: string;
  readonly routerId: string;
  readonly started: string;
  readonly now: string;
  /** Graceful restart recovery: what it waits for, and what is left of 240 s. */
  readonly recovery: { readonly waitingFor: number; readonly remainingMs: number } | undefined;
  /** Filters by name. */
  readonly policies: readonly string[];
}
