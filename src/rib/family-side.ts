import type { Announcer, BlockOwner } from "#config/node-config.ts";
import type { Family } from "#route/family.ts";
import type { HopSetTable } from "#route/hop-set.ts";
import type { Prefix } from "#route/prefix.ts";
import { Clearance } from "./clearance.ts";
import { Decision } from "./decision.ts";
import { Forecast } from "./forecast.ts";
import { Forwarding } from "./forwarding.ts";
import { LocRib } from "./loc-rib.ts";
import type { NeighbourTable } from "./neighbours.ts";
import { OriginCheck } from "./origin-check.ts";
import type { PolicyProgram } from "./policy-program.ts";
import type { AttributeCodec, ForwardingTable } from "./ports.ts";
import { Programs } from "./programs.ts";
import { Reimport } from "./reimport.ts";
import { Retention } from "./retention.ts";
import type { SlabPool } from "./slab.ts";
import type { AttributeTable } from "./table/attribute-table.ts";
import { DirtyQueue } from "./table/dirty-queue.ts";
import type { RibLimits } from "./table/limits.ts";
import type { NextHopTable } from "./table/next-hop-table.ts";
import { PathTable } from "./table/path-table.ts";
import { PrefixTable4 } from "./table/prefix-table-4.ts";
import { PrefixTable6 } from "./table/prefix-table-6.ts";
import type { Turns } from "./turns.ts";
import { UpdateBatch } from "./update-batch.ts";
import { UpdateGroups } from "./update-groups.ts";

/** What is configured about a neighbour's paths beside policy. */
interface Judged {
  /** A default route from it is never selected. */
  readonly refuseDefault: boolean;
  readonly announcer: Announcer | undefined;
}

/** What both families share. */
export interface SharedParts {
  readonly seed: number;
  readonly limits: RibLimits;
  readonly turns: Turns;
  readonly neighbours: NeighbourTable;
  readonly nextHops: NextHopTable;
  readonly attributes: AttributeTable;
  readonly pool: SlabPool;
  readonly codec: AttributeCodec;
  readonly hopSets: HopSetTable;
  readonly forwarding: ForwardingTable | undefined;
  readonly maxPaths: number;
  readonly held: boolean;
  foreignOrigin(neighbour: number, prefix: Prefix, owner: BlockOwner): void;
}

/** One family's tables and what works on them. */
export class FamilySide {
  readonly family: Family;
  readonly loc: LocRib;
  readonly groups: UpdateGroups;
  readonly forwarding: Forwarding | undefined;
  readonly forecast: Forecast | undefined;
  readonly retention: Retention;
  readonly reimport: Reimport;
  readonly programs: Programs;
  readonly origins: OriginCheck;

  constructor(family: Family, shared: SharedParts) {
    const { limits, seed, turns, neighbours, nextHops, attributes, pool, codec, hopSets, forwarding } = shared;
    const [maxPrefixes, maxPaths] =
      family === "ipv4" ? [limits.prefixes4, limits.paths4] : [limits.prefixes6, limits.paths6];
    const prefixes = family === "ipv4" ? new PrefixTable4(maxPrefixes, seed) : new PrefixTable6(maxPrefixes, seed);
    const paths = new PathTable(family, maxPaths, limits.neighbours);
    const decision = new Decision(paths, attributes, nextHops, neighbours);
    const gone = new DirtyQueue(maxPrefixes);
    const loc = new LocRib({ family, prefixes, paths, gone, attributes, decision, neighbours, turns });
    const batch = new UpdateBatch(loc, neighbours, limits.attributeSets);
    this.family = family;
    this.loc = loc;
    const { foreignOrigin } = shared;
    this.origins = new OriginCheck({
      ...{ loc, nextHops, codec, turns },
      refused: (neighbour, prefix, owner) => foreignOrigin(neighbour, prefix, owner),
    });
    turns.add(new Clearance(loc, turns, maxPrefixes));
    this.retention = new Retention(loc, turns);
    this.reimport = new Reimport(loc, turns);
    this.programs = new Programs({ attributes, codec, prefixes }, limits.attributeSets);
    this.forwarding =
      forwarding &&
      new Forwarding({ loc, nextHops, hopSets, table: forwarding, turns, maxPrefixes, maxPaths: shared.maxPaths });
    if (forwarding !== undefined && this.forwarding !== undefined) {
      this.forecast = new Forecast({ loc, nextHops, hopSets, forwarding: this.forwarding, table: forwarding, turns });
    }
    const installs = this.forwarding;
    this.groups = new UpdateGroups({ loc, neighbours, pool, turns, batch, installs, maxPrefixes }, shared.held);
  }

  /** Does nothing refer to neighbour number `id` any more? */
  isUnused(id: number): boolean {
    if (this.loc.paths.countOf(id) > 0) return false;
    for (const group of this.groups) if (group.told.countOf(id) > 0) return false;
    return true;
  }

  /** What is asked about a neighbour's paths; if it is something else than before, they are judged anew. */
  setImporter(id: number, program: PolicyProgram | undefined, { refuseDefault, announcer }: Judged): void {
    const { loc } = this;
    const refuses = refuseDefault ? 1 : 0;
    const isOther = this.origins.setAnnouncer(id, announcer);
    if (!isOther && loc.importers[id] === program && loc.refusesDefault[id] === refuses) return;
    while (loc.importers.length <= id) {
      loc.importers.push(undefined);
      loc.gates.push(undefined);
    }
    loc.importers[id] = program;
    loc.gates[id] = announcer === undefined ? undefined : this.origins;
    loc.refusesDefault[id] = refuses;
    this.reimport.begin(id);
  }

  /** Lets go of compiled policies that nobody uses. */
  prune(): void {
    this.programs.prune((program) => {
      if (this.loc.importers.includes(program)) return true;
      for (const group of this.groups) if (group.asks(program)) return true;
      return false;
    });
  }
}
