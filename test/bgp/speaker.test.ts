import { beforeEach, describe, expect, test } from "vitest";
import { ABSENT_MS } from "#bgp/session/deferral.ts";
import type { NodeConfig, PeerConfig } from "#config/node-config.ts";
import { sameAddress } from "#route/address.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeNetwork } from "../support/fake-wire.ts";
import { ScriptedPeer } from "../support/scripted-peer.ts";
import { address, nodeConfig, peerConfig, TestNode } from "../support/sessions.ts";

let clock: FakeClock;
let network: FakeNetwork;

beforeEach(() => {
  clock = new FakeClock();
  network = new FakeNetwork(clock);
});

const A = "10.0.0.1";
const B = "10.0.0.2";
const C = "10.0.0.3";
const endOfRib4 = Uint8Array.from([...new Array<number>(16).fill(255), 0, 23, 2, 0, 0, 0, 0]);
const endOfRib6 = Uint8Array.from([...new Array<number>(16).fill(255), 0, 30, 2, 0, 0, 0, 7, 0x90, 15, 0, 3, 0, 2, 1]);

/** Nodes A and B, each the other's neighbour `b` and `a`, both up. */
function pair(changes: Partial<PeerConfig> = {}): { a: TestNode; b: TestNode } {
  const a = new TestNode(clock, network, A);
  const b = new TestNode(clock, network, B);
  a.speaker.reconfigure(nodeConfig(1, [peerConfig("b", B, changes)]));
  b.speaker.reconfigure(nodeConfig(2, [peerConfig("a", A, changes)]));
  clock.settle();
  clock.advance(10_000);
  for (const node of [a, b]) {
    node.routing.take();
    node.log.take();
  }
  return { a, b };
}

describe("who dials", () => {
  const mesh = (at: string): Partial<NodeConfig> => ({ addresses: { ipv4: address(at) } });
  const meshPeer = (name: string, at: string): PeerConfig => peerConfig(name, at, { origin: "mesh" });

  test("between two nodes the lower address does, once, and the session is up without a wait", () => {
    const a = new TestNode(clock, network, A);
    const b = new TestNode(clock, network, B);
    b.speaker.reconfigure(nodeConfig(2, [meshPeer("a", A)], mesh(B)));
    a.speaker.reconfigure(nodeConfig(1, [meshPeer("b", B)], mesh(A)));
    clock.settle();
    expect([a.state("b"), b.state("a")]).toEqual(["established", "established"]);
    expect(network.connections.map(({ localAddress }) => localAddress)).toEqual([address(A)]);
    expect(clock.nowMs()).toBe(0);
  });

  test("the other one calls when nothing came for a second", () => {
    const peer = new ScriptedPeer(network, address(A)).listen();
    const b = new TestNode(clock, network, B);
    b.speaker.reconfigure(nodeConfig(2, [meshPeer("a", A)], mesh(B)));
    clock.advance(999);
    expect(peer.lines).toEqual([]);
    clock.advance(1);
    expect(peer.line.take()).toEqual(["OPEN"]);
  });

  test("a neighbour that calls while thousands wait for their own first call is not turned away", () => {
    const b = new TestNode(new FakeClock(), network, B); // whose turn never comes
    b.speaker.reconfigure(nodeConfig(2, [meshPeer("a", A)], mesh(B)));
    const peer = new ScriptedPeer(network, address(A));
    peer.dial(address(B));
    clock.settle();
    expect(peer.line.take()).toEqual(["OPEN"]);
    expect(b.log.take().filter((line) => line.startsWith("warn"))).toEqual([]);
  });

  test("a passive neighbour is never called", () => {
    const peer = new ScriptedPeer(network, address(A)).listen();
    const b = new TestNode(clock, network, B);
    b.speaker.reconfigure(nodeConfig(2, [peerConfig("a", A, { passive: true })]));
    clock.advance(1_000_000);
    expect(peer.lines).toEqual([]);
    expect(b.state("a")).toBe("active");
  });

  test("a neighbour that is no node of ours is called at once", () => {
    const peer = new ScriptedPeer(network, address(A)).listen();
    const b = new TestNode(clock, network, B);
    b.speaker.reconfigure(nodeConfig(2, [peerConfig("a", A)], mesh(B)));
    clock.settle();
    expect(peer.line.take()).toEqual(["OPEN"]);
  });
});

describe("callers", () => {
  test("nobody we know: Cease/Connection Rejected, and one line of log a minute (RFC 4486 §4)", () => {
    const node = new TestNode(clock, network, A);
    node.speaker.reconfigure(nodeConfig(1, []));
    const stranger = new ScriptedPeer(network, address(C));
    for (let call = 0; call < 3; call++) stranger.dial(address(A));
    clock.settle();
    expect(stranger.lines.map((line) => line.take())).toEqual(new Array(3).fill(["NOTIFICATION 6/5", "closed"]));
    expect(node.log.take().filter((line) => line.startsWith("warn"))).toEqual([
      "warn turned a call from 10.0.0.3 away: no such neighbour",
    ]);
    clock.advance(60_000);
    stranger.dial(address(A));
    clock.settle();
    expect(node.log.take()).toEqual(["warn turned a call from 10.0.0.3 away: no such neighbour"]);
  });

  test("a flood of them is hung up on without an answer", () => {
    const node = new TestNode(clock, network, A);
    node.speaker.reconfigure(nodeConfig(1, []));
    const stranger = new ScriptedPeer(network, address(C));
    for (let call = 0; call < 150; call++) stranger.dial(address(A));
    clock.settle();
    const answered = stranger.lines.filter((line) => line.take().includes("NOTIFICATION 6/5"));
    expect([stranger.lines.length, answered.length]).toEqual([150, 100]);
  });

  test("a neighbour that is disabled is hung up on: it goes on showing the reason that it was told", () => {
    const node = new TestNode(clock, network, A);
    node.speaker.reconfigure(nodeConfig(1, [peerConfig("b", B)]));
    node.speaker.disable("b");
    const peer = new ScriptedPeer(network, address(B));
    peer.dial(address(A));
    clock.settle();
    expect(peer.line.take()).toEqual(["closed"]);
    expect(node.log.take()).toContain("warn turned a call from 10.0.0.2 away: b is disabled");
  });

  test("the keys of neighbours are on the listener, change with them, and go with them", () => {
    const a = new TestNode(clock, network, A);
    const b = new TestNode(clock, network, B);
    const peers = (password: string | undefined): PeerConfig[] => [peerConfig("b", B, { passive: true, password })];
    a.speaker.reconfigure(nodeConfig(1, peers("first")));
    b.speaker.reconfigure(nodeConfig(2, [peerConfig("a", A, { password: "second" })]));
    clock.advance(20_000);
    expect(a.state("b")).toBe("active");
    a.speaker.reconfigure(nodeConfig(1, peers("second")));
    clock.advance(10_000);
    expect(a.state("b")).toBe("established");
    a.speaker.reconfigure(nodeConfig(1, []));
    const stranger = new ScriptedPeer(network, address(B));
    stranger.dial(address(A));
    clock.settle();
    expect(stranger.line.take()).toEqual(["NOTIFICATION 6/5", "closed"]);
  });

  test("a key that the system refuses is one line of log", () => {
    const node = new TestNode(clock, network, A);
    node.speaker.reconfigure(nodeConfig(1, [peerConfig("b", B, { password: "two\nlines" })]));
    expect(node.log.take()[0]).toMatch(
      /^error no TCP-MD5 key for calls from 10.0.0.2 to all ipv4 addresses, port 179: invalid/,
    );
  });

  test("a neighbour with a password is not let in while the system refuses the key: it would not have signed", () => {
    const node = new TestNode(clock, network, A);
    node.speaker.reconfigure(nodeConfig(1, [peerConfig("b", B, { passive: true, password: "two\nlines" })]));
    clock.settle();
    node.log.take();
    const caller = new ScriptedPeer(network, address(B));
    caller.dial(address(A));
    clock.settle();
    expect(caller.line.take()).toEqual(["closed"]);
    expect(node.state("b")).toBe("active");
    const reason = "it did not have to sign with the password of b";
    expect(node.log.take()).toEqual([`warn turned a call from 10.0.0.2 away: ${reason}`]);
  });

  test("of two neighbours with one address the first has the calls, and the other one when that is gone", () => {
    const node = new TestNode(clock, network, A);
    const one = peerConfig("one", B, { passive: true });
    const two = peerConfig("two", B, { passive: true, port: 1790 });
    node.speaker.reconfigure(nodeConfig(1, [one, two]));
    clock.settle();
    new ScriptedPeer(network, address(B)).dial(address(A));
    clock.settle();
    expect([node.state("one"), node.state("two")]).toEqual(["openSent", "active"]);
    node.speaker.reconfigure(nodeConfig(1, [two]));
    new ScriptedPeer(network, address(B)).dial(address(A));
    clock.settle();
    expect(node.state("two")).toBe("openSent");
  });

  test("a port in use is complained about once, and tried again", () => {
    const other = new ScriptedPeer(network, address(A)).listen();
    const node = new TestNode(clock, network, A);
    node.speaker.reconfigure(nodeConfig(1, [peerConfig("b", B, { passive: true })]));
    clock.advance(60_000);
    expect(other.lines).toEqual([]);
    expect(node.log.take()).toEqual([
      "error cannot listen on all ipv4 addresses, port 179: address already in use",
      "info listening on all ipv6 addresses, port 179",
    ]);
  });

  test("another port is listened on when the configuration says so; sessions stay", () => {
    const { a, b } = pair();
    a.speaker.reconfigure(nodeConfig(1, [peerConfig("b", B)], { listen: { port: 1179, addresses: [address(A)] } }));
    clock.advance(1_000);
    expect(a.log.take()).toEqual(["info listening on 10.0.0.1, port 1179"]);
    expect([a.state("b"), b.state("a")]).toEqual(["established", "established"]);
  });
});

test("an operator follows what a neighbour says and is told, message by message", () => {
  const { a, b } = pair();
  clock.advance(60_000);
  expect(a.log.take()).toEqual([]);
  expect(a.speaker.trace("b", true)).toBe(true);
  expect(a.speaker.trace("nobody", true)).toBe(false);
  b.speaker.refreshIn("a");
  clock.advance(40_000);
  const lines = a.log.take();
  expect(lines).toEqual(expect.arrayContaining(["info received ROUTE-REFRESH ipv4", "info received KEEPALIVE"]));
  expect(lines).toContain("info sent KEEPALIVE");
  a.speaker.trace("b", false);
  clock.advance(60_000);
  expect(a.log.take()).toEqual([]);
});

describe("a new configuration", () => {
  test("adds and removes neighbours, and leaves the others alone", () => {
    const { a, b } = pair();
    const c = new ScriptedPeer(network, address(C)).listen();
    a.speaker.reconfigure(nodeConfig(1, [peerConfig("b", B), peerConfig("c", C)]));
    clock.settle();
    expect(c.line.take()).toEqual(["OPEN"]);
    a.speaker.reconfigure(nodeConfig(1, [peerConfig("c", C)]));
    clock.settle();
    expect(b.log.take()[0]).toMatch(/went down: received Cease\/Hard Reset: Cease\/Peer De-configured/);
    expect(a.routing.take()).toEqual(["down b retained "]);
    expect(a.speaker.configs().map(({ name }) => name)).toEqual(["c"]);
    expect(c.line.take()).toEqual([]);
  });

  test("the same one again changes nothing", () => {
    const { a, b } = pair();
    a.speaker.reconfigure(nodeConfig(1, [peerConfig("b", B)]));
    clock.advance(60_000);
    expect([...a.log.take(), ...b.log.take()]).toEqual([]);
  });

  test("policies, timers and the like are taken over without a reset", () => {
    const { a } = pair();
    const timers = { holdMs: 30_000, keepaliveMs: 10_000, connectRetryMs: 1_000, idleHoldMs: 1_000 };
    a.speaker.reconfigure(
      nodeConfig(1, [peerConfig("b", B, { timers, importPolicies: ["x"], reflectorClient: true })]),
    );
    clock.advance(1_000);
    expect(a.routing.take()).toEqual([]);
    a.speaker.restart("b");
    clock.advance(10_000);
    expect(a.speaker.peer("b")?.negotiated?.holdMs).toBe(30_000);
  });

  test("TTL and password are changed on the connection that is there", () => {
    const { a } = pair();
    const changes: Partial<PeerConfig> = { password: "secret", ttl: { kind: "security", hops: 1 } };
    a.speaker.reconfigure(nodeConfig(1, [peerConfig("b", B, changes)]));
    expect(a.state("b")).toBe("established");
    const ends = network.connections.flatMap((near) => [near, near.peer]);
    const own = ends.find((end) => end !== undefined && sameAddress(end.localAddress, address(A)) && !end.closed);
    expect(own?.options).toEqual({ password: "secret", ttl: 255, minimumTtl: 255 });
  });

  test("what a session cannot live with resets it, and the log says what it was", () => {
    const { a, b } = pair();
    a.speaker.reconfigure(nodeConfig(1, [peerConfig("b", B, { families: ["ipv4"] })]));
    clock.settle();
    expect(a.log.take()).toEqual([
      "warn session with b (10.0.0.2 AS 64512) went down: sent Cease/Other Configuration Change (its families changed); its routes are kept for now (ipv4 ipv6)",
      "info session with b (10.0.0.2 AS 64512) is Established: router id 0.0.0.2, we called from 10.0.0.1, hold 90 s, families ipv4, graceful restart 120 s, kept routes to be confirmed (ipv4)",
    ]);
    expect(b.log.take()[0]).toMatch(/received Cease\/Other Configuration Change/);
    clock.advance(10_000);
    expect(a.routing.take()).toEqual(["down b retained ipv4 ipv6", "up b ipv4 kept ipv4"]);
  });

  test("another router id resets all sessions: it stands in the OPEN", () => {
    const { a } = pair();
    a.speaker.reconfigure(nodeConfig(7, [peerConfig("b", B)]));
    clock.advance(10_000);
    expect(a.log.take()[0]).toMatch(/went down: .* \(its router id changed\);/);
    expect(a.speaker.peer("b")?.local?.routerId).toBe(7);
  });

  test("another cluster id, or allowance for our own AS, has all routes sent again", () => {
    const { a, b } = pair();
    a.speaker.reconfigure(nodeConfig(1, [peerConfig("b", B)], { clusterId: 99 }));
    clock.settle();
    expect(b.routing.take()).toEqual(["refresh a ipv4 enhanced", "refresh a ipv6 enhanced"]);
    a.speaker.reconfigure(nodeConfig(1, [peerConfig("b", B, { allowOwnAs: 1 })], { clusterId: 99 }));
    clock.settle();
    expect(b.routing.take()).toEqual(["refresh a ipv4 enhanced", "refresh a ipv6 enhanced"]);
    const changes = { allowOwnAs: 1, enforceFirstAs: false };
    a.speaker.reconfigure(nodeConfig(1, [peerConfig("b", B, changes)], { clusterId: 99 }));
    clock.settle();
    expect(b.routing.take()).toEqual(["refresh a ipv4 enhanced", "refresh a ipv6 enhanced"]);
    expect(a.state("b")).toBe("established");
  });

  test("a neighbour that moved is called at its new address", () => {
    const c = new ScriptedPeer(network, address(C)).listen();
    const a = new TestNode(clock, network, A);
    a.speaker.reconfigure(nodeConfig(1, [peerConfig("b", B)]));
    clock.advance(1_000);
    a.speaker.reconfigure(nodeConfig(1, [peerConfig("b", C)]));
    clock.settle();
    expect(c.line.take()).toEqual(["OPEN"]);
  });

  test("a neighbour that may be called all of a sudden is called", () => {
    const b = new ScriptedPeer(network, address(B)).listen();
    const a = new TestNode(clock, network, A);
    a.speaker.reconfigure(nodeConfig(1, [peerConfig("b", B, { passive: true })]));
    clock.advance(100_000);
    a.speaker.reconfigure(nodeConfig(1, [peerConfig("b", B)]));
    clock.settle();
    expect(b.line.take()).toEqual(["OPEN"]);
  });

  test("a neighbour that is disabled stays so, and comes up with what was configured meanwhile", () => {
    const { a } = pair();
    a.speaker.disable("b");
    clock.settle();
    a.speaker.reconfigure(nodeConfig(1, [peerConfig("b", B, { families: ["ipv6"] })]));
    clock.advance(60_000);
    expect(a.state("b")).toBe("idle");
    expect(a.speaker.peer("b")?.stopped).toBe(true);
    a.routing.take();
    a.speaker.enable("b");
    clock.advance(30_000);
    expect(a.routing.take()).toEqual(["up b ipv6 kept "]);
  });
});

describe("the operator", () => {
  test("disables with a reason that the other side reads, and enables again", () => {
    const { a, b } = pair();
    expect(a.speaker.disable("b", "rack move")).toBe(true);
    clock.settle();
    expect(b.log.take()[0]).toMatch(/received Cease\/Hard Reset: Cease\/Administrative Shutdown: rack move$/);
    expect(a.log.take()).toEqual([
      "warn session with b (10.0.0.2 AS 64512) went down: sent Cease/Hard Reset: Cease/Administrative Shutdown: rack move (disabled by the operator)",
    ]);
    expect(a.speaker.isDisabled("b")).toBe(true);
    clock.advance(600_000);
    expect(a.state("b")).toBe("idle");
    expect(a.speaker.enable("b")).toBe(true);
    clock.advance(120_000);
    expect(a.state("b")).toBe("established");
  });

  test("restarts: both sides keep routes, as N says (RFC 8538 §4)", () => {
    const { a, b } = pair();
    expect(a.speaker.restart("b", "for fun")).toBe(true);
    clock.advance(10_000);
    expect(a.routing.take()).toEqual(["down b retained ipv4 ipv6", "up b ipv4 ipv6 kept ipv4 ipv6"]);
    expect(b.routing.take()).toEqual(["down a retained ipv4 ipv6", "up a ipv4 ipv6 kept ipv4 ipv6"]);
  });

  test("gets false for neighbours that are not there", () => {
    const { a } = pair();
    const { speaker } = a;
    expect([speaker.disable("x"), speaker.enable("x"), speaker.restart("x")]).toEqual([false, false, false]);
    expect([speaker.refreshIn("x"), speaker.refreshOut("x"), speaker.peer("x")]).toEqual([false, false, undefined]);
    speaker.disable("b");
    expect([speaker.refreshIn("b"), speaker.refreshOut("b")]).toEqual([false, false]);
  });
});

describe("stopping", () => {
  test("for a restart: not a word, and neighbours keep our routes (RFC 4724 §4.2)", () => {
    const { a, b } = pair();
    const before = a.speaker.peer("b")?.counters.notificationsOut;
    a.speaker.stop("graceful");
    clock.settle();
    expect(a.routing.take()).toEqual(["down b retained ipv4 ipv6"]);
    expect(b.routing.take()).toEqual(["down a retained ipv4 ipv6"]);
    expect(a.speaker.peer("b")?.counters.notificationsOut).toBe(before);
    clock.advance(100_000);
    expect(a.state("b")).toBe("idle");
  });

  test("for good: with a reason, and neighbours forget our routes", () => {
    const { a, b } = pair();
    a.speaker.stop("hard", "node is drained");
    clock.settle();
    expect(b.routing.take()).toEqual(["down a retained "]);
    expect(b.log.take()[0]).toMatch(/Administrative Shutdown: node is drained$/);
    expect(new ScriptedPeer(network, address(C)).lines).toEqual([]);
  });

  test("nobody is let in any more", () => {
    const { a } = pair();
    a.speaker.stop("graceful");
    const caller = new ScriptedPeer(network, address(B));
    caller.dial(address(A));
    clock.settle();
    expect(caller.lines).toEqual([]);
  });
});

describe("after a start", () => {
  test("our OPEN says R until all neighbours sent End-of-RIB, and F as the kernel's table is", () => {
    const b = new ScriptedPeer(network, address(B)).listen();
    const c = new ScriptedPeer(network, address(C)).listen();
    const a = new TestNode(clock, network, A, true);
    a.forwarding = ["ipv6"];
    a.speaker.reconfigure(nodeConfig(1, [peerConfig("b", B), peerConfig("c", C)]));
    clock.settle();
    expect(b.line.open?.capabilities.gracefulRestart).toMatchObject({
      restarting: true,
      families: [
        { family: "ipv4", forwarding: false },
        { family: "ipv6", forwarding: true },
      ],
    });
    for (const peer of [b, c]) {
      peer.line.sayOpen({}, 9);
      peer.line.sayKeepalive();
      peer.line.say(endOfRib4);
    }
    b.line.say(endOfRib6);
    clock.settle();
    expect(a.complete).toEqual(["ipv4"]);
    expect([...a.speaker.awaited("ipv6")]).toEqual(["c"]);
    c.line.say(endOfRib6);
    clock.settle();
    expect(a.complete).toEqual(["ipv4", "ipv6"]);
    a.speaker.restart("b");
    clock.settle();
    expect(b.line.open?.capabilities.gracefulRestart?.restarting).toBe(false);
  });

  test("a first start says no R", () => {
    const b = new ScriptedPeer(network, address(B)).listen();
    const a = new TestNode(clock, network, A, false);
    a.speaker.reconfigure(nodeConfig(1, [peerConfig("b", B)]));
    clock.settle();
    expect(b.line.open?.capabilities.gracefulRestart?.restarting).toBe(false);
  });

  test("neighbours that are dead, disabled, removed or cannot restart gracefully delay for a bounded time, or not at all", () => {
    const off = { enabled: false, restartMs: 0, deferralMs: 0 };
    const peers = [
      peerConfig("dead", "10.0.0.9"),
      peerConfig("disabled", "10.0.0.8"),
      peerConfig("removed", "10.0.0.7"),
      peerConfig("plain", C, { gracefulRestart: off }),
    ];
    const a = new TestNode(clock, network, A, true);
    a.speaker.reconfigure(nodeConfig(1, peers));
    a.speaker.disable("disabled");
    a.speaker.reconfigure(
      nodeConfig(
        1,
        peers.filter(({ name }) => name !== "removed"),
      ),
    );
    expect([...a.speaker.awaited("ipv4")]).toEqual(["dead"]);
    clock.advance(ABSENT_MS - 1);
    expect(a.complete).toEqual([]);
    clock.advance(1);
    expect(a.complete).toEqual(["ipv4", "ipv6"]);
  });

  test("two nodes that restart at once do not wait for each other", () => {
    const a = new TestNode(clock, network, A, true);
    const b = new TestNode(clock, network, B, true);
    a.speaker.reconfigure(nodeConfig(1, [peerConfig("b", B)]));
    b.speaker.reconfigure(nodeConfig(2, [peerConfig("a", A)]));
    clock.advance(1_000);
    expect(a.complete.length + b.complete.length).toBe(4);
  });

  test("a node without neighbours is complete at once", () => {
    const a = new TestNode(clock, network, A, true);
    a.speaker.reconfigure(nodeConfig(1, []));
    expect(a.complete).toEqual(["ipv4", "ipv6"]);
  });
});

test("a call from an address that the machine has not says which field led there", () => {
  const mesh = new TestNode(clock, network, A);
  mesh.speaker.reconfigure(
    nodeConfig(5, [
      peerConfig("p", B, { origin: "mesh", source: "BGPConfiguration/default", localAddress: address("9.0.0.77") }),
      peerConfig("q", C, { source: "BGPPeer/tor", localAddress: address("10.0.0.78") }),
    ]),
  );
  clock.settle();
  const lines = mesh.log.take().filter((line) => line.includes("does not come up"));
  expect(lines.map((line) => line.replace(/.*come up: /, ""))).toEqual([
    "address not available: 9.0.0.77 is none of this machine's; spec.meshSourceAddress of BGPConfiguration/default says where calls begin",
    "address not available: 10.0.0.78 is none of this machine's; spec.sourceAddress of BGPPeer/tor says where calls begin",
  ]);
});
