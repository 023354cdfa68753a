import { expect, test } from "vitest";
import { LONGEST_WAIT_MS, networkCondition } from "#k8s/writes/network-condition.ts";
import { down, observedNode, START_MS, session } from "../../support/observed-node.ts";

test.for([
  { what: "pending at start", changes: { routesReady: false }, afterMs: 0, status: "True" },
  {
    what: "pending for as long as may be",
    changes: { routesReady: false },
    afterMs: LONGEST_WAIT_MS - 1,
    status: "True",
  },
  { what: "overdue", changes: { routesReady: false }, afterMs: LONGEST_WAIT_MS, status: "False" },
  { what: "installed", changes: {}, afterMs: 0, status: "False" },
  { what: "withdrawn", changes: { drained: true }, afterMs: 1e9, status: "True" },
  { what: "stopped", changes: { shuttingDown: true }, afterMs: 1e9, status: "True" },
])("routes $what: NetworkUnavailable is $status", ({ changes, afterMs, status }) => {
  expect(networkCondition(observedNode(changes), START_MS + afterMs).status).toBe(status);
});

const nobody = { sessions: [down("n2"), down("tor")] };

test("a node whom no neighbour ever answered has no routes to others, however empty-handed the waiting ended", () => {
  expect(networkCondition(observedNode(nobody), START_MS + LONGEST_WAIT_MS - 1)).toMatchObject({
    status: "True",
    reason: "RoutesPending",
  });
  expect(networkCondition(observedNode(nobody), START_MS + LONGEST_WAIT_MS)).toMatchObject({
    status: "False",
    reason: "RoutesOverdue",
  });
});

test.for([
  { what: "one of several is up", sessions: [session("n2"), down("tor")] },
  { what: "all were lost again", sessions: [down("n2", { flaps: 1 }), down("tor")] },
  { what: "there are none to have", sessions: [] },
])("sessions: $what, and the routes that there are are installed", ({ sessions }) => {
  expect(networkCondition(observedNode({ sessions }), START_MS + 1000)).toMatchObject({
    status: "False",
    reason: "RoutesInstalled",
  });
});
