import { beforeEach, describe, expect, test } from "vitest";
import { hardReset, operatorCease } from "#bgp/wire/notification.ts";
import type { PeerConfig } from "#config/node-config.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { FakeNetwork } from "../../support/fake-wire.ts";
import { type ScriptedLine, ScriptedPeer } from "../../support/scripted-peer.ts";
import { address, nodeConfig, peerConfig, TestNode } from "../../support/sessions.ts";

const HERE = "10.0.0.1";
const THERE = "10.0.0.2";

let clock: FakeClock;
let network: FakeNetwork;

beforeEach(() => {
  clock = new FakeClock();
  network = new FakeNetwork(clock);
});

/** One speaker of ours, and a neighbour `p` that the test speaks for. */
function scripted(changes: Partial<PeerConfig> = {}): { node: TestNode; peer: ScriptedPeer } {
  const peer = new ScriptedPeer(network, address(THERE)).listen();
  const node = new TestNode(clock, network, HERE);
  node.speaker.reconfigure(nodeConfig(5, [peerConfig("p", THERE, changes)]));
  clock.settle();
  return { node, peer };
}

/** The same, with the session up. */
function established(changes: Partial<PeerConfig> = {}, theirs: Partial<PeerConfig> = {}) {
  const { node, peer } = scripted(changes);
  const { line } = peer;
  line.sayOpen(theirs);
  line.sayKeepalive();
  clock.settle();
  expect(node.state("p")).toBe("established");
  line.take();
  node.routing.take();
  node.log.take();
  return { node, peer, line };
}

const off = { enabled: false, restartMs: 0, deferralMs: 0 };

const header = (octets: number, type: number): number[] => [...new Array<number>(16).fill(255), 0, octets, type];

/** 10.9.0.0/16, next hop 10.0.0.2, local preference 100. */
const update = Uint8Array.from([
  ...header(47, 2),
  ...[0, 0, 0, 21],
  ...[0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 3, 4, 10, 0, 0, 2, 0x40, 5, 4, 0, 0, 0, 100],
  ...[16, 10, 9],
]);

const endOfRib4 = Uint8Array.from([...header(23, 2), 0, 0, 0, 0]);

const dataOf = (line: ScriptedLine): number[] => Array.from(line.notification?.data ?? []);

describe("coming up", () => {
  test("we say OPEN when TCP is there, KEEPALIVE when the neighbour's OPEN is good, and are up with its KEEPALIVE", () => {
    const { node, peer } = scripted();
    expect(peer.line.take()).toEqual(["OPEN"]);
    expect(node.state("p")).toBe("openSent");
    peer.line.sayOpen();
    clock.settle();
    expect(peer.line.take()).toEqual(["KEEPALIVE"]);
    expect(node.state("p")).toBe("openConfirm");
    peer.line.sayKeepalive();
    clock.settle();
    expect(node.state("p")).toBe("established");
    expect(node.routing.take()).toEqual(["up p ipv4 ipv6 kept "]);
    expect(node.log.take().at(-1)).toBe(
      "info session with p (10.0.0.2 AS 64512) is Established: router id 0.0.0.9, we called from 10.0.0.1, hold 90 s, families ipv4 ipv6, graceful restart 120 s",
    );
  });

  test("an external neighbour without policies is told of in the log (RFC 8212 §3)", () => {
    const { node, peer } = scripted({ remoteAs: 64513 });
    peer.line.sayOpen({ localAs: 64513, gracefulRestart: off });
    peer.line.sayKeepalive();
    clock.settle();
    expect(node.log.take().at(-1)).toBe(
      "info session with p (10.0.0.2 AS 64513) is Established: router id 0.0.0.9, we called from 10.0.0.1, hold 90 s, families ipv4 ipv6, no graceful restart, no import policy: nothing is taken, no export policy: nothing is told",
    );
  });

  test("the log says when all its routes are here: once, with the last End-of-RIB", () => {
    const { node, line } = established();
    clock.advance(1_500);
    const endOfRib6 = Uint8Array.from([...header(30, 2), 0, 0, 0, 7, 0x90, 15, 0, 3, 0, 2, 1]);
    line.say(endOfRib4);
    clock.settle();
    expect(node.log.take()).toEqual([]);
    for (const octets of [endOfRib6, endOfRib4]) line.say(octets);
    clock.settle();
    expect(node.log.take()).toEqual([
      "info p (10.0.0.2 AS 64512) has told all its routes: End-of-RIB of ipv4 ipv6, 1.5 s after the session came up",
    ]);
  });

  test("a neighbour that never says OPEN is dropped after 4 minutes, and not a millisecond earlier", () => {
    const { peer } = scripted();
    peer.line.take();
    clock.advance(239_999);
    expect(peer.line.take()).toEqual([]);
    clock.advance(1);
    expect(peer.line.take()).toEqual(["NOTIFICATION 4/0", "closed"]);
  });

  test("a neighbour of another AS is told so, and called again after the idle hold time", () => {
    const { node, peer } = scripted();
    peer.line.sayOpen({ localAs: 64999 });
    clock.settle();
    expect(peer.line.take()).toEqual(["OPEN", "NOTIFICATION 2/2", "closed"]);
    expect(node.log.take().at(-1)).toBe(
      "warn session with p (10.0.0.2 AS 64512) does not come up: sent OPEN Message Error/Bad Peer AS: its AS is 64999, not 64512",
    );
    clock.advance(1_999);
    expect(peer.lines.length).toBe(1);
    clock.advance(1);
    expect(peer.lines.length).toBe(2);
  });

  test("what is wrong with the OPENs stays the reason while the neighbour hangs up, until there was a session", () => {
    const { node, peer } = scripted();
    const lastEnding = () => node.speaker.peer("p")?.lastEnding;
    const misfit = { kind: "sent", notification: { code: 2, subcode: 2 } };
    peer.line.sayOpen({ localAs: 64999 });
    clock.settle();
    expect(lastEnding()).toMatchObject(misfit);
    clock.advance(2_000);
    expect(peer.line.take()).toEqual(["OPEN"]);
    peer.line.connection.close(); // as BIRD does in its own time of rest
    clock.settle();
    expect(lastEnding()).toMatchObject(misfit);
    clock.advance(60_000);
    peer.line.sayOpen();
    peer.line.sayKeepalive();
    clock.settle();
    expect(node.state("p")).toBe("established");
    peer.line.connection.close();
    clock.settle();
    expect(lastEnding()).toMatchObject({ kind: "lost" });
  });

  test("a neighbour that refuses optional parameters gets an OPEN without them (RFC 5492 §3)", () => {
    const { peer } = scripted();
    peer.line.sayNotification({ code: 2, subcode: 4 });
    clock.advance(2_000);
    expect(peer.lines.length).toBe(2);
    expect(peer.line.take()).toEqual(["OPEN none"]);
  });

  test.each([
    ["KEEPALIVE", 4],
    ["UPDATE", 2],
    ["ROUTE-REFRESH", 5],
  ])("%s before OPEN is an error of the state machine (RFC 6608 §3)", (_name, type) => {
    const { peer } = scripted();
    const octets = type === 4 ? 19 : 23;
    peer.line.say(Uint8Array.from([...header(octets, type), 0, 1, 0, 1].slice(0, octets)));
    clock.settle();
    expect(peer.line.take()).toEqual(["OPEN", "NOTIFICATION 5/1", "closed"]);
    expect(dataOf(peer.line)).toEqual([type]);
  });

  test.each([
    ["a broken marker", 0, 0, "1/1"],
    ["a length below 19", 17, 18, "1/2"],
    ["an unknown type", 18, 9, "1/3"],
  ])("%s ends the connection (RFC 4271 §6.1)", (_what, at, value, expected) => {
    const { peer } = scripted();
    const octets = Uint8Array.from([...header(19, 4)]);
    octets[at] = value;
    peer.line.say(octets);
    clock.settle();
    expect(peer.line.take()).toEqual(["OPEN", `NOTIFICATION ${expected}`, "closed"]);
  });

  test.each([1, 2, 7, 18, 19, 20])("all goes the same with octets that come %i at a time", (pieceOctets) => {
    network.pieceOctets = pieceOctets;
    const { node, line } = established();
    line.say(update);
    clock.settle();
    expect(node.routing.take()).toEqual(["p +10.9.0.0/16"]);
  });

  test("all goes the same with OPEN, KEEPALIVE and UPDATE in one piece", () => {
    const { node, peer } = scripted();
    const said: number[] = [];
    peer.line.connection.send = (bytes, start, end) => void said.push(...bytes.subarray(start, end));
    peer.line.sayOpen();
    peer.line.sayKeepalive();
    peer.line.say(update);
    peer.line.connection.peer?.receive(Uint8Array.from(said));
    expect(node.routing.take()).toEqual(["up p ipv4 ipv6 kept ", "p +10.9.0.0/16"]);
  });
});

describe("staying up", () => {
  test("keepalives go out every third of the hold time, and an UPDATE stands for one", () => {
    const { node, line } = established();
    const keep = (): void => {
      line.sayKeepalive();
      clock.advance(10_000);
    };
    keep();
    keep();
    expect(line.take()).toEqual([]);
    keep();
    expect(line.take()).toEqual(["KEEPALIVE"]);
    keep();
    node.send("p", update);
    keep();
    keep();
    expect(line.take()).toEqual(["UPDATE 47"]);
    keep();
    expect(line.take()).toEqual(["KEEPALIVE"]);
  });

  test("a silent neighbour is dropped when the hold time ends, and not a millisecond earlier", () => {
    const { node, line } = established();
    clock.advance(89_999);
    expect(line.take()).toEqual(["KEEPALIVE", "KEEPALIVE"]);
    expect(node.state("p")).toBe("established");
    clock.advance(1);
    expect(line.take()).toEqual(["NOTIFICATION 4/0", "closed"]);
    expect(node.log.take()[0]).toMatch(
      /^warn session with p .* went down: sent Hold Timer Expired \(nothing was heard for 90 s\)/,
    );
  });

  test.each(["KEEPALIVE", "UPDATE", "ROUTE-REFRESH"])("a %s starts the hold time anew", (kind) => {
    const { node, line } = established();
    clock.advance(80_000);
    if (kind === "KEEPALIVE") line.sayKeepalive();
    else if (kind === "UPDATE") line.say(update);
    else line.sayRefresh({ kind: "request", family: "ipv4" });
    clock.advance(89_999);
    expect(node.state("p")).toBe("established");
    clock.advance(1);
    expect(node.state("p")).not.toBe("established");
  });

  test("octets that waited while we were busy save the session", () => {
    const { node, line } = established();
    clock.advance(89_999);
    line.sayKeepalive(); // arrives in the turn in which the timer rings
    clock.advance(1);
    expect(node.state("p")).toBe("established");
  });

  test("a hold time of 0: no keepalives, and silence is fine", () => {
    const timers = { holdMs: 0, keepaliveMs: 0, connectRetryMs: 5_000, idleHoldMs: 2_000 };
    const { node, line } = established({ timers });
    clock.advance(10_000_000);
    expect(line.take()).toEqual([]);
    expect(node.state("p")).toBe("established");
    expect(node.speaker.peer("p")?.remainingMs).toEqual({});
  });

  test("a neighbour that takes nothing for 8 minutes is dropped, though it sends keepalives (RFC 9687 §4.3)", () => {
    const { node, line } = established();
    const ours = line.connection.peer;
    if (ours === undefined) throw new Error("no connection");
    ours.blocked = true;
    const keep = (seconds: number): void => {
      for (let at = 0; at < seconds; at += 20) {
        line.sayKeepalive();
        clock.advance(20_000);
      }
    };
    keep(460); // the last thing it took was sent less than 30 s ago
    expect(node.state("p")).toBe("established");
    expect(node.speaker.peer("p")?.unsentOctets).toBeGreaterThan(0);
    keep(60);
    expect(node.state("p")).not.toBe("established");
    expect(node.log.take()[0]).toMatch(/went down: sent Send Hold Timer Expired/);
  });

  test("a neighbour that takes what is there is not dropped for having nothing to take", () => {
    const timers = { holdMs: 90_000, keepaliveMs: 30_000, connectRetryMs: 5_000, idleHoldMs: 2_000 };
    const { node, line } = established({ timers });
    for (let minute = 0; minute < 20; minute++) {
      line.sayKeepalive();
      clock.advance(60_000);
    }
    expect(node.state("p")).toBe("established");
  });

  test("`written` is called once for everything that was sent, also when the session dies", () => {
    const { node, line } = established();
    const session = node.routing.sessions.get("p");
    const ours = line.connection.peer;
    if (session === undefined || ours === undefined) throw new Error("no session");
    const written: string[] = [];
    session.send(update, 0, update.length, () => written.push("taken"));
    expect(written).toEqual([]);
    clock.settle();
    ours.blocked = true;
    session.send(update, 0, update.length, () => written.push("stuck"));
    clock.settle();
    expect(written).toEqual(["taken"]);
    line.connection.break();
    session.send(update, 0, update.length, () => written.push("late"));
    expect(written).toEqual(["taken"]);
    clock.settle();
    expect(written.toSorted()).toEqual(["late", "stuck", "taken"]);
    expect(node.speaker.peer("p")?.unsentOctets).toBe(0);
  });
});

describe("UPDATEs", () => {
  test("go to the neighbour's Adj-RIB-In", () => {
    const { node, line } = established();
    line.say(update);
    clock.settle();
    expect(node.routing.take()).toEqual(["p +10.9.0.0/16"]);
    expect(node.speaker.peer("p")?.counters.updatesIn).toBe(1);
  });

  test("one that breaks the protocol ends the session (RFC 7606 §3)", () => {
    const { line } = established();
    const broken = update.slice();
    broken[20] = 255; // more withdrawn routes than the message has octets
    line.say(broken);
    clock.settle();
    expect(line.take()).toEqual(["NOTIFICATION 3/1", "closed"]);
  });

  test("those with errors that a session survives get one line of log a minute", () => {
    const { node, line } = established();
    const wrong = update.slice();
    wrong[26] = 7; // ORIGIN
    for (let i = 0; i < 5; i++) line.say(wrong);
    clock.settle();
    expect(node.state("p")).toBe("established");
    expect(node.log.take()).toEqual(["warn p (10.0.0.2 AS 64512) sent an UPDATE with errors: ORIGIN invalid value"]);
    clock.advance(60_000);
    line.say(wrong);
    clock.settle();
    expect(node.log.take().length).toBe(1);
    expect(node.speaker.peer("p")?.counters.updatesWithErrors).toBe(6);
  });
});

describe("going down", () => {
  test("the UPDATE that ends a session is told before its end", () => {
    const { node, line } = established();
    const wrong = update.slice();
    wrong[44] = 33;
    line.say(wrong);
    clock.settle();
    expect(node.log.take().slice(0, 2)).toEqual([
      "warn p (10.0.0.2 AS 64512) sent an UPDATE with errors: UPDATE Message Error/Invalid Network Field",
      "warn session with p (10.0.0.2 AS 64512) went down: sent UPDATE Message Error/Invalid Network Field; its routes are kept for now (ipv4 ipv6)",
    ]);
    expect(node.speaker.peer("p")?.counters.updatesWithErrors).toBe(1);
  });

  test("the reason of the neighbour's operator stands in the log and in the status", () => {
    const { node, line } = established();
    line.sayNotification(operatorCease(2, "maintenance"));
    clock.settle();
    expect(node.log.take()[0]).toMatch(
      /^warn session with p \(10.0.0.2 AS 64512\) went down: received Cease\/Administrative Shutdown: maintenance/,
    );
    expect(node.speaker.peer("p")?.history.at(-1)).toMatchObject({
      from: "established",
      to: "active",
      reason: "received Cease/Administrative Shutdown: maintenance",
    });
  });

  test("after a Cease the neighbour may come back at once by itself; we call after the connect retry time", () => {
    const { node, peer, line } = established();
    line.sayNotification(operatorCease(4));
    clock.settle();
    clock.advance(0);
    expect(node.state("p")).toBe("active");
    clock.advance(4_999);
    expect(peer.lines.length).toBe(1);
    peer.dial(address(HERE));
    clock.settle();
    expect(node.state("p")).toBe("openSent");
    expect(peer.lines.length).toBe(2);
  });

  test("too many prefixes: Cease with the family and the limit, for good (RFC 4486 §4, RFC 8538 §5.1)", () => {
    const { node, line } = established();
    node.speaker.prefixLimitReached("p", "ipv6", 1_000);
    clock.settle();
    expect(line.take()).toEqual(["NOTIFICATION 6/9", "closed"]);
    expect(dataOf(line)).toEqual([6, 1, 0, 2, 1, 0, 0, 3, 232]);
    expect(node.routing.take()).toEqual(["down p retained "]);
  });

  test("without N the same Cease goes out plainly", () => {
    const { node, line } = established({ gracefulRestart: off });
    node.speaker.prefixLimitReached("p", "ipv4", 5);
    clock.settle();
    expect(line.take()).toEqual(["NOTIFICATION 6/1", "closed"]);
  });

  test("no room: Cease/Out of Resources", () => {
    const { node, line } = established({ gracefulRestart: off });
    node.speaker.outOfResources("p");
    clock.settle();
    expect(line.take()).toEqual(["NOTIFICATION 6/8", "closed"]);
  });

  test("what happened is kept, the last 32 changes of it", () => {
    const { node, peer } = established();
    for (let flap = 0; flap < 20; flap++) {
      peer.line.connection.break();
      clock.advance(200_000);
      peer.line.sayOpen();
      peer.line.sayKeepalive();
      clock.settle();
    }
    const history = node.speaker.peer("p")?.history ?? [];
    expect(history.length).toBe(32);
    expect(history.filter(({ from }) => from === "established").map(({ reason }) => reason)).toContain(
      "connection reset by peer",
    );
    expect(history.toSorted((a, b) => a.atMs - b.atMs)).toEqual(history);
  });

  test("a neighbour that does not answer is one line of log, and does not fill the history", () => {
    const node = new TestNode(clock, network, HERE);
    node.speaker.reconfigure(nodeConfig(1, [peerConfig("p", THERE)]));
    clock.advance(600_000);
    expect(node.log.take().filter((line) => line.includes("session"))).toEqual([
      "info session with p (10.0.0.2 AS 64512) does not come up: connection refused",
    ]);
    expect(node.speaker.peer("p")?.history.length).toBe(1);
  });

  test("one that is silent is too, and with a password that says what else it may mean (RFC 2385 §4.1)", () => {
    const node = new TestNode(clock, network, HERE);
    network.silent.add(THERE).add("10.0.0.3");
    node.speaker.reconfigure(nodeConfig(1, [peerConfig("p", THERE), peerConfig("q", "10.0.0.3", { password: "x" })]));
    clock.advance(600_000);
    expect(node.log.take().filter((line) => line.includes("session"))).toEqual([
      "info session with p (10.0.0.2 AS 64512) does not come up: no answer",
      "info session with q (10.0.0.3 AS 64512) does not come up: no answer, as where the neighbour has another password",
    ]);
  });
});

describe("collisions", () => {
  /** Both have OPENs on two connections: the first one dialled by us, the second one by the neighbour. */
  function crossing(theirId: number): { node: TestNode; peer: ScriptedPeer } {
    const { node, peer } = scripted();
    peer.dial(address(HERE));
    clock.settle();
    expect(peer.lines.map((line) => line.take())).toEqual([["OPEN"], ["OPEN"]]);
    for (const line of peer.lines) line.sayOpen({}, theirId);
    clock.settle();
    return { node, peer };
  }

  test("the neighbour has the higher identifier: its call stays (RFC 4271 §6.8)", () => {
    const { node, peer } = crossing(9);
    expect(peer.lines.map((line) => line.take())).toEqual([["NOTIFICATION 6/7", "closed"], ["KEEPALIVE"]]);
    peer.lines[1]?.sayKeepalive();
    clock.settle();
    expect(node.state("p")).toBe("established");
    expect(node.speaker.peer("p")?.lastEnding).toBeUndefined();
  });

  test("we have the higher identifier: our call stays", () => {
    const { node, peer } = crossing(4);
    expect(node.state("p")).toBe("openConfirm");
    expect(peer.lines.map((line) => line.take())).toEqual([["KEEPALIVE"], ["NOTIFICATION 6/7", "closed"]]);
    peer.lines[0]?.sayKeepalive();
    clock.settle();
    expect(node.state("p")).toBe("established");
  });

  /** Both connections are in OpenSent for us, and the neighbour has said OPEN and KEEPALIVE on ours alone. */
  function halfway(theirId: number): { node: TestNode; ours: ScriptedLine; theirs: ScriptedLine } {
    const { node, peer } = scripted();
    peer.dial(address(HERE));
    clock.settle();
    const [ours, theirs] = peer.lines;
    if (ours === undefined || theirs === undefined) throw new Error("no two connections");
    ours.sayOpen({}, theirId);
    ours.sayKeepalive();
    clock.settle();
    expect([ours.heard.shift(), theirs.heard.shift()]).toEqual(["OPEN", "OPEN"]);
    return { node, ours, theirs };
  }

  test("nothing confirms the call that will go while the other one's OPEN is on its way", () => {
    const { node, ours, theirs } = halfway(9);
    expect(node.state("p")).toBe("openSent");
    theirs.sayOpen({}, 9);
    theirs.sayKeepalive();
    clock.settle();
    expect([ours.take(), theirs.take()]).toEqual([["NOTIFICATION 6/7", "closed"], ["KEEPALIVE"]]);
    expect(node.state("p")).toBe("established");
    expect(node.speaker.peer("p")?.lastEnding).toBeUndefined();
  });

  test("where the neighbour gives its own call up, the other one goes on with what was said on it", () => {
    const { node, ours, theirs } = halfway(9);
    theirs.sayNotification({ code: 6, subcode: 7 });
    clock.settle();
    expect(node.state("p")).toBe("established");
    expect([ours.take(), theirs.take()]).toEqual([["KEEPALIVE"], ["closed"]]);
    expect(node.speaker.peer("p")?.lastEnding).toBeUndefined();
  });

  test("an OPEN that does not come is not waited for longer than a second", () => {
    const { node, ours, theirs } = halfway(9);
    clock.advance(999);
    expect([node.state("p"), ours.take(), theirs.take()]).toEqual(["openSent", [], []]);
    clock.advance(1);
    expect(node.state("p")).toBe("established");
    expect([ours.take(), theirs.take()]).toEqual([["KEEPALIVE"], ["NOTIFICATION 6/7", "closed"]]);
  });

  test("where we decide, the neighbour's call goes with the OPEN on ours", () => {
    const { node, theirs } = halfway(4);
    expect(theirs.take()).toEqual(["NOTIFICATION 6/7", "closed"]);
    expect(node.state("p")).toBe("established");
  });

  test("a call that comes while ours is in OpenConfirm hears nothing before that is decided", () => {
    const { node, peer } = scripted();
    peer.line.sayOpen({}, 9);
    clock.settle();
    expect(node.state("p")).toBe("openConfirm");
    peer.dial(address(HERE));
    clock.settle();
    const [ours, theirs] = peer.lines;
    expect(theirs?.take()).toEqual([]);
    ours?.connection.break();
    clock.settle();
    expect(theirs?.take()).toEqual(["OPEN"]);
  });

  test("a neighbour that calls twice gave its first call up", () => {
    const { node, peer } = scripted({ passive: true });
    for (let call = 0; call < 4; call++) {
      peer.dial(address(HERE));
      clock.settle();
    }
    expect(peer.lines.map((line) => line.take().at(-1))).toEqual(["OPEN", "closed", "closed", "OPEN"]);
    peer.line.sayOpen();
    peer.line.sayKeepalive();
    clock.settle();
    expect(node.state("p")).toBe("established");
    expect(peer.lines[0]?.take()).toEqual(["NOTIFICATION 6/7", "closed"]);
  });

  test("a call to a session that is up is turned away, and the session asked whether it is alive", () => {
    const { node, peer, line } = established({ gracefulRestart: off });
    clock.advance(5_000);
    peer.dial(address(HERE));
    clock.settle();
    peer.line.sayOpen();
    clock.settle();
    expect(peer.line.take()).toEqual(["OPEN", "NOTIFICATION 6/7", "closed"]);
    expect(line.take()).toEqual(["KEEPALIVE"]);
    expect(node.state("p")).toBe("established");
  });

  test("one that can restart may take the place of its old session, when it confirms the new one (RFC 4724 §4.2)", () => {
    const { node, peer, line } = established();
    peer.dial(address(HERE));
    clock.settle();
    peer.line.sayOpen({}, 9, true);
    clock.settle();
    expect(node.routing.take()).toEqual([]);
    peer.line.sayKeepalive();
    clock.settle();
    expect(line.take()).toEqual(["closed"]);
    expect(node.routing.take()).toEqual(["down p retained ipv4 ipv6", "up p ipv4 ipv6 kept ipv4 ipv6"]);
    expect(node.state("p")).toBe("established");
  });

  test("a late call that the neighbour gives up again costs a session nothing", () => {
    const { node, peer } = established();
    peer.dial(address(HERE));
    clock.settle();
    peer.line.sayOpen();
    peer.line.sayNotification({ code: 6, subcode: 7 });
    clock.settle();
    expect(node.routing.take()).toEqual([]);
    expect(node.state("p")).toBe("established");
  });

  test("when our own call fails, the neighbour's goes on in its place", () => {
    network.silent.add(THERE);
    const { node, peer } = scripted();
    expect(node.state("p")).toBe("connect");
    peer.dial(address(HERE));
    clock.settle();
    peer.line.sayOpen();
    peer.line.sayKeepalive();
    clock.settle();
    expect(node.state("p")).toBe("established");
    clock.advance(60_000);
    expect(node.state("p")).toBe("established");
  });
});

describe("graceful restart of the neighbour", () => {
  test("routes are kept while it is away, and swept with End-of-RIB", () => {
    const { node, peer, line } = established();
    line.connection.break();
    clock.settle();
    expect(node.routing.take()).toEqual(["down p retained ipv4 ipv6"]);
    expect(node.log.take()).toEqual([
      "warn session with p (10.0.0.2 AS 64512) went down: connection reset by peer; its routes are kept for now (ipv4 ipv6)",
    ]);
    expect(node.speaker.peer("p")?.away).toBe(true);
    clock.advance(1_000);
    peer.line.sayOpen({}, 9, true);
    peer.line.sayKeepalive();
    clock.settle();
    expect(node.routing.take()).toEqual(["up p ipv4 ipv6 kept ipv4 ipv6"]);
    expect(node.speaker.peer("p")).toMatchObject({ away: false, stale: ["ipv4", "ipv6"], complete: [] });
    peer.line.say(endOfRib4);
    clock.settle();
    expect(node.routing.take()).toEqual(["p End-of-RIB ipv4", "sweep p ipv4"]);
    clock.advance(59_999);
    peer.line.sayKeepalive();
    clock.advance(1);
    expect(node.routing.take()).toEqual(["sweep p ipv6"]);
  });

  test("routes go when it is not back in the time that it gave", () => {
    const { node, peer, line } = established(
      {},
      { gracefulRestart: { enabled: true, restartMs: 7_000, deferralMs: 0 } },
    );
    network.silent.add(THERE);
    line.connection.break();
    clock.advance(6_999);
    expect(node.routing.take()).toEqual(["down p retained ipv4 ipv6"]);
    node.log.take();
    clock.advance(1);
    expect(node.routing.take()).toEqual(["sweep p ipv4", "sweep p ipv6"]);
    expect(node.log.take()).toEqual([
      "warn p (10.0.0.2 AS 64512) is not back within its restart time: its kept routes go (ipv4 ipv6)",
    ]);
    expect(peer.lines.length).toBe(1);
  });

  test("a hold timer that expires keeps routes where both sides have N (RFC 8538 §4)", () => {
    const { node } = established();
    clock.advance(90_000);
    expect(node.routing.take()).toEqual(["down p retained ipv4 ipv6"]);
  });

  test("a Hard Reset keeps nothing", () => {
    const { node, line } = established();
    line.sayNotification(hardReset(operatorCease(2, "decommissioned")));
    clock.settle();
    expect(node.routing.take()).toEqual(["down p retained "]);
    expect(node.log.take()[0]).toMatch(/received Cease\/Hard Reset: Cease\/Administrative Shutdown: decommissioned$/);
  });

  test("BFD down: kept where BFD dies with the control plane, gone where it does not (RFC 5882 §4.3)", () => {
    const first = established();
    first.node.speaker.neighbourLost("p", false);
    expect(first.node.routing.take()).toEqual(["down p retained ipv4 ipv6"]);
    first.node.speaker.neighbourLost("p", true);
    expect(first.node.routing.take()).toEqual(["sweep p ipv4", "sweep p ipv6"]);
    clock = new FakeClock();
    network = new FakeNetwork(clock);
    const second = established();
    second.node.speaker.neighbourLost("p", true);
    clock.settle();
    expect(second.node.routing.take()).toEqual(["down p retained "]);
    expect(second.line.take()).toEqual(["NOTIFICATION 6/9", "closed"]);
  });
});

describe("route refresh", () => {
  test("a request is passed on (RFC 2918 §4)", () => {
    const { node, line } = established();
    line.sayRefresh({ kind: "request", family: "ipv6" });
    clock.settle();
    expect(node.routing.take()).toEqual(["refresh p ipv6 enhanced"]);
  });

  test("a request for a family that was not agreed is ignored", () => {
    const { node, line } = established({ families: ["ipv4"] });
    line.sayRefresh({ kind: "request", family: "ipv6" });
    clock.settle();
    expect(node.routing.take()).toEqual([]);
    expect(node.state("p")).toBe("established");
  });

  test("between BoRR and EoRR what is not sent again goes (RFC 7313 §4)", () => {
    const { node, line } = established({ gracefulRestart: off });
    line.sayRefresh({ kind: "begin", family: "ipv4" });
    line.sayRefresh({ kind: "end", family: "ipv4" });
    line.sayRefresh({ kind: "end", family: "ipv6" });
    clock.settle();
    expect(node.routing.take()).toEqual(["stale p ipv4", "sweep p ipv4"]);
  });

  test("BoRR before End-of-RIB is ignored where both restart gracefully (RFC 7313 §4)", () => {
    const { node, line } = established();
    line.sayRefresh({ kind: "begin", family: "ipv4" });
    clock.settle();
    expect(node.routing.take()).toEqual([]);
    expect(node.log.take()).toEqual(["info p (10.0.0.2 AS 64512) began a refresh of ipv4 before End-of-RIB: ignored"]);
    line.say(endOfRib4);
    line.sayRefresh({ kind: "begin", family: "ipv4" });
    clock.settle();
    expect(node.routing.take()).toEqual(["p End-of-RIB ipv4", "stale p ipv4"]);
  });

  test("a ROUTE-REFRESH of a wrong length ends the session (RFC 7313 §5)", () => {
    const { line } = established();
    line.say(Uint8Array.from([...header(24, 5), 0, 1, 0, 1, 0]));
    clock.settle();
    expect(line.take()).toEqual(["NOTIFICATION 7/1", "closed"]);
  });

  test("ours goes out for every family, to a neighbour that knows it", () => {
    const { node, line } = established();
    expect(node.speaker.refreshIn("p")).toBe(true);
    clock.settle();
    expect(line.take()).toEqual(["ROUTE-REFRESH request ipv4", "ROUTE-REFRESH request ipv6"]);
    expect(node.speaker.refreshOut("p")).toBe(true);
    expect(node.routing.take()).toEqual(["refresh p ipv4 enhanced", "refresh p ipv6 enhanced"]);
    expect(node.speaker.peer("p")?.counters.refreshesOut).toBe(2);
  });
});
