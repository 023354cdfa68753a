import { expect, test } from "vitest";
import { explain } from "#config/schema/explain.ts";

test("a field is explained with its values, default, rules and fields", () => {
  expect(explain("bgppeer.spec.timers")).toEqual({
    found: true,
    text: `BGPPeer.spec.timers: mapping
default: as in BGPConfiguration

Timers of the session.
Rule: keepaliveTime must be shorter than holdTime; a third of it or less is good.

Fields:
  holdTime          duration, 0s or whole seconds from 3s to 18h12m15s (default: 90s)
  keepaliveTime     duration, 1s to 6h4m5s (default: a third of the hold time)
  connectRetryTime  duration, 1s to 1h (default: 5s)
  idleHoldTime      duration, 100ms to 10m (default: 1s)`,
  });
});

test.each([
  [
    "BGPPeer.spec.port",
    "BGPPeer.spec.port: 1 to 65535\ndefault: 179; with peerSelector, the node's listenPort\n\nThe neighbour's TCP port.",
  ],
  [
    "bgpconf.spec.nodeMesh",
    "BGPConfiguration.spec.nodeMesh: Full, Disabled\ndefault: Full\n\nSessions between all nodes of one AS, or none but those stated.",
  ],
  [
    "bgppolicies.spec.statements.action",
    "BGPPolicy.spec.statements.action: Accept, Reject, Continue\ndefault: must be given\n\nAccept or Reject decide; Continue goes on with the next statement.",
  ],
])("%s", (path, text) => {
  expect(explain(path)).toEqual({ found: true, text });
});

test.each([
  ["bgppear", "no kind bgppear; did you mean BGPPeer?"],
  ["bgppeer.spec.tmers", "no field tmers; did you mean timers?"],
  ["bgppeer.spec.port.x", "there are no fields below"],
  ["bgppeer.spec.constructor", expect.stringContaining("no field constructor; known are description")],
])("%s is unknown", (path, text) => {
  expect(explain(path)).toEqual({ found: false, text });
});
