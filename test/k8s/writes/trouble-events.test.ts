import { expect, test } from "vitest";
import type { ObservedTrouble } from "#k8s/ports.ts";
import { EventBook, noEvents } from "#k8s/writes/event-book.ts";
import { noTrouble, troubleEvents } from "#k8s/writes/trouble-events.ts";
import { START_MS } from "../../support/observed-node.ts";

const broken: ObservedTrouble = { object: "BGPPeer/tor", reason: "InvalidObject", note: "no" };
const own: ObservedTrouble = { object: "Node/n1", reason: "InvalidObject", note: "no Pod CIDR" };
const route: ObservedTrouble = { object: undefined, reason: "RouteRefused", note: "EEXIST" };

/** Objects that events are about, second by second. */
function told(
  rank: number | undefined,
  history: readonly (readonly [second: number, troubles: readonly ObservedTrouble[]])[],
): string[] {
  let [memory, events] = [noTrouble, noEvents];
  return history.flatMap(([second, troubles]) => {
    const nowMs = START_MS + second * 1000;
    const book = new EventBook(events, "n1", nowMs);
    memory = troubleEvents(memory, troubles, book, { node: "n1", rank: () => rank, nowMs });
    events = book.close();
    return book.requests.map(({ method, body }) => {
      const { regarding } = body as { regarding?: { kind: string; name: string } };
      return `${second}: ${method}${regarding === undefined ? "" : ` ${regarding.kind}/${regarding.name}`}`;
    });
  });
}

test("what concerns this node is told by it alone, at once, and once while it lasts", () => {
  const all = [own, route];
  expect(
    told(undefined, [
      [0, all],
      [2, all],
      [1000, all],
    ]),
  ).toEqual(["0: POST Node/n1", "0: POST Node/n1"]);
});

test("what all see alike is told by few, one after the other, and not by the rest", () => {
  const history = [0, 29, 30, 60, 90]
    .map((second) => [second, [broken]] as const)
    .map(([s, t]) => [s, [...t]] as const);
  expect(told(0, history)).toEqual(["0: POST BGPPeer/tor"]);
  expect(told(1, history)).toEqual(["30: POST BGPPeer/tor"]);
  expect(told(2, history)).toEqual(["60: POST BGPPeer/tor"]);
  expect(told(undefined, history)).toEqual([]);
});

test("about this node's own object the event is the one that others would make about it", () => {
  const named = (node: string, nowMs: number): string[] => {
    const book = new EventBook(noEvents, node, nowMs);
    const memory = new Map([
      ["Node/n1 InvalidObject no Pod CIDR", { sinceMs: 0, told: false, turn: node === "n1" ? 0 : 1 }],
    ]);
    troubleEvents(memory, [own], book, { node, rank: () => 1, nowMs });
    return book.requests.map(({ body }) => (body as { metadata: { name: string } }).metadata.name);
  };
  expect(named("n1", START_MS)).toHaveLength(1);
  expect(named("n1", START_MS)).toEqual(named("n2", START_MS + 30_000));
});

test("what comes back within minutes is counted on the first event", () => {
  const history = [
    [0, [route]],
    [10, []],
    [60, [route]],
    [100, []],
  ] as const;
  expect(told(0, history)).toEqual(["0: POST Node/n1", "60: PATCH"]);
});

test("of very many troubles a part is told", () => {
  const many = Array.from({ length: 1000 }, (_, at): ObservedTrouble => ({ ...route, note: `${at}` }));
  expect(told(0, [[0, many]])).toHaveLength(32);
});

test("whose turn it is depends on the object, and is asked once", () => {
  const asked: (string | undefined)[] = [];
  const rank = (object: string | undefined): number | undefined => {
    asked.push(object);
    return object === "BGPPeer/tor" ? 0 : undefined;
  };
  let memory = noTrouble;
  const told = [0, 2000, 4000].map((afterMs) => {
    const book = new EventBook(noEvents, "n1", START_MS + afterMs);
    const troubles = [broken, { ...broken, object: "BGPPeer/other" }];
    memory = troubleEvents(memory, troubles, book, { node: "n1", rank, nowMs: START_MS + afterMs });
    return book.requests.length;
  });
  expect([told, asked]).toEqual([
    [1, 0, 0],
    ["BGPPeer/tor", "BGPPeer/other"],
  ]);
});
