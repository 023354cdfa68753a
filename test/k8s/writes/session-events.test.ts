import { expect, test } from "vitest";
import type { WriteRequest } from "#k8s/messages.ts";
import type { ObservedSession } from "#k8s/ports.ts";
import { EventBook, noEvents } from "#k8s/writes/event-book.ts";
import { noSessions, type SessionMemory, sessionEvents } from "#k8s/writes/session-events.ts";
import { down, observedNode, START_MS, session } from "../../support/observed-node.ts";

/** What is written as these sessions follow each other. */
function told(...history: { afterMs: number; sessions: ObservedSession[] }[]): WriteRequest[] {
  let memory: SessionMemory = noSessions;
  let events = noEvents;
  return history.flatMap(({ afterMs, sessions }) => {
    const book = new EventBook(events, "n1", START_MS + afterMs);
    memory = sessionEvents(memory, observedNode({ sessions }), book, "n1");
    events = book.close();
    return book.requests;
  });
}

const body = (request: WriteRequest | undefined) => request?.body as Record<string, unknown>;
const mesh = (up: number, of: number): ObservedSession[] =>
  Array.from({ length: of }, (_, index) => (index < up ? session : down)(`mesh${index}`, { origin: "mesh" }));

test("a session that comes and goes is told, with why, and by which object", () => {
  const [up, lost, ...rest] = told(
    { afterMs: 0, sessions: [down("tor")] },
    { afterMs: 1000, sessions: [session("tor")] },
    { afterMs: 2000, sessions: [down("tor")] },
    { afterMs: 3000, sessions: [down("tor")] },
  );
  expect(rest).toEqual([]);
  expect(body(up)).toMatchObject({ type: "Normal", reason: "BGPSessionEstablished" });
  expect(body(lost)).toMatchObject({
    type: "Warning",
    reason: "BGPSessionLost",
    note: "session tor with 192.0.2.1 was lost: hold timer expired",
    regarding: { kind: "Node", name: "n1" },
    related: { kind: "BGPPeer", name: "tor" },
  });
});

test("a session that was lost and is back between two looks is told as both", () => {
  const again = session("tor", {
    sinceMs: START_MS + 1500,
    lostBy: "connection reset",
  });
  const requests = told(
    { afterMs: 0, sessions: [session("tor")] },
    { afterMs: 2000, sessions: [again] },
    { afterMs: 4000, sessions: [again] },
    { afterMs: 40_000, sessions: [again] },
  );
  expect(requests.map((request) => body(request).note ?? body(request).series)).toEqual([
    "session tor with 192.0.2.1 is established",
    "session tor with 192.0.2.1 was lost: connection reset",
    { count: 2, lastObservedTime: expect.any(String) },
  ]);
});

test("a session that flaps is counted on its first event, which is written twice a minute at most", () => {
  const flaps = Array.from({ length: 120 }, (_, second) => ({
    afterMs: second * 1000,
    sessions: [second % 2 === 0 ? session("tor") : down("tor")],
  }));
  const requests = told(...flaps);
  expect(requests.filter(({ method }) => method === "POST").length).toBe(2);
  const patches = requests.filter(({ method }) => method === "PATCH");
  expect(patches.length).toBe(6);
  expect(body(patches.at(-1))).toMatchObject({ series: { count: 46 } });
});

test("what came and went several times between two looks is counted as often", () => {
  const seen = (flaps: number, afterMs: number) => ({ afterMs, sessions: [session("tor", { flaps })] });
  const requests = told(
    seen(0, 0),
    { afterMs: 2000, sessions: [down("tor", { flaps: 3 })] },
    seen(5, 4000),
    seen(5, 60_000),
  );
  expect(requests.map((request) => body(request).reason ?? body(request).series)).toEqual([
    "BGPSessionEstablished",
    "BGPSessionLost",
    { count: 6, lastObservedTime: expect.any(String) },
    { count: 5, lastObservedTime: expect.any(String) },
  ]);
});

test("after ten quiet minutes the same is a new event", () => {
  const up = { sessions: [session("tor")] };
  const lost = { sessions: [down("tor")] };
  const requests = told({ afterMs: 0, ...up }, { afterMs: 1, ...lost }, { afterMs: 700_000, ...up });
  expect(requests.map(({ method }) => method)).toEqual(["POST", "POST", "POST"]);
  expect(new Set(requests.map((request) => (body(request).metadata as { name: string }).name)).size).toBe(3);
});

test("one node that leaves a large mesh is not told by all the others; the loss of half the mesh is", () => {
  const history = [
    { afterMs: 0, sessions: mesh(100, 100) },
    { afterMs: 1000, sessions: mesh(99, 100) },
    { afterMs: 2000, sessions: mesh(50, 100) },
    { afterMs: 3000, sessions: mesh(10, 100) },
  ];
  expect(told(...history).map((request) => body(request).note)).toEqual([
    "100 of 100 sessions with other nodes are established",
    "50 of 100 sessions with other nodes are established",
  ]);
});
