import { callClashes, describeClash, fieldOf } from "#config/callers.ts";
import type { PeerConfig } from "#config/node-config.ts";
import type { Log } from "#lib/log.ts";
import { finish } from "#lib/steps.ts";

/**
 * Says once which neighbours stand in another one's way when they call, of those whose addresses the objects do not tell:
 * gateways, and neighbours by interface alone. Of the others the objects' remarks tell it.
 */
export class ClashingCalls {
  readonly #log: Log;
  #said: ReadonlySet<string> = new Set();

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param known as configured @param peers the same with addresses */
  look(known: readonly PeerConfig[], peers: readonly PeerConfig[]): void {
    const told = new Set(known === peers ? [] : linesOf(known));
    const lines = new Set(known === peers ? [] : linesOf(peers).filter((line) => !told.has(line)));
    for (const line of lines) if (!this.#said.has(line)) this.#log.warn(line);
    for (const line of this.#said) if (!lines.has(line)) this.#log.info(`no longer: ${line}`);
    this.#said = lines;
  }
}

const linesOf = (peers: readonly PeerConfig[]): string[] =>
  finish(callClashes(peers)).map((clash) => `${clash.peer.source}: spec.${fieldOf(clash)}: ${describeClash(clash)}`);
