import fc from "fast-check";
import { expect, test } from "vitest";
import type { PeerConfig } from "#config/node-config.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeNetwork } from "../support/fake-wire.ts";
import { address, nodeConfig, peerConfig, TestNode } from "../support/sessions.ts";

const A = "10.0.0.1";
const B = "10.0.0.2";

/** What may happen to two speakers and the wire between them. */
const misfortune = fc.oneof(
  fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 20_000 }) }),
  fc.record({ kind: fc.constant("turn" as const), turns: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ kind: fc.constant("break" as const), which: fc.nat() }),
  fc.record({ kind: fc.constant("half" as const), which: fc.nat() }),
  fc.record({ kind: fc.constant("restart" as const), node: fc.constantFrom("a" as const, "b" as const) }),
  fc.record({ kind: fc.constant("reset" as const), node: fc.constantFrom("a" as const, "b" as const) }),
);

const ids = fc.constantFrom([1, 2] as const, [2, 1] as const);
const graceful = { enabled: true, restartMs: 120_000, deferralMs: 60_000 };
const none = { enabled: false, restartMs: 0, deferralMs: 0 };

class World {
  readonly clock = new FakeClock();
  readonly network = new FakeNetwork(this.clock);
  readonly changes: Partial<PeerConfig>;
  readonly ids: readonly [number, number];
  readonly nodes: { a: TestNode; b: TestNode };

  constructor(routerIds: readonly [number, number], changes: Partial<PeerConfig>, pieceOctets: number | undefined) {
    this.ids = routerIds;
    this.changes = changes;
    this.network.pieceOctets = pieceOctets;
    this.nodes = { a: this.#node("a", false), b: this.#node("b", false) };
  }

  /** The daemon dies without a word, and another one takes its place. */
  restart(name: "a" | "b"): void {
    this.nodes[name].speaker.stop("graceful");
    this.nodes[name] = this.#node(name, true);
  }

  /** Connections that are open at both ends. */
  open() {
    return this.network.connections.flatMap((near) => {
      const far = near.peer;
      return far === undefined || near.closed || far.closed ? [] : [{ near, far }];
    });
  }

  #node(name: "a" | "b", restarted: boolean): TestNode {
    const [own, other] = name === "a" ? [A, B] : [B, A];
    const node = new TestNode(this.clock, this.network, own, restarted);
    const peer = peerConfig("peer", other, this.changes);
    node.speaker.reconfigure(nodeConfig(this.ids[name === "a" ? 0 : 1], [peer], { addresses: { ipv4: address(own) } }));
    return node;
  }
}

test("two speakers end with one session over one connection, whatever happened to them", () => {
  const origins = fc.constantFrom<PeerConfig["origin"]>("mesh", "node");
  const restarts = fc.constantFrom(graceful, none);
  const pieces = fc.constantFrom(undefined, 1, 19, 20);
  fc.assert(
    fc.property(ids, origins, restarts, pieces, fc.array(misfortune, { maxLength: 25 }), (...given) => {
      const [routerIds, origin, gracefulRestart, pieceOctets, events] = given;
      const world = new World(routerIds, { origin, gracefulRestart }, pieceOctets);
      for (const event of events) {
        if (event.kind === "wait") world.clock.advance(event.ms);
        else if (event.kind === "turn") for (let i = 0; i < event.turns; i++) world.clock.turn();
        else if (event.kind === "restart") world.restart(event.node);
        else if (event.kind === "reset") world.nodes[event.node].speaker.restart("peer");
        else {
          const open = world.open();
          const chosen = open[event.which % Math.max(1, open.length)];
          if (event.kind === "break") chosen?.near.break();
          else chosen?.near.lose("connection timed out"); // the other end does not know yet
        }
      }
      world.clock.advance(1_000_000);
      expect([world.nodes.a.state("peer"), world.nodes.b.state("peer")]).toEqual(["established", "established"]);
      expect(world.open().length).toBe(1);
      for (const node of [world.nodes.a, world.nodes.b]) expect(upAndDownAlternate(node.routing.log)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

/** The RIB hears of a session's end before it hears of the next one, and of nothing between. */
function upAndDownAlternate(log: readonly string[]): boolean {
  let isUp = false;
  for (const line of log) {
    const starts = line.startsWith("up ");
    if (!starts && !line.startsWith("down ")) continue;
    if (starts === isUp) return false;
    isUp = starts;
  }
  return isUp;
}
