import { expect, test } from "vitest";
import { Discovery, type LinkFacts, type WantedLink } from "#discovery/discovery.ts";
import { advertisementOf, decodeRouterMessage, encodeRouterMessage } from "#discovery/message.ts";
import type { RouterEvents, RouterPort, RouterSocket } from "#discovery/router-port.ts";
import { type Address, formatAddress } from "#route/address.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { LineLog } from "../support/line-log.ts";
import { address } from "../support/sessions.ts";

const tor: WantedLink = { name: "eth1", source: "BGPPeer/tor" };

/** A machine with links, whose socket writes down what it is asked for. */
class Machine implements RouterPort {
  readonly clock = new FakeClock();
  readonly log = new LineLog();
  readonly links = new Map<string, LinkFacts>();
  readonly asked: string[] = [];
  readonly sockets: RouterEvents[] = [];
  refused: string | undefined;
  /** Why nothing can be sent. */
  unreachable: string | undefined;
  established = false;
  changes = 0;
  readonly discovery = new Discovery({
    clock: this.clock,
    log: this.log,
    random: () => 1,
    port: this,
    link: (name) => this.links.get(name),
    established: () => this.established,
    changed: () => this.changes++,
  });

  open(events: RouterEvents): RouterSocket | { readonly refused: string } {
    if (this.refused !== undefined) return { refused: this.refused };
    this.sockets.push(events);
    this.asked.push("open");
    const note = (text: string): void => void this.asked.push(text);
    return {
      join: (link) => void note(`join ${link}`),
      leave: (link) => note(`leave ${link}`),
      send: (link, to, octets) => {
        note(`${decodeRouterMessage(octets)?.kind} ${link} ${formatAddress(to)}`);
        return this.unreachable;
      },
      close: () => {
        this.sockets.pop();
        note("close");
      },
    };
  }

  link(name: string, index: number, own: string): void {
    this.links.set(name, { index, own: address(own), hardwareAddress: `02:00:00:00:00:0${index}` });
  }

  hear(link: string, from: string | Address): void {
    const sender = typeof from === "string" ? address(from) : from;
    this.sockets.at(-1)?.received(link, sender, encodeRouterMessage(advertisementOf(undefined)));
  }

  neighbour(name = "eth1"): string | undefined {
    const found = this.discovery.neighbourOn(name);
    return found && `${formatAddress(found.address)} from ${formatAddress(found.own)}`;
  }

  take(): string[] {
    return this.asked.splice(0);
  }
}

test("nothing is open until an interface is wanted, and nothing after the last one is wanted no more", () => {
  const machine = new Machine();
  machine.link("eth1", 3, "fe80::1");
  machine.discovery.watch([]);
  machine.discovery.look();
  expect(machine.take()).toEqual([]);
  machine.discovery.watch([tor]);
  machine.discovery.watch([tor]);
  expect(machine.take()).toEqual(["open", "join 3", "solicitation 3 ff02::2", "advertisement 3 ff02::1"]);
  machine.discovery.watch([]);
  expect(machine.take()).toEqual(["leave 3", "close"]);
  expect(machine.clock.pending).toBe(0);
});

test("the neighbour is who is heard on the interface; elsewhere nobody listens", () => {
  const machine = new Machine();
  machine.link("eth1", 3, "fe80::1");
  machine.discovery.watch([tor]);
  machine.hear("eth2", "fe80::9");
  expect([machine.neighbour(), machine.changes]).toEqual([undefined, 0]);
  machine.hear("eth1", "fe80::9");
  machine.hear("eth1", "fe80::9");
  expect([machine.neighbour(), machine.changes]).toEqual(["fe80::9 from fe80::1", 1]);
  expect(machine.log.take()).toEqual(["info the neighbour of BGPPeer/tor on eth1 is fe80::9"]);
});

test("a link that goes down takes the neighbour with it at once; back under another index its group is joined anew", () => {
  const machine = new Machine();
  machine.link("eth1", 3, "fe80::1");
  machine.discovery.watch([tor]);
  machine.hear("eth1", "fe80::9");
  machine.take();
  machine.links.delete("eth1");
  expect([machine.discovery.look(), machine.neighbour(), machine.discovery.look()]).toEqual([true, undefined, false]);
  machine.clock.advance(60_000);
  expect(machine.take()).toEqual(["leave 3"]);
  machine.link("eth1", 4, "fe80::1");
  expect(machine.discovery.look()).toBe(true);
  expect(machine.take()).toEqual(["join 4", "solicitation 4 ff02::2", "advertisement 4 ff02::1"]);
  machine.hear("eth1", "fe80::9");
  expect(machine.neighbour()).toBe("fe80::9 from fe80::1");
});

test("another address of ours is a change; the neighbour stays", () => {
  const machine = new Machine();
  machine.link("eth1", 3, "fe80::1");
  machine.discovery.watch([tor]);
  machine.hear("eth1", "fe80::9");
  machine.link("eth1", 3, "fe80::2");
  expect([machine.discovery.look(), machine.neighbour()]).toEqual([true, "fe80::9 from fe80::2"]);
});

test("advertisements go on by the clock", () => {
  const machine = new Machine();
  machine.link("eth1", 3, "fe80::1");
  machine.discovery.watch([tor]);
  machine.hear("eth1", "fe80::9");
  machine.take();
  machine.clock.advance(30_000);
  expect(machine.take()).toEqual(Array(4).fill("advertisement 3 ff02::1"));
});

test("a refused socket is said once, with objects, field and reason, and asked for again; all else goes on", () => {
  const machine = new Machine();
  machine.link("eth1", 3, "fe80::1");
  machine.refused = "the capability CAP_NET_RAW is missing";
  machine.discovery.watch([tor, { name: "eth2", source: "BGPPeer/tor-b" }]);
  machine.discovery.watch([tor]);
  machine.clock.advance(90_000);
  expect(machine.log.take()).toEqual([
    "error BGPPeer/tor: spec.interface eth1, BGPPeer/tor-b: spec.interface eth2: the neighbour cannot be found: the capability CAP_NET_RAW is missing",
  ]);
  expect([machine.neighbour(), machine.discovery.missing("eth1")]).toEqual([undefined, machine.refused]);
  machine.refused = undefined;
  machine.clock.advance(30_000);
  expect(machine.take()).toEqual(["open", "join 3", "solicitation 3 ff02::2", "advertisement 3 ff02::1"]);
  expect(machine.changes).toBe(1);
});

test("why nobody is there is known: no link, nobody heard", () => {
  const machine = new Machine();
  machine.discovery.watch([tor]);
  const missing = () => machine.discovery.missing("eth1");
  expect(missing()).toBe("eth1 is down, or has no link-local address");
  machine.link("eth1", 3, "fe80::1");
  machine.discovery.look();
  expect(missing()).toBe("no router advertises itself on eth1");
  machine.hear("eth1", "fe80::9");
  expect(missing()).toBeUndefined();
});

test("what cannot be sent is said once, and again after it went well in between", () => {
  const machine = new Machine();
  machine.link("eth1", 3, "fe80::1");
  machine.unreachable = "ENETUNREACH";
  machine.discovery.watch([tor]);
  machine.clock.advance(10_000);
  const line = "warn BGPPeer/tor: spec.interface eth1: the neighbour is not told of us: ENETUNREACH";
  expect(machine.log.take()).toEqual([line]);
  machine.unreachable = undefined;
  machine.clock.advance(10_000);
  machine.unreachable = "ENETUNREACH";
  machine.clock.advance(10_000);
  expect(machine.log.take()).toEqual([line]);
});

test("several routers are said with the object that has one of them", () => {
  const machine = new Machine();
  machine.link("eth1", 3, "fe80::1");
  machine.discovery.watch([tor]);
  for (const from of ["fe80::9", "fe80::8", "fe80::7"]) machine.hear("eth1", from);
  expect(machine.log.take().filter((line) => line.startsWith("warn"))).toEqual([
    "warn eth1 has several routers: fe80::9, fe80::8; the neighbour of BGPPeer/tor is the one whose session stands, else the lowest address",
  ]);
});

test("octets that are no message of a router change nothing", () => {
  const machine = new Machine();
  machine.link("eth1", 3, "fe80::1");
  machine.discovery.watch([tor]);
  machine.sockets[0]?.received("eth1", address("fe80::9"), new Uint8Array(3));
  expect([machine.neighbour(), machine.changes, machine.log.take()]).toEqual([undefined, 0, []]);
});
