import { callClashes, describeClash, fieldOf } from "#config/callers.ts";
import type { PeerConfig } from "#config/node-config.ts";
import type { Log } from "#lib/log.ts";
import { mapSteps, type Steps } from "#lib/steps.ts";

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
  *look(known: readonly PeerConfig[], peers: readonly PeerConfig[]): Steps<void> {
    const told = new Set(known === peers ? [] : yield* linesOf(known));
    const found = known === peers ? [] : yield* linesOf(peers);
    const lines = new Set(found.filter((line) => !told.has(line)));
    for (const line of lines) if (!this.#said.has(line)) this.#log.warn(line);
    for (const line of this.#said) if (!lines.has(line)) this.#log.info(`no longer: ${line}`);
    this.#said = lines;
  }
}

function* linesOf(peers: readonly PeerConfig[]): Steps<string[]> {
  const clashes = yield* callClashes(peers);
  return yield* mapSteps(clashes, (clash) => `${clash.peer.source}: spec.${fieldOf(clash)}: ${describeClash(clash)}`);
}
