import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Order } from "./netns-agent.ts";

/**
 * The kernel's room in real network namespaces: what the model of `kernel.test.ts` claims, asked of the kernel itself.
 * `a0` and `b0` are ends of cables to another namespace, where 10.0.1.2 and 10.0.2.2 (fd00:1::2, fd00:2::2) answer.
 */
const root = process.getuid?.() === 0;
if (!root) process.stderr.write("kernel.netns.test.ts: not root, so the real kernel is NOT tested\n");

const NODE = process.execPath;
const AGENT = new URL("./netns-agent.ts", import.meta.url).pathname;
let number = 0;
let inner = "";
let outer = "";
let agents: Agent[] = [];

const ip = (...args: string[]): string => execFileSync("ip", args, { encoding: "utf8" });
const inside = (...args: string[]): string => ip("-n", inner, ...args);

class Agent {
  readonly #process: ChildProcess;
  readonly #replies: AsyncIterator<string>;

  constructor(prefix: readonly string[] = []) {
    const args = ["netns", "exec", inner, ...prefix, NODE, "--disable-warning=ExperimentalWarning", AGENT];
    this.#process = spawn("ip", args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#replies = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
    agents.push(this);
  }

  async tell<T = unknown>(order: Order): Promise<T> {
    this.#process.stdin!.write(`${JSON.stringify(order)}\n`);
    const { value } = await this.#replies.next();
    return (JSON.parse(value as string) as { reply: T }).reply;
  }

  /** Tells, and waits until the kernel has it. */
  async set(prefixes: readonly string[], ...via: string[]): Promise<void> {
    await this.tell({ op: "set", prefixes, via });
    await this.tell({ op: "quiet" });
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exit;
  }
}

async function started(objects: "auto" | "always" | "never" = "auto"): Promise<Agent> {
  const agent = new Agent();
  expect(await agent.tell({ op: "start", objects })).toHaveProperty("holds");
  return agent;
}

interface KernelRoute {
  readonly dst: string;
  readonly protocol: string;
  readonly metric?: number;
  readonly type?: string;
  readonly gateway?: string;
  readonly via?: { readonly host: string };
  readonly dev?: string;
  readonly nhid?: number;
  readonly nexthops?: readonly KernelRoute[];
}

const hop = ({ gateway, via, dev }: KernelRoute): string => `${gateway ?? via?.host}%${dev}`;

/** Routes as text, `PREFIX HOP HOP`, sorted; each IPv6 hop has a line of its own in iproute2 unless they are one route. */
function routes(family: "-4" | "-6", protocol = "bgp"): string[] {
  const all = JSON.parse(ip("-j", "-N", "-d", family, "-n", inner, "route", "show")) as KernelRoute[];
  const number = { bgp: "186", static: "4", bird: "12" }[protocol] ?? protocol;
  return all
    .filter((route) => String(route.protocol) === number)
    .map((route) => {
      const hops =
        route.type === "6" || route.type === "blackhole" ? ["blackhole"] : (route.nexthops ?? [route]).map(hop);
      return `${route.dst} ${hops.sort().join(" ")}`;
    })
    .sort();
}

async function eventually(what: () => unknown, expected: unknown): Promise<void> {
  const until = Date.now() + 15_000;
  while (JSON.stringify(await what()) !== JSON.stringify(expected) && Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(await what()).toEqual(expected);
}

const A4 = "10.0.1.2%a0";
const B4 = "10.0.2.2%b0";
const A6 = "fd00:1::2%a0";
const B6 = "fd00:2::2%b0";

describe.runIf(root)("the real kernel", { timeout: 120_000 }, () => {
  beforeEach(() => {
    inner = `linnetk-${process.pid}-${number}`;
    outer = `${inner}o`;
    number++;
    ip("netns", "add", inner);
    ip("netns", "add", outer);
    for (const [name, net] of [
      ["a", 1],
      ["b", 2],
    ] as const) {
      inside("link", "add", `${name}0`, "type", "veth", "peer", "name", `${name}1`, "netns", outer);
      for (const [space, end, host] of [
        [inner, 0, 1],
        [outer, 1, 2],
      ] as const) {
        ip("-n", space, "link", "set", "lo", "up");
        ip("-n", space, "link", "set", `${name}${end}`, "up");
        ip("-n", space, "addr", "add", `10.0.${net}.${host}/24`, "dev", `${name}${end}`);
        ip("-n", space, "addr", "add", `fd00:${net}::${host}/64`, "dev", `${name}${end}`, "nodad");
      }
    }
  });

  afterEach(async () => {
    for (const agent of agents) await agent.end();
    agents = [];
    ip("netns", "del", inner);
    ip("netns", "del", outer);
  });

  test("a killed daemon's routes stay, are adopted, and what nobody asks for is swept", async () => {
    const first = await started();
    await first.set(["20.0.0.0/24", "20.0.1.0/24"], A4, B4);
    await first.set(["2001:db8::/48", "2001:db8:1::/48"], A6);
    await first.tell({ op: "own", prefixes: ["20.9.0.0/24"] });
    await first.tell({ op: "quiet" });
    await first.end();
    const before = [routes("-4"), routes("-6")];
    expect(before).toEqual([
      [`20.0.0.0/24 ${A4} ${B4}`, `20.0.1.0/24 ${A4} ${B4}`, "20.9.0.0/24 blackhole"],
      [`2001:db8:1::/48 ${A6}`, `2001:db8::/48 ${A6}`],
    ]);
    const second = new Agent();
    expect(await second.tell({ op: "start", objects: "auto" })).toEqual({ holds: [true, true] });
    expect([routes("-4"), routes("-6")]).toEqual(before);
    await second.set(["20.0.1.0/24"], A4, B4);
    await second.set(["2001:db8::/48"], B6);
    expect(await second.tell({ op: "sweep" })).toEqual([2, 1]);
    await second.tell({ op: "quiet" });
    expect([routes("-4"), routes("-6")]).toEqual([[`20.0.1.0/24 ${A4} ${B4}`], [`2001:db8::/48 ${B6}`]]);
  });

  for (const objects of ["never", "always"] as const) {
    test(`every change of shape is one route in place of another (objects ${objects})`, async () => {
      const agent = await started(objects);
      const shapes4 = [[A4], [A4, B4], [B4], ["blackhole"], [A4, B4], ["fd00:1::2%a0"], [B4, "fd00:1::2%a0"], [A4]];
      const shapes6 = [[A6], [A6, B6], [B6], ["blackhole"], [B6, A6], ["blackhole"], [A6]];
      for (const via of shapes4) {
        await agent.set(["20.0.0.0/24"], ...via);
        expect(routes("-4")).toEqual([`20.0.0.0/24 ${[...via].sort().join(" ")}`]);
      }
      for (const via of shapes6) {
        await agent.set(["2001:db8::/48"], ...via);
        expect(routes("-6")).toEqual([`2001:db8::/48 ${[...via].sort().join(" ")}`]);
      }
      await agent.set(["20.0.0.0/24", "2001:db8::/48"]);
      expect([routes("-4"), routes("-6")]).toEqual([[], []]);
      expect(inside("nexthop")).toBe("");
    });
  }

  test("between written-out hops and objects, and back, nothing is left behind", async () => {
    for (const objects of ["never", "always", "never"] as const) {
      const agent = await started(objects);
      for (const [four, six] of [
        [
          [A4, B4],
          [A6, B6],
        ],
        [[A4], [A6]],
        [
          [A4, B4],
          [A6, B6],
        ],
      ] as const) {
        await agent.set(["20.0.0.0/24"], ...four);
        await agent.set(["2001:db8::/48"], ...six);
        expect(routes("-4")).toEqual([`20.0.0.0/24 ${four.join(" ")}`]);
        expect(routes("-6")).toEqual([`2001:db8::/48 ${six.join(" ")}`]);
      }
      await agent.end();
    }
    expect(inside("nexthop")).toBe("");
  });

  test("a route that another program deletes or changes is put right at once", async () => {
    const agent = await started();
    await agent.set(["20.0.0.0/24"], A4);
    await agent.set(["2001:db8::/48"], A6, B6);
    inside("route", "del", "20.0.0.0/24");
    await eventually(() => routes("-4"), [`20.0.0.0/24 ${A4}`]);
    inside("route", "replace", "20.0.0.0/24", "via", "10.0.2.2", "proto", "bgp", "metric", "32");
    await eventually(() => routes("-4"), [`20.0.0.0/24 ${A4}`]);
    inside("-6", "route", "del", "2001:db8::/48", "via", "fd00:2::2", "dev", "b0", "metric", "32");
    await eventually(() => routes("-6"), [`2001:db8::/48 ${A6} ${B6}`]);
    inside("route", "flush", "proto", "bgp");
    await eventually(() => routes("-4"), [`20.0.0.0/24 ${A4}`]);
    expect((await agent.tell<{ said: string[] }>({ op: "counts" })).said.join()).toContain(
      "changed by another program",
    );
  });

  test("another's route at our place is never pushed aside, and named", async () => {
    inside("route", "add", "20.0.0.0/24", "via", "10.0.2.2", "proto", "bird", "metric", "32");
    inside("-6", "route", "add", "2001:db8::/48", "via", "fd00:2::2", "proto", "bird", "metric", "32");
    const agent = await started();
    await agent.set(["20.0.0.0/24"], A4);
    await agent.set(["2001:db8::/48"], A6);
    expect([routes("-4", "bird"), routes("-6", "bird")]).toEqual([[`20.0.0.0/24 ${B4}`], [`2001:db8::/48 ${B6}`]]);
    expect([routes("-4"), routes("-6")]).toEqual([[], []]);
    const why = await agent.tell<{ reason: string }>({ op: "why", prefix: "20.0.0.0/24" });
    expect(why.reason).toBe("another route with the same prefix and metric is there, from bird");
    inside("route", "del", "20.0.0.0/24", "proto", "bird");
    inside("-6", "route", "del", "2001:db8::/48", "proto", "bird");
    await eventually(() => [routes("-4"), routes("-6")], [[`20.0.0.0/24 ${A4}`], [`2001:db8::/48 ${A6}`]]);
  });

  test("a refused route says why in the kernel's words; the others of its batch are there", async () => {
    const agent = await started();
    await agent.tell({ op: "many", count: 500, family: "ipv4", via: [A4] });
    await agent.set(["20.100.0.0/24"], "192.0.2.1%a0");
    expect(routes("-4").length).toBe(500);
    const why = await agent.tell<{ reason: string }>({ op: "why", prefix: "20.100.0.0/24" });
    expect(why.reason).toBe("Nexthop has invalid gateway (ENETUNREACH)");
    inside("addr", "add", "192.0.2.9/24", "dev", "a0");
    await eventually(() => routes("-4").length, 501);
    await agent.set(["20.100.0.0/24"], "198.51.100.1%a0"); // refused: what is there stays
    expect(routes("-4")).toContain("20.100.0.0/24 192.0.2.1%a0");
  });

  for (const objects of ["never", "always"] as const) {
    test(`routes are back after a lost carrier, a link that was down, and a lost address (objects ${objects})`, async () => {
      const agent = await started(objects);
      await agent.tell({ op: "many", count: 300, family: "ipv4", via: [A4] });
      await agent.tell({ op: "many", count: 300, family: "ipv6", via: [A6] });
      await agent.set(["20.200.0.0/24"], B4);
      const all = [routes("-4"), routes("-6")];
      expect([all[0]!.length, all[1]!.length]).toEqual([301, 300]);
      ip("-n", outer, "link", "set", "a1", "down");
      await eventually(() => routes("-4").length, objects === "never" ? 301 : 1);
      ip("-n", outer, "link", "set", "a1", "up");
      await eventually(() => [routes("-4"), routes("-6")], all);
      inside("link", "set", "a0", "down");
      await eventually(() => routes("-4").length, 1);
      inside("link", "set", "a0", "up");
      inside("addr", "replace", "fd00:1::1/64", "dev", "a0", "nodad");
      await eventually(() => [routes("-4"), routes("-6")], all);
      inside("addr", "del", "10.0.1.1/24", "dev", "a0");
      inside("addr", "add", "10.0.1.1/24", "dev", "a0");
      await eventually(() => [routes("-4"), routes("-6")], all);
    });
  }

  test("all routes of an object move together", async () => {
    const agent = await started("always");
    await agent.tell({ op: "many", count: 1000, family: "ipv4", via: [A4] });
    await agent.tell({ op: "quiet" });
    const objects = (): { id: number; group?: unknown }[] => JSON.parse(ip("-j", "-n", inner, "nexthop")) as [];
    const group = objects().find((object) => object.group !== undefined)!.id;
    await agent.tell({ op: "many", count: 1000, family: "ipv4", via: [B4] });
    await agent.tell({ op: "quiet" });
    expect(objects().find((object) => object.group !== undefined)!.id).toBe(group);
    expect(new Set(routes("-4").map((route) => route.split(" ")[1]))).toEqual(new Set([B4]));
    await agent.tell({ op: "many", count: 1000, family: "ipv4", via: [] });
    await agent.tell({ op: "quiet" });
    expect([routes("-4"), objects()]).toEqual([[], []]);
  });

  for (const lost of ["carrier", "link"] as const) {
    test(`the kernel alone turns to the hop that stands by when a ${lost} is lost; before, that one carries nothing`, async () => {
      /** Interfaces by which packets to each of a hundred routes leave; one line where a route is missing. */
      const leaving = (family: "-4" | "-6"): string[] => {
        const to = (index: number): string => (family === "-4" ? `20.0.${index}.7` : `2001:${index.toString(16)}::7`);
        const input = Array.from({ length: 100 }, (_, index) => `route get ${to(index)}`).join("\n");
        const said = execFileSync("ip", [family, "-o", "-n", inner, "-force", "-batch", "-"], {
          input,
          encoding: "utf8",
        });
        return [
          ...new Set(
            said
              .trim()
              .split("\n")
              .map((line) => / dev (\w+)/.exec(line)?.[1] ?? line),
          ),
        ];
      };
      const everywhere = (): string[][] => [leaving("-4"), leaving("-6")];
      const agent = await started("always");
      await agent.tell({ op: "backup", family: "ipv4", of: [A4], via: [B4] });
      await agent.tell({ op: "backup", family: "ipv6", of: [A6], via: [B6] });
      await agent.tell({ op: "many", count: 300, family: "ipv4", via: [A4] });
      await agent.set(
        Array.from({ length: 100 }, (_, index) => `2001:${index.toString(16)}::/48`),
        A6,
      );
      expect(everywhere()).toEqual([["a0"], ["a0"]]);
      agent.signal("SIGSTOP");
      if (lost === "carrier") ip("-n", outer, "link", "set", "a1", "down");
      else inside("link", "set", "a0", "down");
      await eventually(everywhere, [["b0"], ["b0"]]);
      agent.signal("SIGCONT");
      await agent.tell({ op: "many", count: 300, family: "ipv4", via: [B4] });
      await agent.set(
        Array.from({ length: 100 }, (_, index) => `2001:${index.toString(16)}::/48`),
        B6,
      );
      expect(everywhere()).toEqual([["b0"], ["b0"]]);
      const { ipv4, ipv6 } = await agent.tell<Record<"ipv4" | "ipv6", object>>({ op: "counts" });
      expect([ipv4, ipv6]).toMatchObject([
        { installed: 300, failed: 0 },
        { installed: 100, failed: 0 },
      ]);
    });
  }

  test("routes and objects without our mark are never touched, also by clean-up", async () => {
    inside("route", "add", "20.0.0.0/24", "via", "10.0.2.2", "proto", "static");
    inside("route", "add", "20.1.0.0/24", "via", "10.0.2.2", "proto", "bgp", "table", "77");
    inside("-6", "route", "add", "2001:db8::/48", "via", "fd00:2::2", "proto", "static");
    inside("nexthop", "add", "id", "7", "via", "10.0.1.2", "dev", "a0", "proto", "bgp");
    const foreign = (): string[] =>
      ["-4", "-6"]
        .flatMap((family) => ip(family, "-n", inner, "route", "show", "table", "all").split("\n"))
        .concat(inside("nexthop").split("\n"))
        .filter((line) => line !== "" && !line.includes("fe80:") && !line.startsWith("\t")); // link-local ones come late
    const before = foreign();
    const agent = await started("always");
    await agent.tell({ op: "many", count: 300, family: "ipv4", via: [A4, B4] });
    await agent.tell({ op: "many", count: 300, family: "ipv6", via: [A6, B6] });
    await agent.tell({ op: "own", prefixes: ["20.0.0.0/24", "2001:db8::/48"] });
    await agent.tell({ op: "quiet" });
    expect(foreign().length).toBeGreaterThan(before.length);
    await agent.tell({ op: "clearAll" });
    await agent.tell({ op: "quiet" });
    expect(foreign()).toEqual(before);
  });

  test("next hops resolve by connected subnets and others' routes, and are lost with their link", async () => {
    inside("route", "add", "172.16.0.0/16", "via", "10.0.2.2", "metric", "50");
    inside("route", "add", "default", "via", "10.0.1.2");
    const agent = await started();
    const resolve = (address: string, via?: string): Promise<unknown> =>
      agent.tell({ op: "resolve", address, ...(via === undefined ? {} : { via }) });
    expect(await resolve("10.0.1.77")).toEqual(["10.0.1.77%a0"]);
    expect(await resolve("172.16.3.4")).toEqual([B4]);
    expect(await resolve("198.51.100.1")).toBeUndefined(); // only the default route leads there
    expect(await resolve("10.0.1.1")).toBeUndefined(); // ourselves
    expect(await resolve("fe80::2", "b0")).toEqual(["fe80::2%b0"]);
    expect(await resolve("fd00:2::2")).toEqual([B6]);
    ip("-n", outer, "link", "set", "b1", "down");
    // Who asks sees that the carrier is gone some time before the kernel says so.
    await eventually(() => resolve("172.16.3.4"), undefined);
    expect(await resolve("10.0.2.2")).toBeUndefined();
  });

  test("a daemon that could not listen for a while reads the kernel anew", async () => {
    const agent = await started();
    await agent.tell({ op: "many", count: 100, family: "ipv4", via: [A4] });
    await agent.tell({ op: "quiet" });
    agent.signal("SIGSTOP");
    const lines = (verb: string): string =>
      Array.from(
        { length: 60_000 },
        (_, index) => `route ${verb} 30.${index >> 8}.${index & 255}.0/24 via 10.0.2.2`,
      ).join("\n");
    for (const verb of ["add", "del"])
      execFileSync("ip", ["-n", inner, "-force", "-batch", "-"], { input: lines(verb) });
    inside("route", "flush", "proto", "bgp");
    agent.signal("SIGCONT");
    await eventually(() => routes("-4").length, 100);
    const { said } = await agent.tell<{ said: string[] }>({ op: "counts" });
    expect(said.join()).toContain("reading the kernel anew");
    await agent.tell({ op: "quiet" });
    // The first of them were told still, their end was not: what was read anew is newer than both.
    for (const address of ["30.0.0.7", "30.20.0.7", "30.60.0.7"]) {
      expect(await agent.tell({ op: "resolve", address })).toBeUndefined();
    }
  });

  test("a hundred thousand routes in and out; how fast, is printed and not judged", async () => {
    const agent = await started();
    for (const family of ["ipv4", "ipv6"] as const) {
      for (const via of [[family === "ipv4" ? A4 : A6], []]) {
        const start = performance.now();
        await agent.tell({ op: "many", count: 100_000, family, via });
        await agent.tell({ op: "quiet" });
        const perSecond = Math.round(100_000_000 / (performance.now() - start));
        process.stderr.write(`100,000 ${family} routes ${via.length > 0 ? "in" : "out"}: ${perSecond} a second\n`);
      }
    }
    const nothing = { wanted: 0, installed: 0, pending: 0, failed: 0 };
    expect(await agent.tell({ op: "counts" })).toMatchObject({ ipv4: nothing, ipv6: nothing });
    expect([routes("-4"), routes("-6")]).toEqual([[], []]);
  });

  test("read-only: the kernel is read and nothing is written", async () => {
    const agent = new Agent();
    await agent.tell({ op: "start", objects: "always", mode: "readonly" });
    await agent.set(["20.0.0.0/24"], A4);
    expect(await agent.tell({ op: "resolve", address: "10.0.1.2" })).toEqual([A4]);
    expect(routes("-4")).toEqual([]);
  });

  test("without CAP_NET_ADMIN the daemon says so in one line", async () => {
    const agent = new Agent(["setpriv", "--bounding-set=-net_admin"]);
    expect(await agent.tell({ op: "start", objects: "auto" })).toEqual({
      error: "KernelUnavailable: routes cannot be written: the capability CAP_NET_ADMIN is missing (not root?)",
    });
  });
});
