import { expect, test } from "vitest";
import { ReplyPrinter } from "#control/client/printer.ts";
import { LabClock, LabDaemon } from "../support/lab-daemon.ts";
import { talkTo } from "../support/talk.ts";

const clock = new LabClock();
const { ask } = talkTo(new LabDaemon(clock), clock);

function values(command: string): Record<string, unknown>[] {
  const lines = new ReplyPrinter("json").push(ask(`json ${command}`)).flatMap((item) => item.lines);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("every show has JSON, one value for each thing", () => {
  const counts = ["status", "memory", "protocols", "protocols all", "interfaces", "interfaces summary", "static"]
    .concat(["bfd sessions", "symbols", "symbols table", "symbols ebgp_c", "route", "route count"])
    .map((what) => [what, values(`show ${what}`).length]);
  expect(Object.fromEntries(counts)).toEqual({
    status: 1,
    memory: 3,
    protocols: 30,
    "protocols all": 30,
    interfaces: 8,
    "interfaces summary": 8,
    static: 2,
    "bfd sessions": 5,
    symbols: 36,
    "symbols table": 2,
    "symbols ebgp_c": 1,
    route: 70,
    "route count": 2,
  });
});

test("a neighbour is shown with addresses as text, times as ISO 8601 and spans in seconds", () => {
  const [view] = values("show protocols all ebgp_c");
  expect(view).toMatchObject({
    name: "ebgp_c",
    kind: "BGP",
    since: "2026-11-20T23:10:31.771Z",
    bgp: {
      state: "Established",
      address: "172.30.0.3",
      remoteAs: 64513,
      session: {
        remoteRouterId: "10.0.0.3",
        localAddress: "172.30.0.1",
        holdTimer: { remainingSeconds: 228.404, totalSeconds: 240 },
        localCapabilities: { gracefulRestart: { restartSeconds: 120, supported: ["ipv4", "ipv6"] } },
      },
    },
    channels: [{ family: "ipv4", routes: { imported: 7, filtered: 2 } }, { family: "ipv6" }],
  });
});

test("an error is shown in words", () => {
  expect(values("show protocols refused")[0]).toMatchObject({ bgp: { lastError: "Socket: Connection refused" } });
});

test("a route is shown with its attributes", () => {
  expect(values("show route 10.244.30.0/24")).toEqual([
    {
      table: "master4",
      prefix: "10.244.30.0/24",
      protocol: "ebgp_c",
      source: "bgp",
      best: true,
      filtered: false,
      since: "2026-11-20T23:10:32.027Z",
      from: "172.30.0.3",
      destination: "unicast",
      hops: [{ gateway: "172.30.0.3", interface: "eth0", weight: 1, onlink: false }],
      preference: 100,
      stale: false,
      refused: false,
      attributes: {
        origin: "IGP",
        asPath: "64513",
        nextHop: "172.30.0.3",
        localPref: 100,
        atomicAggregate: false,
        communities: ["(64513,30)", "(65535,666)", "(65535,65281)", "(64512,3)"],
        clusterList: [],
        extendedCommunities: ["(rt, 64513, 30)", "(ro, 10.0.0.3, 31)"],
        largeCommunities: ["(64513, 1, 30)", "(64513, 4294967295, 31)"],
        unknown: [],
      },
    },
  ]);
});

test("mistakes are the same with JSON and without", () => {
  expect(ask("json show foo")).toBe(ask("show foo"));
  expect(ask("json show route 10.244.99.0/24")).toBe("8001 Network not found\n");
});
