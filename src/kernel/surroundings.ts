import type { KernelConfig } from "#config/node-config.ts";
import type { Family } from "#route/family.ts";
import type { ForeignRoute } from "./foreign-routes.ts";

export type InstallerConfig = Pick<
  KernelConfig,
  "table" | "metric" | "protocol" | "nextHopObjects" | "preferredSource"
>;

/** What the installer asks others. */
export interface Surroundings {
  /** Can packets leave by this hop set? */
  usable(hopSet: number): boolean;
  /** Foreign routes to exactly this prefix in the table that we write to. */
  beside(family: Family, w0: number, w1: number, w2: number, w3: number, length: number): readonly ForeignRoute[];
  /** What we believe of the kernel is wrong or incomplete: dump and compare. */
  doubt(why: string): void;
}
