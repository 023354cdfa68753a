import { expect, test } from "vitest";
import { RibView } from "#rib/views.ts";
import { formatPrefix, parsePrefix } from "#route/prefix.ts";
import { acceptAll, address, attributes, Bench, own } from "./support/bench.ts";

const A = "192.0.2.1";
const B = "192.0.2.2";
const ten = parsePrefix("10.1.0.0/16")!;

function start() {
  const bench = new Bench({ maxPaths: 2 });
  bench.time.advance(5000);
  const view = new RibView(bench.rib, 1_000_000);
  return { bench, view };
}

test("the paths of a prefix: best first, and why each of the others is not", () => {
  const { bench, view } = start();
  bench.resolver.known.set("192.0.2.99", undefined);
  const reject = { name: "no", statements: [{ match: { communities: [666] }, set: {}, action: "reject" as const }] };
  const tell = (name: string, set: ReturnType<typeof attributes>) => {
    const neighbour = bench.neighbour(name, "external", { config: { importPolicies: [reject, acceptAll] } });
    neighbour.announce("10.1.0.0/16", set);
    return neighbour;
  };
  tell(B, attributes([65001], B));
  tell(A, attributes([65001], A, { med: 0 }));
  tell("192.0.2.3", attributes([65001, 65002], A));
  tell("192.0.2.4", attributes([64512], A));
  tell("192.0.2.5", attributes([65001], A, { communities: [666] }));
  tell("192.0.2.6", attributes([65001], "192.0.2.99"));
  const stale = tell("192.0.2.7", attributes([65001, 65002, 65003], A));
  stale.down(["ipv4"]);
  bench.settle();
  const paths = view.paths("ipv4", view.find(ten));
  const rows = paths.map(({ neighbour, standing, lostAt, isStale, metric }) => {
    return [neighbour!.config.name, standing, lostAt, isStale, metric];
  });
  expect(rows).toEqual([
    [A, "best", undefined, false, 0],
    [B, "equal", "router id", false, 0],
    ["192.0.2.3", "lost", "AS path length", false, 0],
    ["192.0.2.4", "looped", undefined, false, 0],
    ["192.0.2.5", "filtered", undefined, false, 0],
    ["192.0.2.6", "unreachable", undefined, false, undefined],
    ["192.0.2.7", "lost", "AS path length", true, 0],
  ]);
  expect(paths[0]!.attributes().asPath).toEqual([{ kind: "sequence", members: [65001] }]);
  expect(paths[0]!.nextHop).toEqual(address(A));
  const reader = view.reader("ipv4");
  const listed = Array.from({ length: reader.load(view.find(ten)) }, (_, index) => reader.at(index));
  // For listings those that cannot be selected come last.
  expect(listed).toEqual([0, 1, 2, 6, 5, 3, 4].map((index) => paths[index]!.id));
});

test("times are wall-clock times of the last change, not of a repetition", () => {
  const { bench, view } = start();
  const a = bench.neighbour(A, "internal");
  const since = () => Math.floor((view.paths("ipv4", view.find(ten))[0]!.sinceMs - 1_000_000) / 10_000);
  a.announce("10.1.0.0/16", attributes([], A));
  bench.settle();
  const first = since();
  bench.time.advance(60_000);
  a.announce("10.1.0.0/16", attributes([], A));
  bench.settle();
  expect(since()).toBe(first);
  a.announce("10.1.0.0/16", attributes([65001], A));
  expect(since()).toBe(first + 6);
});

test("counters of a neighbour", () => {
  const { bench, view } = start();
  const a = bench.neighbour(A, "internal");
  const b = bench.neighbour(B, "external", {
    config: { importPolicies: [{ name: "none", statements: [{ match: {}, set: {}, action: "reject" }] }] },
  });
  a.announce(["10.1.0.0/16", "10.2.0.0/16"], attributes([], A));
  b.announce(["10.1.0.0/16", "10.3.0.0/16"], attributes([65001], B));
  bench.settle();
  const of = (name: string) => view.counts(bench.rib.neighbour(name)!, "ipv4");
  expect(of(A)).toEqual({ received: 2, accepted: 2, filtered: 0, stale: 0, best: 2, exported: 0 });
  expect(of(B)).toEqual({ received: 2, accepted: 0, filtered: 2, stale: 0, best: 0, exported: 2 });
  a.down(["ipv4"]);
  expect(of(A)).toEqual({ received: 2, accepted: 2, filtered: 0, stale: 2, best: 2, exported: 0 });
  expect(view.tables("ipv4")).toMatchObject({ prefixes: 3, paths: 4, installed: 2, waiting: { neighbours: 0 } });
  expect(view.isSettled).toBe(true);
  expect(view.shared().sets).toBe(2);
});

test("looking up an address finds the most specific prefix with a best path", () => {
  const { bench, view } = start();
  const a = bench.neighbour(A, "internal");
  a.announce(["10.0.0.0/8", "0.0.0.0/0"], attributes([], A));
  a.announce("10.1.0.0/16", attributes([64512], A));
  const found = (text: string, longest?: number) => {
    const id = view.lookUp(address(text), longest);
    return id === 0 ? undefined : formatPrefix(view.prefix("ipv4", id)!);
  };
  expect([found("10.1.2.3"), found("11.1.1.1"), found("10.1.2.3", 7)]).toEqual([
    "10.0.0.0/8",
    "0.0.0.0/0",
    "0.0.0.0/0",
  ]);
  expect([view.lookUp(address("2001:db8::1")), view.find(parsePrefix("10.9.0.0/16")!)]).toEqual([0, 0]);
  expect(view.prefix("ipv4", 4000)).toBeUndefined();
  expect(view.paths("ipv4", 4000)).toEqual([]);
});

test("why a path was taken in, and why a neighbour is told it or not", () => {
  const { bench, view } = start();
  const a = bench.neighbour(A, "internal", { config: { refuseDefault: true } });
  bench.neighbour(B, "internal");
  const c = bench.neighbour("192.0.2.3", "external", { config: { exportPolicies: [], advertise: ["podCIDR"] } });
  bench.rib.originate([own("10.244.0.0/24")]);
  a.announce(["10.1.0.0/16", "0.0.0.0/0"], attributes([], A));
  a.announce("10.2.0.0/16", attributes([], A, { communities: [0xffffff02] }));
  a.announce("10.3.0.0/16", attributes([64512], A));
  bench.settle();
  const neighbour = (name: string) => bench.rib.neighbour(name)!;
  const taken = (text: string) => view.explainImport(neighbour(A), parsePrefix(text)!);
  expect(taken("10.1.0.0/16")).toEqual({ accepted: true, reason: { kind: "no policy" } });
  expect(taken("0.0.0.0/0")).toEqual({ accepted: false, reason: "default route" });
  expect(taken("10.3.0.0/16")).toEqual({ accepted: false, reason: "looped" });
  expect(taken("10.9.0.0/16")).toBeUndefined();
  const told = (name: string, text: string) => {
    const verdict = view.explainExport(neighbour(name), parsePrefix(text)!);
    expect(view.isTold(neighbour(name), "ipv4", view.find(parsePrefix(text)!))).toBe(verdict.told);
    return verdict.kind === "policy" ? verdict.reason.kind : verdict.kind;
  };
  expect(told(A, "10.1.0.0/16")).toBe("its own path");
  expect(told(B, "10.1.0.0/16")).toBe("reflection");
  expect(told(B, "10.3.0.0/16")).toBe("no best path");
  expect(told(B, "10.244.0.0/24")).toBe("no policy");
  expect(told(c.name, "10.1.0.0/16")).toBe("no policy");
  expect(told(c.name, "10.2.0.0/16")).toBe("community");
  expect(told(c.name, "10.244.0.0/24")).toBe("advertised");
  c.down();
  expect(told(c.name, "10.244.0.0/24")).toBe("no session");
});

test("own prefixes show what they were made from", () => {
  const { bench, view } = start();
  bench.rib.originate([own("10.1.0.0/16", { source: "node/n7" })]);
  const [path] = view.paths("ipv4", view.find(ten));
  expect([path!.own?.source, path!.neighbour, path!.standing]).toEqual(["node/n7", undefined, "best"]);
  expect(view.installed("ipv4", view.find(ten))).toBe(0);
});
