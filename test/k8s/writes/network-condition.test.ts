import { expect, test } from "vitest";
import { LONGEST_WAIT_MS, networkCondition } from "#k8s/writes/network-condition.ts";
import { observedNode, START_MS } from "../../support/observed-node.ts";

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
