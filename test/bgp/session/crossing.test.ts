import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { DialEvents, ListenEvents, Listener, Transport } from "#bgp/transport.ts";
import type { Address } from "#route/address.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { type FakeConnection, FakeNetwork } from "../../support/fake-wire.ts";
import { LetterSpeaker } from "../../support/letter-speaker.ts";
import { address, nodeConfig, peerConfig, TestNode } from "../../support/sessions.ts";

/**
 * Two speakers that call each other at the same time (RFC 4271 §6.8). Each connection keeps its order; nothing is said
 * about which of two connections is heard first, at either end.
 */

const HERE = "10.0.0.1";
const THERE = "10.0.0.2";

/** A network where the test says whose octets, calls and closings arrive next. */
class SlowNetwork extends FakeNetwork {
  readonly #queues = new Map<object, (() => void)[]>();

  override later(end: object, then: () => void): void {
    const queue = this.#queues.get(end);
    if (queue === undefined) this.#queues.set(end, [then]);
    else queue.push(then);
  }

  /** What waits first at the `pick`th end that has something waiting. @returns false where nothing waits */
  arrive(pick: number): boolean {
    const waiting = [...this.#queues].filter(([, queue]) => queue.length > 0);
    const [, queue] = waiting[pick % Math.max(waiting.length, 1)] ?? [];
    queue?.shift()?.();
    return queue !== undefined;
  }

  override host(at: Address): Transport {
    const host = super.host(at);
    return {
      dial: (to, events) => {
        let over = false;
        const call = host.dial(
          to,
          this.#slowly(events, () => over),
        );
        return {
          cancel: () => {
            over = true;
            call.cancel();
          },
        };
      },
      listen: (on, events) => this.#listen(host, on, events),
    };
  }

  #slowly(events: DialEvents, isOver: () => boolean): DialEvents {
    return {
      ...events,
      failed: (reason) => events.failed(reason),
      connected: (connection) =>
        this.later({}, () => {
          if (isOver()) connection.close();
          else events.connected(connection);
        }),
    };
  }

  #listen(host: Transport, on: Parameters<Transport["listen"]>[0], events: ListenEvents): Listener {
    return host.listen(on, {
      listening: () => events.listening(),
      failed: (reason) => events.failed(reason),
      accepted: (connection) => this.later({}, () => events.accepted(connection)),
    });
  }
}

interface Crossing {
  readonly clock: FakeClock;
  readonly network: SlowNetwork;
  /** Connections, the caller's ends, that are open at both ends. */
  open(): FakeConnection[];
}

function crossing(): Crossing {
  const clock = new FakeClock();
  const network = new SlowNetwork(clock);
  const open = () => network.connections.filter(({ closed, peer }) => !closed && peer?.closed === false);
  return { clock, network, open };
}

/** Everything arrives, in an order that `picks` says; who waits for the other side waits for a second at most. */
function run({ clock, network }: Crossing, picks: readonly number[]): void {
  clock.settle();
  let at = 0;
  for (const waited of [false, true]) {
    if (waited) clock.advance(1_000);
    for (; network.arrive(picks[at % picks.length] ?? 0); at++) {
      if (at > 10_000) throw new Error("they never stop talking");
      clock.settle();
    }
  }
}

const orders = fc.array(fc.nat({ max: 11 }), { minLength: 1, maxLength: 40 });

function node(world: Crossing, at: string, routerId: number, peer: string): TestNode {
  const made = new TestNode(world.clock, world.network, at);
  made.speaker.reconfigure(nodeConfig(routerId, [peerConfig("p", peer)]));
  return made;
}

test("two of us whose calls cross keep one connection, and nobody's session goes down", () => {
  fc.assert(
    fc.property(orders, fc.boolean(), (picks, higher) => {
      const world = crossing();
      const nodes = [node(world, HERE, higher ? 7 : 3, THERE), node(world, THERE, 5, HERE)];
      run(world, picks);
      expect(nodes.map((each) => each.state("p"))).toEqual(["established", "established"]);
      expect(nodes.map(({ routing }) => routing.take())).toEqual([["up p ipv4 ipv6 kept "], ["up p ipv4 ipv6 kept "]]);
      expect(world.open().length).toBe(1);
    }),
    { numRuns: 2_000 },
  );
});

test("a neighbour that keeps to the letter of RFC 4271 §6.8 loses no session that it had", () => {
  fc.assert(
    fc.property(orders, fc.boolean(), (picks, higher) => {
      const world = crossing();
      const routerId = higher ? 7 : 3;
      const letter = new LetterSpeaker(world.network, address(THERE), 5, routerId);
      letter.listen();
      const ours = node(world, HERE, routerId, THERE);
      letter.dial(address(HERE));
      run(world, picks);
      expect(ours.state("p")).toBe("established");
      expect([letter.established, letter.lost]).toEqual([1, 0]);
      // it may close one that is Established for us alone: routes are kept until its other one is
      const [, ...after] = ours.routing.take();
      expect(["", "down p retained ipv4 ipv6,up p ipv4 ipv6 kept ipv4 ipv6"]).toContain(after.join());
      expect(world.open().length).toBe(1);
    }),
    { numRuns: 2_000 },
  );
});
