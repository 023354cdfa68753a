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

interface WantedFile {
  readonly path: string;
  readonly text: string;
}

/** What the container runtime and the packet filter are told: the CNI network configuration, and masquerading. */
export class NodeNetwork {
  readonly #files: NodeFiles;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #masquerade: MasqueradeKeeper;
  #masqueradeOf: NodeConfig["masquerade"] | "unknown" = "unknown";
  /** The CNI network configuration; undefined: none is ours to write. */
  #wanted: WantedFile | undefined;
  /** One write at a time: two of one file would share its temporary one. */
  #isWriting = false;
  #isStopped = false;
  #retryMs = RETRY_MS;
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
    const wanted = cni && { path: cni.path, text: conflist(cni, uplinkMtu) };
    if (wanted?.path === this.#wanted?.path && wanted?.text === this.#wanted?.text) return;
    this.#wanted = wanted;
    this.#retryMs = RETRY_MS;
    void this.#write();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#retry?.cancel();
    await this.#masquerade.stop();
  }

  /** Writes what is wanted, and what is wanted by the end of that. */
  async #write(): Promise<void> {
    this.#retry?.cancel();
    const wanted = this.#wanted;
    if (wanted === undefined || this.#isWriting) return;
    this.#isWriting = true;
    const isThere = await this.#tryWrite(wanted);
    this.#isWriting = false;
    if (this.#isStopped) return;
    if (this.#wanted !== wanted) {
      void this.#write();
      return;
    }
    if (isThere) return;
    this.#retry = this.#clock.after(this.#retryMs, () => void this.#write());
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }

  /** @returns whether the file holds the text now; the first failure is said */
  async #tryWrite({ path, text }: WantedFile): Promise<boolean> {
    try {
      if (await this.#files.write(path, text)) this.#log.info(`CNI network configuration written to ${path}`);
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (this.#retryMs === RETRY_MS) this.#log.error(`the CNI network configuration cannot be written: ${reason}`);
      return false;
    }
  }
}
