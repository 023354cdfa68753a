import { describe, expect, test } from "vitest";
import { Door } from "#bgp/door.ts";
import type { ListenEvents, Transport } from "#bgp/transport.ts";
import { signers, takenFor } from "#config/callers.ts";
import type { PeerConfig } from "#config/node-config.ts";
import { formatAddress } from "#route/address.ts";
import { FakeClock, SteppedClock } from "../support/fake-clock.ts";
import { LineLog } from "../support/line-log.ts";
import { peerConfig } from "../support/sessions.ts";

/** Listeners that write down whose TCP-MD5 keys they are given, and have room for so many of them. */
function begin(clock = new FakeClock()) {
  const keys: string[] = [];
  const held = new Set<string>();
  const system = { room: Infinity, reason: "not enough memory" };
  const events: ListenEvents[] = [];
  let closed = 0;
  const transport: Transport = {
    dial: () => ({ cancel: () => {} }),
    listen: ({ family }, told) => {
      events.push(told);
      return {
        setPassword: (address, password) => {
          const name = formatAddress(address);
          const refused = password !== undefined && !held.has(name) && held.size >= system.room;
          if (password === undefined) held.delete(name);
          else if (!refused) held.add(name);
          keys.push(`${family} ${name} ${refused ? "refused" : (password ?? "none")}`);
          return refused ? system.reason : undefined;
        },
        close: () => closed++,
      };
    },
  };
  const log = new LineLog();
  const door = new Door({ clock, log, transport }, () => undefined);
  const open = (peers: readonly PeerConfig[]): void => {
    door.open({ port: 179, addresses: [] }, signers(takenFor(peers)));
  };
  return { clock, log, door, open, system, events, held, keys: () => keys.splice(0), closed: () => closed };
}

test("a neighbour that is still to be found has no key: it gets one with its address, and loses it with that", () => {
  const { keys, open } = begin();
  const uplink = (at: string) => peerConfig("Global_eth1", at, { unnumbered: true, interface: "eth1", password: "a" });
  const other = peerConfig("n2", "10.0.0.2", { password: "b" });
  open([uplink("::"), other]);
  expect(keys()).toEqual(["ipv4 10.0.0.2 b"]);
  open([uplink("fe80::9"), other]);
  expect(keys()).toEqual(["ipv6 fe80::9 a"]);
  open([uplink("::"), other]);
  expect(keys()).toEqual(["ipv6 fe80::9 none"]);
});

test("of two neighbours with one address on two links the first has the key: there is one for an address", () => {
  const { keys, open } = begin();
  const on = (link: string): PeerConfig => peerConfig(link, "fe80::1", { interface: link, password: link });
  open([on("eth0"), on("eth1")]);
  expect(keys()).toEqual(["ipv6 fe80::1 eth0"]);
  open([on("eth1")]);
  expect(keys()).toEqual(["ipv6 fe80::1 eth1"]);
});

const neighbours = (count: number, password = "a"): PeerConfig[] =>
  Array.from({ length: count }, (_, index) => peerConfig(`n${index + 1}`, `10.0.0.${index + 1}`, { password }));

describe("a key that the system refuses", () => {
  test("is tried again, each time after twice as long up to a minute, until it is taken; both are said once", () => {
    const { clock, log, keys, open, system, closed } = begin();
    system.room = 1;
    open(neighbours(2));
    expect(keys()).toEqual(["ipv4 10.0.0.1 a", "ipv4 10.0.0.2 refused"]);
    expect(log.take()).toEqual([
      "error no TCP-MD5 key for calls from 10.0.0.2 to all ipv4 addresses, port 179: not enough memory (many neighbours with passwords need a higher net.core.optmem_max); it is tried again until the system takes it",
    ]);
    const tries: number[] = [];
    while (clock.nowMs() < 300_000) {
      clock.advance(1_000);
      if (keys().length > 0) tries.push(clock.nowMs() / 1_000);
    }
    expect(tries).toEqual([1, 3, 7, 15, 31, 63, 123, 183, 243]);
    expect(log.take()).toEqual([]);
    system.room = 2;
    clock.advance(60_000);
    expect(keys()).toEqual(["ipv4 10.0.0.2 a"]);
    expect(log.take()).toEqual(["info the TCP-MD5 key for calls from 10.0.0.2 to all ipv4 addresses, port 179 is set"]);
    expect([clock.pending, closed()]).toEqual([0, 0]);
  });

  test("is one line with those that are refused beside it, and another line when its reason is another one", () => {
    const { clock, log, open, system } = begin();
    system.room = 0;
    open(neighbours(5));
    expect(log.take()).toEqual([
      expect.stringMatching(/^error no TCP-MD5 key for calls from 10.0.0.1, 10.0.0.2, 10.0.0.3 and 2 others to all/),
    ]);
    system.reason = "operation not permitted";
    clock.advance(1_000);
    expect(log.take()).toEqual([expect.stringMatching(/10.0.0.3 and 2 others to .*: operation not permitted/)]);
    system.room = 4;
    clock.advance(2_000);
    expect(log.take()).toEqual([
      expect.stringMatching(/^info the TCP-MD5 key for calls from .*10.0.0.3 and 1 other to all ipv4 addresses/),
    ]);
    system.room = 5;
    clock.advance(4_000);
    expect(log.take()).toEqual([expect.stringMatching(/^info the TCP-MD5 key for calls from 10.0.0.5 to all ipv4/)]);
  });

  test("waits for its time also where the neighbours change, and is not wanted any more when its neighbour goes", () => {
    const { clock, keys, open, system } = begin();
    system.room = 1;
    open(neighbours(2));
    keys();
    open([...neighbours(2), peerConfig("n9", "10.0.0.9")]);
    expect(keys()).toEqual([]);
    open(neighbours(1));
    expect([keys(), clock.pending]).toEqual([[], 0]);
  });

  test("with another password is another key: it is tried at once", () => {
    const { keys, open, system } = begin();
    system.room = 1;
    open(neighbours(2));
    keys();
    open(neighbours(2, "b"));
    expect(keys()).toEqual(["ipv4 10.0.0.1 b", "ipv4 10.0.0.2 refused"]);
  });

  test("is tried again when another one gave room", () => {
    const { keys, open, system } = begin();
    system.room = 1;
    open(neighbours(2));
    keys();
    open(neighbours(2).slice(1));
    expect(keys()).toEqual(["ipv4 10.0.0.1 none", "ipv4 10.0.0.2 a"]);
  });

  test("does not hold the thread: of thousands some are tried at a time, others the next time, and one line tells all", () => {
    const { clock, log, keys, open, system, held } = begin();
    system.room = 0;
    const many = Array.from({ length: 1_000 }, (_, index) => `10.1.${index >> 8}.${index & 255}`);
    open(many.map((at) => peerConfig(at, at, { password: "a" })));
    const first = keys();
    clock.advance(1_000);
    expect(new Set([...first, ...keys()]).size).toBe(200);
    expect(log.take()).toEqual([
      expect.stringContaining("from 10.1.0.0, 10.1.0.1, 10.1.0.2 and 997 others to all ipv4"),
    ]);
    system.room = 1_000;
    clock.advance(2_000);
    expect([held.size, log.take().length]).toEqual([1_000, 1]);
  });

  test("does not outlive its listener: with the next one it begins anew", () => {
    const { clock, log, door, keys, open, system, events } = begin();
    system.room = 0;
    open(neighbours(1));
    events[0]?.failed("the interface is gone");
    expect(keys()).toEqual(["ipv4 10.0.0.1 refused"]);
    system.room = 1;
    clock.advance(4_999);
    expect(keys()).toEqual([]);
    clock.advance(1);
    expect(keys()).toEqual(["ipv4 10.0.0.1 a"]);
    expect(log.take().slice(2)).toEqual([]);
    system.room = 0;
    open(neighbours(2));
    door.close();
    expect(clock.pending).toBe(0);
  });
});

test("the keys of a new listener are set at once, those of thousands of other neighbours in turns, the newest wish counts", () => {
  const clock = new SteppedClock();
  const { keys, open, held } = begin(clock);
  const some = (network: number): PeerConfig[] =>
    Array.from({ length: 50 }, (_, index) => {
      return peerConfig(`${network} ${index}`, `10.0.${network}.${index}`, { password: "a" });
    });
  open(some(1));
  expect(keys()).toHaveLength(50);
  open(some(2));
  expect(keys().length).toBeLessThan(5);
  for (let turn = 0; turn < 30; turn++) clock.turn();
  open(some(3));
  open(some(4));
  const before = new Set(held);
  clock.settle();
  expect([...held]).toEqual(some(4).map(({ address }) => formatAddress(address)));
  expect([...before].every((name) => name.startsWith("10.0.2.") || name.startsWith("10.0.1."))).toBe(true);
  expect(keys().filter((line) => line.includes("10.0.3."))).toEqual([]);
});

test("a listener that is gone gets no key any more", () => {
  const clock = new SteppedClock();
  const { door, keys, open } = begin(clock);
  open([]);
  open(Array.from({ length: 50 }, (_, index) => peerConfig(`${index}`, `10.0.0.${index}`, { password: "a" })));
  door.close();
  keys();
  clock.settle();
  expect(keys()).toEqual([]);
});
