/** What an operator may do. Names are those of `protocols()`. */
export interface Actions {
  /** Takes a protocol down until it is enabled. `message` goes to the neighbour (RFC 9003). */
  disable(protocol: string, message: string | undefined): void;
  enable(protocol: string, message: string | undefined): void;
  /** Down and up again. */
  restart(protocol: string, message: string | undefined): void;
  /** Asks the neighbour for its routes again (RFC 2918), tells it ours again, or both. @returns false where it cannot */
  reload(protocol: string, direction: "in" | "out" | "both"): boolean;
  /** Takes the node out of service, or takes that back. */
  drain(wanted: boolean): void;
  /** Logs every message of a neighbour, or ceases to. */
  trace(protocol: string, on: boolean): void;
  readonly configuration: ConfigurationActions;
  /** Leaves in a way that neighbours keep our routes, or for good. Answers are sent before the daemon ends. */
  shutdown(how: "down" | "gracefulRestart"): void;
}

export interface ConfigurationActions {
  /** Where it is read from, as shown: a directory, or `kubernetes`. */
  readonly source: string;
  /**
   * Reads the source again and, unless `check`, puts it in force; `soft` without asking for routes again.
   * @param path another source than the usual one
   */
  load(
    options: { readonly check: boolean; readonly soft: boolean; readonly path: string | undefined },
    done: (outcome: ConfigurationOutcome) => void,
  ): void;
  /**
   * Puts the configuration that was in force before its last change in force again, whoever made that change, and holds
   * it there, whatever the source says, until the next `load`. A second call in a row changes nothing.
   */
  rollBack(done: (outcome: ConfigurationOutcome) => void): void;
}

export type ConfigurationOutcome =
  /** In force; `changed` false where it says what was in force already. */
  | { readonly kind: "applied"; readonly changed: boolean }
  | { readonly kind: "valid" }
  /** The old one stays in force. `where` is `FILE:LINE:COLUMN` or `FILE`, or the object. */
  | { readonly kind: "invalid"; readonly where: string; readonly text: string };
