import { describe, expect, test } from "vitest";
import { address, attributes, Bench, own } from "./support/bench.ts";
import { onLink } from "./support/wires.ts";

const A = "192.0.2.1";
const B = "192.0.2.2";

describe("the kernel's world", () => {
  test("routes whose next hop is lost go, and come back with it", () => {
    const bench = new Bench();
    const a = bench.neighbour(A, "external");
    const b = bench.neighbour(B, "external");
    a.announce("10.1.0.0/16", attributes([65001], A));
    b.announce("10.1.0.0/16", attributes([65002, 65003], B));
    bench.settle();
    b.ear.lines();
    bench.resolver.known.set(A, undefined);
    bench.rib.nextHopsChanged();
    bench.settle();
    expect(bench.forwarding.routes.get("10.1.0.0/16")).toBe(`${B}%1*1`);
    expect(b.ear.lines()).toEqual(["- 10.1.0.0/16"]);
    bench.resolver.known.set(A, onLink(address(A), 7));
    bench.rib.nextHopsChanged();
    bench.settle();
    expect(bench.forwarding.routes.get("10.1.0.0/16")).toBe(`${A}%7*1`);
  });

  test("another way to the same next hop moves its routes, and tells no neighbour", () => {
    const bench = new Bench();
    const a = bench.neighbour(A, "external");
    const b = bench.neighbour(B, "external");
    a.announce(["10.1.0.0/16", "10.2.0.0/16"], attributes([65001], A));
    bench.settle();
    b.ear.lines();
    bench.resolver.known.set(A, onLink(address("198.51.100.1"), 3));
    bench.rib.nextHopsChanged();
    bench.settle();
    expect([...bench.forwarding.routes.values()]).toEqual(["198.51.100.1%3*1", "198.51.100.1%3*1"]);
    expect(b.ear.lines()).toEqual([]);
    const { calls } = bench.forwarding;
    bench.rib.nextHopsChanged();
    bench.settle();
    expect(bench.forwarding.calls).toBe(calls);
  });

  test("a combination of equal paths follows its next hops", () => {
    const bench = new Bench();
    bench.neighbour(A, "external").announce("10.1.0.0/16", attributes([65001], A));
    bench.neighbour(B, "external").announce("10.1.0.0/16", attributes([65001], B));
    bench.settle();
    expect(bench.forwarding.routes.get("10.1.0.0/16")).toBe(`${A}%1*1 ${B}%1*1`);
    bench.resolver.known.set(B, onLink(address(B), 5));
    bench.rib.nextHopsChanged();
    bench.settle();
    expect(bench.forwarding.routes.get("10.1.0.0/16")).toBe(`${A}%1*1 ${B}%5*1`);
    bench.resolver.known.set(B, onLink(address(B), 5, 10));
    bench.rib.nextHopsChanged();
    bench.settle();
    expect(bench.forwarding.routes.get("10.1.0.0/16")).toBe(`${A}%1*1`);
  });
});

test("a next hop that takes the number of one that is gone is not taken for it", () => {
  const bench = new Bench();
  const [a, b] = [A, B].map((name) => bench.neighbour(name, "external"));
  a!.announce("10.1.0.0/16", attributes([65001], "198.51.100.1"));
  b!.announce("10.1.0.0/16", attributes([65001], "198.51.100.2"));
  bench.settle();
  b!.withdraw("10.1.0.0/16");
  bench.settle();
  b!.announce("10.1.0.0/16", attributes([65001], "198.51.100.3"));
  bench.settle();
  expect(bench.forwarding.routes.get("10.1.0.0/16")).toBe("198.51.100.1%1*1 198.51.100.3%1*1");
});

describe("next hops that only the Loc-RIB knows", () => {
  const far = "10.9.0.5";

  function start() {
    const bench = new Bench();
    bench.resolver.open = false;
    for (const name of [A, B]) bench.resolver.known.set(name, onLink(address(name), 1, 3));
    return { bench, a: bench.neighbour(A, "internal"), b: bench.neighbour(B, "internal") };
  }

  test("are reached through the most specific route around them", () => {
    const { bench, a, b } = start();
    a.announce("172.16.0.0/12", attributes([], far));
    bench.settle();
    expect(bench.forwarding.routes.size).toBe(0);
    b.announce("10.9.0.0/16", attributes([], B));
    a.announce("10.0.0.0/8", attributes([], A));
    bench.settle();
    expect(bench.forwarding.routes.get("172.16.0.0/12")).toBe(`${B}%1*1`);
    b.withdraw("10.9.0.0/16");
    bench.settle();
    expect(bench.forwarding.routes.get("172.16.0.0/12")).toBe(`${A}%1*1`);
    a.withdraw("10.0.0.0/8");
    bench.settle();
    expect(bench.forwarding.routes.size).toBe(0);
  });

  test("through several routes, one standing on the other", () => {
    const { bench, a } = start();
    a.announce("10.8.0.0/16", attributes([], A));
    a.announce("10.9.0.0/16", attributes([], "10.8.0.1"));
    a.announce("172.16.0.0/12", attributes([], far));
    bench.settle();
    expect(bench.forwarding.routes.get("172.16.0.0/12")).toBe(`${A}%1*1`);
    a.withdraw("10.8.0.0/16");
    bench.settle();
    expect(bench.forwarding.routes.size).toBe(0);
  });

  test("never through a default route or an own prefix", () => {
    const { bench, a } = start();
    a.announce("0.0.0.0/0", attributes([], A));
    a.announce("172.16.0.0/12", attributes([], far));
    bench.rib.originate([own("10.9.0.0/24")]);
    bench.settle();
    expect([...bench.forwarding.routes.keys()]).toEqual(["0.0.0.0/0"]);
  });

  test("never through themselves, nor in a circle", () => {
    const { bench, a, b } = start();
    a.announce("10.9.0.0/16", attributes([], far));
    bench.settle();
    expect(bench.forwarding.routes.size).toBe(0);
    b.announce("10.9.0.0/16", attributes([], B, { localPref: 50 }));
    bench.settle();
    expect(bench.forwarding.routes.get("10.9.0.0/16")).toBe(`${B}%1*1`);
    a.announce("10.7.0.0/16", attributes([], "10.6.0.1"));
    a.announce("10.6.0.0/16", attributes([], "10.7.0.1"));
    bench.settle();
    expect([...bench.forwarding.routes.keys()]).toEqual(["10.9.0.0/16"]);
  });

  test("a circle that is closed later falls, when what held it up is gone", () => {
    const { bench, a, b } = start();
    b.announce("10.6.0.0/16", attributes([], B));
    a.announce("10.7.0.0/16", attributes([], "10.6.0.1"));
    a.announce("10.6.0.0/16", attributes([], "10.7.0.1", { localPref: 50 }));
    bench.settle();
    expect([...bench.forwarding.routes.keys()].sort()).toEqual(["10.6.0.0/16", "10.7.0.0/16"]);
    b.withdraw("10.6.0.0/16");
    bench.settle();
    expect(bench.forwarding.routes.size).toBe(0);
  });
});

describe("link-local next hops (RFC 2545 §3)", () => {
  const local = "fe80::1";

  test("mean the interface of the session, so that two neighbours may have the same one", () => {
    const bench = new Bench();
    const set = attributes([65001], local);
    bench.neighbour("fe80::a", "external", { session: { link: 4 } }).announce("10.1.0.0/16", set);
    bench.neighbour("fe80::b", "external", { session: { link: 5 } }).announce("10.2.0.0/16", set);
    bench.settle();
    expect(bench.rib.attributes.size).toBe(1);
    expect([...bench.forwarding.routes.values()]).toEqual([`${local}%4*1`, `${local}%5*1`]);
  });

  test("stand in for a global one that says nothing or cannot be reached", () => {
    const bench = new Bench();
    bench.resolver.known.set("2001:db8::1", undefined);
    const a = bench.neighbour("fe80::a", "external", { session: { link: 4 } });
    const beside = { linkLocalNextHop: address(local) };
    a.announce("2001:db8:1::/48", attributes([65001], "::", beside));
    a.announce("2001:db8:2::/48", attributes([65001], "2001:db8::1", beside));
    a.announce("2001:db8:3::/48", attributes([65001], "2001:db8::2", beside));
    bench.settle();
    expect([...bench.forwarding.routes.values()]).toEqual([`${local}%4*1`, `${local}%4*1`, "2001:db8::2%1*1"]);
    a.down();
    bench.settle();
    expect([bench.rib.nextHops.size, bench.rib.attributes.size]).toEqual([0, 0]);
  });

  test("without an interface lead nowhere", () => {
    const bench = new Bench();
    bench.resolver.known.set(local, undefined);
    bench.neighbour("192.0.2.7", "external").announce("2001:db8:1::/48", attributes([65001], local));
    bench.settle();
    expect(bench.forwarding.routes.size).toBe(0);
  });
});

test("an IPv4 route with an IPv6 next hop is forwarded as such (RFC 8950)", () => {
  const bench = new Bench();
  bench.neighbour("2001:db8::9", "external").announce("10.1.0.0/16", attributes([65001], "2001:db8::9"));
  bench.settle();
  expect(bench.forwarding.routes.get("10.1.0.0/16")).toBe("2001:db8::9%1*1");
});
