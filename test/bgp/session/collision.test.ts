import { expect, test } from "vitest";
import { type Contender, collide, type Identity, mayConfirmBeside, mayOpenBeside } from "#bgp/session/collision.ts";
import type { State } from "#bgp/session/session.ts";

const low: Identity = { routerId: 1, as: 64512 };
const high: Identity = { routerId: 2, as: 64512 };
const highByAs: Identity = { routerId: 1, as: 64513 };

const ours = (state: State): Contender => ({ state, dialled: true });
const theirs = (state: State): Contender => ({ state, dialled: false });

/** The OPEN came in on `newer`, always in OpenSent; the other connection waits in OpenConfirm. */
test.each([
  ["the higher identifier keeps its own call", ours("openSent"), theirs("openConfirm"), high, low, "other"],
  ["the higher identifier gives up the neighbour's", theirs("openSent"), ours("openConfirm"), high, low, "this"],
  ["the lower identifier gives up its own call", ours("openSent"), theirs("openConfirm"), low, high, "this"],
  ["the lower identifier keeps the neighbour's", theirs("openSent"), ours("openConfirm"), low, high, "other"],
  ["equal identifiers: the higher AS keeps its own", ours("openSent"), theirs("openConfirm"), highByAs, low, "other"],
  ["equal identifiers: the lower AS gives up its own", ours("openSent"), theirs("openConfirm"), low, highByAs, "this"],
] as const)("%s (RFC 4271 §6.8, RFC 6286 §2.3)", (_what, newer, older, local, remote, loser) => {
  expect(collide(newer, older, local, remote, false)).toBe(loser);
});

test("both ends keep the same one of two connections, whichever OPEN comes first", () => {
  for (const [a, b] of [
    [low, high],
    [high, low],
    [low, highByAs],
    [highByAs, low],
  ] as const) {
    for (const firstAtA of [true, false]) {
      for (const firstAtB of [true, false]) {
        // connection 1 was dialled by a, connection 2 by b; each end confirmed one, then hears the other one's OPEN
        expect(kept(a, b, true, firstAtA)).toBe(kept(b, a, false, firstAtB));
      }
    }
  }
});

/** Which connection is left. @param dialledFirst we dialled connection 1. @param confirmedFirst it is in OpenConfirm */
function kept(local: Identity, remote: Identity, dialledFirst: boolean, confirmedFirst: boolean): 1 | 2 {
  const [newer, older] = confirmedFirst ? [!dialledFirst, dialledFirst] : [dialledFirst, !dialledFirst];
  const loser = collide(
    { state: "openSent", dialled: newer },
    { state: "openConfirm", dialled: older },
    local,
    remote,
    false,
  );
  return (loser === "this") === confirmedFirst ? 1 : 2;
}

test("of two calls by the same side the older one was given up", () => {
  for (const local of [low, high]) {
    const remote = local === low ? high : low;
    expect(collide(ours("openSent"), ours("openConfirm"), local, remote, false)).toBe("other");
    expect(collide(theirs("openSent"), theirs("openConfirm"), local, remote, false)).toBe("other");
  }
});

test("what is no connection yet does not compete", () => {
  for (const state of ["idle", "connect", "active"] as const) {
    expect(collide(ours("openSent"), theirs(state), low, high, false)).toBe("none");
    expect(collide(theirs("openSent"), ours(state), low, high, true)).toBe("none");
  }
});

test("beside one in OpenSent, the call that stays when both OPENs are there goes on, and the other one waits", () => {
  for (const [local, remote, staying, going] of [
    [high, low, ours, theirs],
    [low, high, theirs, ours],
  ] as const) {
    expect(collide(staying("openSent"), going("openSent"), local, remote, false)).toBe("other");
    expect(mayConfirmBeside(staying("openSent"), going("openSent"), local, remote)).toBe(true);
    expect(collide(going("openSent"), staying("openSent"), local, remote, false)).toBe("none");
    expect(mayConfirmBeside(going("openSent"), staying("openSent"), local, remote)).toBe(false);
    expect(mayConfirmBeside(going("openSent"), staying("connect"), local, remote)).toBe(true);
  }
});

test("OPEN is not said beside the other side's call in OpenConfirm", () => {
  expect(mayOpenBeside(theirs("active"), ours("openConfirm"))).toBe(false);
  expect(mayOpenBeside(ours("connect"), theirs("openConfirm"))).toBe(false);
  expect(mayOpenBeside(theirs("active"), theirs("openConfirm"))).toBe(true); // it gave the older one up
  expect(mayOpenBeside(theirs("active"), ours("openSent"))).toBe(true);
  expect(mayOpenBeside(theirs("active"), ours("established"))).toBe(true);
});

test("an Established connection wins, unless the neighbour may have restarted (RFC 4271 §6.8, RFC 4724 §4.2)", () => {
  for (const newer of [ours("openSent"), theirs("openSent")]) {
    for (const [local, remote] of [
      [low, high],
      [high, low],
    ] as const) {
      expect(collide(newer, theirs("established"), local, remote, false)).toBe("this");
      expect(collide(newer, theirs("established"), local, remote, true)).toBe("none");
    }
  }
});
