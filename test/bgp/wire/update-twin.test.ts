import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeAttributes } from "#bgp/wire/attribute-codec.ts";
import { PeerFault } from "#bgp/wire/peer-fault.ts";
import type { ReadContext } from "#bgp/wire/read-context.ts";
import { UpdateReader } from "#bgp/wire/update.ts";
import { nlri, rawAttributes, readContext } from "./support/arbitraries.ts";
import { hex, update } from "./support/octets.ts";
import { RecordingSink } from "./support/recording-sink.ts";
import { slowFacts } from "./support/slow-facts.ts";
import { joined, slowRead, type Verdict } from "./support/slow-reader.ts";

const SEED = 20260101;
const RUNS = 12_000;

function fastRead(message: Uint8Array, context: ReadContext, sink: RecordingSink): Verdict {
  try {
    const outcome = new UpdateReader(context, sink).read(message, 0, message.length);
    return { outcome, log: sink.log };
  } catch (error) {
    if (error instanceof PeerFault) return { reset: new Set([error.notification.subcode]) };
    throw error;
  }
}

const messages = fc
  .tuple(nlri("ipv4", 2), rawAttributes, nlri("ipv4", 3))
  .map(([withdrawn, attributes, reachable]) => update({ withdrawn, attributes: [attributes], nlri: reachable }));

/** AS paths of old speakers may be cut into segments in more than one way. */
function readable(log: readonly string[], context: ReadContext): unknown[] {
  if (context.fourOctetAs) return [...log];
  return log.map((line) => {
    const [what, prefix, set] = line.split(" ");
    if (set === undefined || what !== "reach") return line;
    const octets = hex(set);
    const attributes = decodeAttributes(octets, 0, octets.length);
    return [what, prefix, { ...attributes, asPath: joined(attributes.asPath) }];
  });
}

test("the reader agrees with its slow twin on any mixture of attributes, in any context", () => {
  const met: Record<string, number> = {};
  fc.assert(
    fc.property(messages, readContext, (message, context) => {
      const sink = new RecordingSink();
      const fast = fastRead(message, context, sink);
      const slow = slowRead(message, context);
      const kind = "reset" in slow ? "reset" : slow.outcome;
      met[kind] = (met[kind] ?? 0) + 1;
      expect(sink.held).toBe(0);
      if ("reset" in fast || "reset" in slow) {
        if (!("reset" in fast && "reset" in slow)) expect(fast).toEqual(slow);
        else expect([...slow.reset]).toContain([...fast.reset][0]);
        expect(sink.log).toEqual([]);
      } else {
        expect(fast.outcome).toBe(slow.outcome);
        expect(readable(fast.log, context)).toEqual(readable(slow.log, context));
        for (const [set, facts] of sink.facts) expect(facts).toEqual(slowFacts(hex(set), context));
      }
    }),
    { seed: SEED, numRuns: RUNS },
  );
  // The mixture is worth something only if all outcomes are in it.
  for (const kind of ["ok", "discarded", "withdrawn", "reset"]) expect(met[kind], kind).toBeGreaterThan(RUNS / 50);
}, 60_000);
