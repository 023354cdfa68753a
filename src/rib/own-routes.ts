import type { Family } from "#route/family.ts";
import type { UpdateEncoder } from "./ports.ts";
import type { SlabWriter } from "./slab.ts";
import type { UpdateBatch } from "./update-batch.ts";

/**
 * Members of a group that have become the origin of a prefix they were told before: nobody is told its own paths, so they
 * are told that the earlier one is gone.
 */
export class OwnRoutes {
  readonly #prefixes = new Map<number, number[]>();

  add(member: number, prefix: number): void {
    const prefixes = this.#prefixes.get(member);
    if (prefixes === undefined) this.#prefixes.set(member, [prefix]);
    else prefixes.push(prefix);
  }

  /** Writes the withdrawals of each member in turn. @param deliver what was written goes to this one alone */
  write(
    encoder: UpdateEncoder,
    writer: SlabWriter,
    family: Family,
    batch: UpdateBatch,
    deliver: (member: number) => void,
  ): void {
    for (const [member, prefixes] of this.#prefixes) {
      writer.origin(-1);
      encoder.beginUnreach(writer, family);
      for (const prefix of prefixes) batch.addPrefix(encoder, prefix);
      encoder.end();
      writer.withdrawn += prefixes.length;
      deliver(member);
    }
    this.#prefixes.clear();
  }
}
