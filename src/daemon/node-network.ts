import { conflist } from "#cni/conflist.ts";
import { MasqueradeKeeper, type Nft } from "#cni/masquerade-keeper.ts";
import type { NodeConfig } from "#config/node-config.ts";
import type { Clock, Timer } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";

/** Files of the node that are ours alone. */
export interface NodeFiles {
  /** Readers see the old text or the new one. @returns whether it was another one */
  write(path: string, text: string): Promise<boolean>;
}

/** First wait before a file that could not be written is tried again; doubles up to a minute. */
const RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;

/** What the container runtime and the packet filter are told: the CNI network configuration, and masquerading. */
export class NodeNetwork {
  readonly #files: NodeFiles;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #masquerade: MasqueradeKeeper;
  #masqueradeOf: NodeConfig["masquerade"] | "unknown" = "unknown";
  #written: string | undefined;
  #retry: Timer | undefined;

  constructor(files: NodeFiles, nft: Nft, clock: Clock, log: Log) {
    this.#files = files;
    this.#clock = clock;
    this.#log = log;
    this.#masquerade = new MasqueradeKeeper(nft, clock, log);
  }

  /** @param uplinkMtu for pods whose configuration names no MTU */
  apply({ cni, masquerade }: NodeConfig, uplinkMtu: number | undefined): void {
    if (masquerade !== this.#masqueradeOf) {
      this.#masqueradeOf = masquerade;
      void this.#masquerade.set(masquerade);
    }
    this.#retry?.cancel();
    if (cni === undefined) return;
    const text = conflist(cni, uplinkMtu);
    if (text !== this.#written) void this.#write(cni.path, text, RETRY_MS);
  }

  async stop(): Promise<void> {
    this.#retry?.cancel();
    await this.#masquerade.stop();
  }

  async #write(path: string, text: string, retryMs: number): Promise<void> {
    try {
      const changed = await this.#files.write(path, text);
      this.#written = text;
      if (changed) this.#log.info(`CNI network configuration written to ${path}`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (retryMs === RETRY_MS) this.#log.error(`the CNI network configuration cannot be written: ${reason}`);
      const next = Math.min(retryMs * 2, LONGEST_RETRY_MS);
      this.#retry = this.#clock.after(retryMs, () => void this.#write(path, text, next));
    }
  }
}
