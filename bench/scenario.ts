import type { Lab } from "./bench.ts";
import type { Daemon, Feature, Yardstick } from "./daemons/daemon.ts";

/** One number that a scenario measures of one daemon, with what was sampled meanwhile. */
export interface Measurement {
  /** What was timed, such as `transit` or `withdraw`. */
  readonly metric: string;
  readonly value: number;
  readonly unit: "s" | "ms" | "B/route" | "MB" | "%" | "";
  /** Processor time of the daemon meanwhile, seconds. */
  readonly cpuSeconds?: number;
  /** Of the state that the daemon ended in; equal work gives equal checksums. */
  readonly checksum?: string;
}

export interface Scenario {
  readonly name: string;
  readonly about: string;
  /** What `--size` stands for, and its values where it is not given. */
  readonly sizeOf: string;
  readonly defaultSizes: readonly number[];
  readonly needs: readonly Feature[];
  readonly yardstick?: Yardstick;
  run(lab: Lab, daemon: Daemon, size: number): Promise<Measurement[]>;
}
