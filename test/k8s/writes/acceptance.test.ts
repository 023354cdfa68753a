import { expect, test } from "vitest";
import { acceptance, type Judged, writerRank } from "#k8s/writes/acceptance.ts";
import { START_MS } from "../../support/observed-node.ts";

const source = { from: "api" } as const;
const wrong = {
  severity: "error",
  object: "BGPPeer/tor",
  path: ["spec", "asNumber"],
  text: "is too large",
  source,
} as const;
const tor: Judged = { kind: "BGPPeer", name: "tor", generation: 2, conditions: [], remarks: [] };
const peer = (changes: Partial<Judged>): Judged => ({ ...tor, ...changes });

/** The condition that is written, if any. */
function written(object: Judged, nowMs = START_MS): Judged["conditions"][number] | undefined {
  const [request] = acceptance([object], nowMs);
  return (request?.body as { status: { conditions: Judged["conditions"] } } | undefined)?.status.conditions[0];
}

test("a valid object is accepted, an invalid one is not, and both say of which generation", () => {
  expect(written(tor)).toMatchObject({ type: "Accepted", status: "True", observedGeneration: 2 });
  expect(written(peer({ remarks: [wrong] }))).toMatchObject({
    status: "False",
    message: "an older state stays in force: spec.asNumber: is too large",
  });
});

test("a warning alone is accepted", () => {
  expect(written(peer({ remarks: [{ ...wrong, severity: "warning" }] }))?.status).toBe("True");
});

test("what is there already is not written again; a new generation is, with the old time", () => {
  const before = written(tor);
  const conditions = before === undefined ? [] : [before];
  expect(conditions.length).toBe(1);
  expect(written(peer({ conditions }), START_MS + 1000)).toBe(undefined);
  const next = written(peer({ conditions, generation: 3 }), START_MS + 1000);
  expect(next?.lastTransitionTime).toBe(before?.lastTransitionTime);
  const turned = written(peer({ conditions, generation: 3, remarks: [wrong] }), START_MS + 1000);
  expect(turned?.lastTransitionTime).not.toBe(before?.lastTransitionTime);
});

test("the first three nodes by name write, in that order", () => {
  const nodes = ["n4", "n2", "n1", "n3"];
  expect(nodes.map((name) => writerRank(nodes, name))).toEqual([undefined, 1, 0, 2]);
});
