import type { ConfigObject, ObjectSet } from "../objects.ts";
import type { BgpConfigurationSpec } from "../schema/bgp-configuration.ts";
import type { Memory } from "./memory.ts";
import type { NodeFacts } from "./node-facts.ts";
import type { Roles } from "./reflectors.ts";
import type { Report } from "./report.ts";
import type { Settings } from "./settings.ts";

/** What the parts of one node's configuration are made from. */
export interface Context {
  readonly objects: ObjectSet;
  readonly configuration: ConfigObject<"BGPConfiguration"> | undefined;
  readonly spec: BgpConfigurationSpec;
  /** The specification with the overrides for our node merged in. */
  readonly settings: Settings;
  readonly own: NodeFacts;
  readonly roles: Roles;
  /** All nodes, ours among them. */
  readonly nodes: readonly NodeFacts[];
  /** The same nodes at the same places; another list only where one came, went, or has other addresses or blocks. */
  readonly claims: readonly NodeFacts[];
  readonly report: Report;
  readonly memory: Memory;
}
