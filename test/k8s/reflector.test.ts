import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Fault,
  idle,
  LONGEST_WAIT_MS,
  type ReflectorEffect,
  type ReflectorEvent,
  type ReflectorState,
  step,
} from "#k8s/reflector.ts";

const object = (name: string, resourceVersion: string) => ({ metadata: { name, resourceVersion } });
const gone: Fault = { kind: "status", code: 410, text: "too old resource version", retryAfterMs: undefined };
const refused: Fault = { kind: "connection", text: "connect ECONNREFUSED" };

/** Runs events one after the other. */
function run(...events: ReflectorEvent[]): { state: ReflectorState; effects: ReflectorEffect[] } {
  let state: ReflectorState = idle;
  const effects: ReflectorEffect[] = [];
  for (const event of events) {
    const { next, effects: now } = step(state, event);
    state = next;
    effects.push(...now);
  }
  return { state, effects };
}

const start: ReflectorEvent = { kind: "start" };
const page = (items: ReturnType<typeof object>[], resourceVersion: string, more?: string): ReflectorEvent => ({
  kind: "page",
  items,
  continue: more,
  resourceVersion,
});
const ended = (fault?: Fault): ReflectorEvent => ({ kind: "watchEnded", fault });
const waited: ReflectorEvent = { kind: "waited" };

test("a list of several pages is told whole, then watched from its version", () => {
  const a = object("a", "1");
  const b = object("b", "2");
  expect(run(start, page([a], "9", "token"), page([b], "10")).effects).toEqual([
    { kind: "list", continue: undefined },
    { kind: "list", continue: "token" },
    { kind: "replace", objects: [a, b] },
    { kind: "watch", resourceVersion: "10" },
  ]);
});

test("a bookmark moves the version on and tells nothing", () => {
  const { state, effects } = run(start, page([], "10"), {
    kind: "watched",
    type: "BOOKMARK",
    object: object("", "42"),
  });
  expect(effects.at(-1)).toEqual({ kind: "watch", resourceVersion: "10" });
  expect(state).toMatchObject({ kind: "watching", resourceVersion: "42" });
});

test("a watch that ended in good order goes on from the newest version at once", () => {
  const a = object("a", "11");
  const { effects } = run(start, page([], "10"), { kind: "watched", type: "ADDED", object: a }, ended());
  expect(effects.slice(-2)).toEqual([
    { kind: "apply", object: a },
    { kind: "watch", resourceVersion: "11" },
  ]);
});

test("a server that closes every watch at once is not asked without pause", () => {
  expect(run(start, page([], "10"), ended()).effects.at(-1)).toEqual({ kind: "wait", ms: 500 });
});

test("410 in a watch begins a fresh list, and until it is complete nothing is told to be gone", () => {
  const { effects } = run(start, page([object("a", "1")], "10"), ended(gone));
  expect(effects.at(-1)).toEqual({ kind: "list", continue: undefined });
  expect(effects.filter(({ kind }) => kind === "remove" || kind === "replace")).toHaveLength(1);
});

test("an expired continue token begins a fresh list without what was collected", () => {
  const { state, effects } = run(start, page([object("a", "1")], "9", "token"), { kind: "listFailed", fault: gone });
  expect(effects.at(-1)).toEqual({ kind: "list", continue: undefined });
  expect(state).toMatchObject({ kind: "listing", collected: [] });
});

test("an outage is said once, waited for longer and longer, and its end is said", () => {
  const failed: ReflectorEvent = { kind: "listFailed", fault: refused };
  const outage = Array.from({ length: 12 }, () => [failed, waited]).flat();
  const { effects } = run(start, ...outage, page([], "10"));
  expect(effects.filter(({ kind }) => kind === "report")).toEqual([
    { kind: "report", fault: refused },
    { kind: "report", fault: undefined },
  ]);
  const waits = effects.flatMap((effect) => (effect.kind === "wait" ? [effect.ms] : []));
  expect(waits.slice(0, 4)).toEqual([500, 1_000, 2_000, 4_000]);
  expect(Math.max(...waits)).toBe(LONGEST_WAIT_MS);
});

test("Retry-After is honoured up to two minutes", () => {
  const busy = (retryAfterMs: number): ReflectorEvent => ({
    kind: "listFailed",
    fault: { kind: "status", code: 429, text: "too many requests", retryAfterMs },
  });
  expect(run(start, busy(7_000)).effects.at(-1)).toEqual({ kind: "wait", ms: 7_000 });
  expect(run(start, busy(86_400_000)).effects.at(-1)).toEqual({ kind: "wait", ms: 120_000 });
});

test("a watch that fell silent is taken up again from where it was", () => {
  const { effects } = run(start, page([], "10"), ended({ kind: "silence" }), waited);
  expect(effects.at(-1)).toEqual({ kind: "watch", resourceVersion: "10" });
});

const fault = fc.constantFrom<Fault>(gone, refused, { kind: "silence" });
const anyEvent: fc.Arbitrary<ReflectorEvent> = fc.oneof(
  fc.constantFrom<ReflectorEvent>(start, waited),
  fc.record({
    kind: fc.constant("page" as const),
    items: fc.array(fc.constantFrom(object("a", "1"), object("b", "2"))),
    continue: fc.option(fc.constant("token"), { nil: undefined }),
    resourceVersion: fc.constantFrom("1", "2", "3"),
  }),
  fc.record({ kind: fc.constant("listFailed" as const), fault }),
  fc.record({
    kind: fc.constant("watched" as const),
    type: fc.constantFrom("ADDED" as const, "MODIFIED" as const, "DELETED" as const, "BOOKMARK" as const),
    object: fc.constantFrom(object("a", "5"), object("b", "6"), {}),
  }),
  fc.record({ kind: fc.constant("watchEnded" as const), fault: fc.option(fault, { nil: undefined }) }),
);

test("after every history exactly one request or wait is under way", () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
      let state: ReflectorState = idle;
      let under: ReflectorEffect["kind"] | undefined;
      for (const event of [start, ...events]) {
        const { next, effects } = step(state, event);
        const begun = effects.filter(({ kind }) => kind === "list" || kind === "watch" || kind === "wait");
        expect(begun.length).toBeLessThanOrEqual(1);
        if (begun.length === 1) under = begun[0]?.kind;
        expect(under).toBe({ idle: undefined, listing: "list", watching: "watch", waiting: "wait" }[next.kind]);
        state = next;
      }
    }),
  );
});
