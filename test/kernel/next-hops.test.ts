import fc from "fast-check";
import { expect, test } from "vitest";
import { ForeignRoutes } from "#kernel/foreign-routes.ts";
import { Links } from "#kernel/links.ts";
import { NextHops } from "#kernel/next-hops.ts";
import { emptyRoute } from "#kernel/wire/route.ts";
import { type Address, formatAddress, parseAddress } from "#route/address.ts";
import type { HopSet } from "#route/hop-set.ts";
import { contains, type Prefix, parseInterfaceAddress, parsePrefix, prefixOf } from "#route/prefix.ts";

const address = (text: string): Address => parseAddress(text)!;

class Node {
  readonly links = new Links();
  readonly routes = { ipv4: new ForeignRoutes("ipv4", 1), ipv6: new ForeignRoutes("ipv6", 1) };
  readonly nextHops = new NextHops(this.links, this.routes);

  link(index: number, state: "usable" | "no carrier" | "down" = "usable"): void {
    const [up, usable] = [state !== "down", state === "usable"];
    const rest = { flags: 0, keepsObjects: usable, master: 0, kind: "", hardwareAddress: "", mtu: 1500 };
    this.links.put({ index, name: `l${index}`, up, usable, ...rest });
  }

  own(link: number, text: string): void {
    const { address: own, prefix } = parseInterfaceAddress(text)!;
    this.links.putAddress({ link, address: own, prefix, scope: 0, preferred: true });
    this.route(prefix, [[undefined, link]]);
  }

  route(prefix: Prefix, hops: readonly (readonly [string | undefined, number])[], metric = 0): void {
    const set: HopSet = {
      kind: "unicast",
      hops: hops.map(([to, link]) => ({
        gateway: to === undefined ? undefined : address(to),
        link,
        weight: 1,
        onlink: false,
      })),
    };
    this.put(prefix, set, metric);
  }

  put({ family, words: [w0 = 0, w1 = 0, w2 = 0, w3 = 0], length }: Prefix, set: HopSet | undefined, metric = 0): void {
    this.routes[family].put({ ...emptyRoute(), family, w0, w1, w2, w3, length, metric, protocol: 4 }, set);
  }

  ask(text: string, via?: number): string | undefined {
    const reach = this.nextHops.resolve(address(text), via);
    const hops = reach?.hops.map(({ gateway, link }) => `${gateway && formatAddress(gateway)}%${link}`);
    return reach && `${hops} metric ${reach.metric}`;
  }
}

function node(): Node {
  const made = new Node();
  for (const index of [2, 3, 4]) made.link(index);
  made.own(2, "10.0.2.1/24");
  made.own(3, "10.0.3.1/24");
  made.own(2, "fd00:2::1/64");
  return made;
}

test("on link: the next hop is its own gateway, metric 0", () => {
  expect(node().ask("10.0.2.9")).toBe("10.0.2.9%2 metric 0");
  expect(node().ask("fd00:2::9")).toBe("fd00:2::9%2 metric 0");
});

test("behind another's route: its gateway, link and metric", () => {
  const made = node();
  made.route(
    parsePrefix("172.16.0.0/12")!,
    [
      ["10.0.3.2", 3],
      ["10.0.2.2", 2],
    ],
    70,
  );
  expect(made.ask("172.16.1.1")).toBe("10.0.3.2%3,10.0.2.2%2 metric 70");
});

test("the longest prefix wins, then the best metric", () => {
  const made = node();
  made.route(parsePrefix("172.16.0.0/12")!, [["10.0.3.2", 3]], 1);
  made.route(parsePrefix("172.16.1.0/24")!, [["10.0.2.3", 2]], 90);
  made.route(parsePrefix("172.16.1.0/24")!, [["10.0.2.2", 2]], 80);
  expect(made.ask("172.16.1.1")).toBe("10.0.2.2%2 metric 80");
});

test("a peer on a /32 of a point-to-point link", () => {
  const made = node();
  made.route(parsePrefix("10.9.9.9/32")!, [[undefined, 4]]);
  expect(made.ask("10.9.9.9")).toBe("10.9.9.9%4 metric 0");
});

test("an IPv4 next hop behind an IPv6 gateway, on a link without IPv4", () => {
  const made = node();
  made.route(parsePrefix("10.7.0.0/24")!, [["fe80::7", 4]], 5);
  expect(made.ask("10.7.0.1")).toBe("fe80::7%4 metric 5");
});

test("a link that is down or has no carrier reaches nothing, at once", () => {
  for (const state of ["down", "no carrier"] as const) {
    const made = node();
    made.route(
      parsePrefix("172.16.0.0/12")!,
      [
        ["10.0.3.2", 3],
        ["10.0.2.2", 2],
      ],
      70,
    );
    made.link(2, state);
    expect(made.ask("10.0.2.9")).toBeUndefined();
    expect(made.ask("fe80::1", 2)).toBeUndefined();
    expect(made.ask("172.16.1.1")).toBe("10.0.3.2%3 metric 70");
  }
});

test("a default route is a way only to neighbours that are configured as distant", () => {
  const made = node();
  made.route(parsePrefix("0.0.0.0/0")!, [["10.0.2.254", 2]], 10);
  expect(made.ask("198.51.100.1")).toBeUndefined();
  made.nextHops.allowDefault([address("198.51.100.1")]);
  expect(made.ask("198.51.100.1")).toBe("10.0.2.254%2 metric 10");
  expect(made.ask("198.51.100.2")).toBeUndefined();
});

test("ourselves, blackholes and routes for a type of service lead nowhere", () => {
  const made = node();
  expect(made.ask("10.0.2.1")).toBeUndefined();
  made.put(parsePrefix("172.16.0.0/16")!, { kind: "blackhole" });
  expect(made.ask("172.16.0.1")).toBeUndefined();
  made.put(parsePrefix("172.17.0.0/16")!, undefined);
  expect(made.ask("172.17.0.1")).toBeUndefined();
});

test("a link-local next hop means something only with its interface", () => {
  expect(node().ask("fe80::1")).toBeUndefined();
  expect(node().ask("fe80::1", 3)).toBe("fe80::1%3 metric 0");
});

test("foreign routes agree with a list that is searched whole", () => {
  const short = fc.tuple(
    fc.constantFrom(0x0a000000, 0x0a010000, 0x0a010100, 0xac100000),
    fc.constantFrom(0, 8, 16, 24, 32),
  );
  const step = fc.record({
    at: short,
    metric: fc.constantFrom(0, 5, 9),
    link: fc.constantFrom(2, 3),
    put: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(2, 3), (history, down) => {
      const routes = new ForeignRoutes("ipv4", 5);
      let twin: { prefix: Prefix; metric: number; link: number }[] = [];
      for (const {
        at: [word, length],
        metric,
        link,
        put,
      } of history) {
        const prefix = prefixOf({ family: "ipv4", words: [word] }, length);
        const facts = { ...emptyRoute(), w0: prefix.words[0]!, length, metric, protocol: 4 };
        const set: HopSet = { kind: "unicast", hops: [{ gateway: undefined, link, weight: 1, onlink: false }] };
        const same = (entry: (typeof twin)[number]): boolean =>
          entry.metric === metric && entry.prefix.length === length && entry.prefix.words[0] === prefix.words[0];
        twin = twin.filter((entry) => !same(entry));
        if (put) {
          routes.put(facts, set);
          twin.push({ prefix, metric, link });
        } else routes.remove(facts, set);
      }
      routes.dropLink(down);
      twin = twin.filter(({ link }) => link !== down);
      for (const word of [0x0a010101, 0x0a010000, 0x0a000000, 0xac100000, 0x01020304]) {
        const seen = [...routes.matching({ family: "ipv4", words: [word] })];
        const flat = seen.flatMap(({ length, routes: at }) => at.map((route) => [length, route.metric]));
        const wanted = twin
          .filter(({ prefix }) => contains(prefix, { family: "ipv4", words: [word] }))
          .map(({ prefix, metric }) => [prefix.length, metric])
          .sort(([a = 0, m = 0], [b = 0, n = 0]) => b - a || m - n);
        expect(flat).toEqual(wanted);
      }
      expect(routes.size).toBe(new Set(twin.map(({ prefix }) => `${prefix.words}/${prefix.length}`)).size);
    }),
  );
});

test.each(["the route", "the link"])("nothing is kept of pods that came and went, %s first", (first) => {
  const routes = new ForeignRoutes("ipv6", 5);
  const facts = { ...emptyRoute(), family: "ipv6" as const, w0: 0xfe800000, length: 64, metric: 256, protocol: 2 };
  const over = (link: number): HopSet => {
    return { kind: "unicast", hops: [{ gateway: undefined, link, weight: 1, onlink: false }] };
  };
  routes.put(facts, over(2));
  for (let link = 100; link < 200; link++) {
    routes.put(facts, over(link));
    if (first === "the link") routes.dropLink(link);
    routes.remove(facts, over(link));
    routes.dropLink(link);
  }
  expect([routes.size, routes.distinct]).toEqual([1, 1]);
});
