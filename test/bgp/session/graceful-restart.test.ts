import fc from "fast-check";
import { expect, test } from "vitest";
import {
  endsForGood,
  type Helper,
  type HelperEffect,
  type HelperEvent,
  help,
  noHelp,
} from "#bgp/session/graceful-restart.ts";
import type { AgreedRestart } from "#bgp/session/negotiate.ts";
import type { Ending } from "#bgp/session/session.ts";
import { hardReset } from "#bgp/wire/notification.ts";
import type { Family } from "#route/family.ts";

const both: readonly Family[] = ["ipv4", "ipv6"];
const agreed = (changes: Partial<AgreedRestart> = {}): AgreedRestart => ({
  restarting: false,
  restartMs: 120_000,
  families: both,
  forwarding: both,
  notification: false,
  ...changes,
});
const lost: Ending = { kind: "lost", reason: "connection reset" };
const cease = { code: 6, subcode: 4 };

function show(effect: HelperEffect): string {
  if (effect.kind === "arm") return `arm ${effect.timer} ${effect.ms}`;
  if (effect.kind === "disarm") return `disarm ${effect.timer}`;
  return `${effect.kind} ${"families" in effect ? effect.families.join(" ") : effect.family}`.trim();
}

/** Runs events from the beginning. @returns what each one brought */
function play(...events: readonly HelperEvent[]): { effects: string[][]; last: Helper } {
  let helper = noHelp;
  const effects = events.map((event) => {
    const step = help(helper, event);
    helper = step.next;
    return step.effects.map(show);
  });
  return { effects, last: helper };
}

const down = (ending: Ending, restart: AgreedRestart | undefined = agreed()): HelperEvent => ({
  kind: "down",
  ending,
  agreed: restart,
});
const up = (restart: AgreedRestart | undefined = agreed()): HelperEvent => ({
  kind: "up",
  agreed: restart,
  staleMs: 60_000,
});
const allSent = (family: Family): HelperEvent => ({ kind: "allSent", family });
const quiet = ["disarm restart", "disarm stale"];

test("a neighbour that restarts keeps its routes until End-of-RIB of each family (RFC 4724 §4.2)", () => {
  const { effects, last } = play(down(lost), up(agreed({ restarting: true })), allSent("ipv6"), allSent("ipv4"));
  expect(effects).toEqual([
    ["retain ipv4 ipv6", "arm restart 120000"],
    ["keep ipv4 ipv6", "disarm restart", "arm stale 60000"],
    ["sweep ipv6"],
    ["sweep ipv4", ...quiet],
  ]);
  expect(last).toEqual(noHelp);
});

test("a family whose forwarding state was not kept goes at once, the other one stays (RFC 4724 §4.2)", () => {
  const { effects, last } = play(down(lost), up(agreed({ forwarding: ["ipv6"] })));
  expect(effects[1]).toEqual(["keep ipv6", "disarm restart", "arm stale 60000"]);
  expect(last.stale).toEqual(["ipv6"]);
});

test("a neighbour that comes back without the capability keeps nothing", () => {
  expect(play(down(lost), { kind: "up", agreed: undefined, staleMs: 60_000 }).effects[1]).toEqual(["keep", ...quiet]);
});

test("only families that the capability lists are kept", () => {
  expect(play(down(lost, agreed({ families: ["ipv4"] }))).effects).toEqual([["retain ipv4", "arm restart 120000"]]);
  expect(play(down(lost, agreed({ families: [] }))).effects).toEqual([["retain", ...quiet]]);
});

test("without the capability nothing is kept", () => {
  const gone: HelperEvent = { kind: "down", ending: lost, agreed: undefined };
  expect(play(gone).effects).toEqual([["retain", ...quiet]]);
});

test("a neighbour that does not come back in its restart time loses its routes", () => {
  const { effects, last } = play(down(lost), { kind: "restartExpired" });
  expect(effects[1]).toEqual(["sweep ipv4", "sweep ipv6", ...quiet]);
  expect(last).toEqual(noHelp);
});

test("a neighbour that is back but never sends End-of-RIB loses what it did not confirm", () => {
  const { effects } = play(down(lost), up(), allSent("ipv4"), { kind: "staleExpired" });
  expect(effects[3]).toEqual(["sweep ipv6", ...quiet]);
});

test.each([
  ["sent", "kept where both sides have N", { kind: "sent", notification: cease }, true, true],
  ["received", "kept where both sides have N", { kind: "received", notification: cease }, true, true],
  ["hold timer", "kept where both sides have N", { kind: "sent", notification: { code: 4, subcode: 0 } }, true, true],
  ["sent", "the end without N", { kind: "sent", notification: cease }, false, false],
  ["received", "the end without N", { kind: "received", notification: cease }, false, false],
  ["hard reset sent", "the end", { kind: "sent", notification: hardReset(cease) }, true, false],
  ["hard reset received", "the end", { kind: "received", notification: hardReset(cease) }, true, false],
  ["closed by us without a word", "kept", { kind: "closed", reason: "restart" }, false, true],
  ["TCP", "kept", lost, false, true],
] as const)("a NOTIFICATION (%s) is %s (RFC 8538 §4)", (_what, _outcome, ending, notification, kept) => {
  const [effects] = play(down(ending, agreed({ notification }))).effects;
  expect(effects).toEqual(kept ? ["retain ipv4 ipv6", "arm restart 120000"] : ["retain", ...quiet]);
});

test("Cease reasons that end a session for good are those of RFC 8538 §5.1", () => {
  const subcodes = [1, 2, 3, 4, 5, 6, 7, 8, 9].filter((subcode) => endsForGood({ code: 6, subcode }));
  expect(subcodes).toEqual([1, 2, 3]);
  expect(endsForGood({ code: 4, subcode: 0 })).toBe(false);
});

test("a restart during a restart loses nothing, and does not prolong the time of what is stale", () => {
  const { effects } = play(down(lost), up(), down(lost), up(), { kind: "staleExpired" });
  expect(effects.slice(2)).toEqual([
    ["retain ipv4 ipv6", "arm restart 120000"],
    ["keep ipv4 ipv6", "disarm restart"],
    ["sweep ipv4", "sweep ipv6", ...quiet],
  ]);
});

test("the time of what is stale can end while the neighbour is away again", () => {
  const { effects, last } = play(down(lost), up(), down(lost), { kind: "staleExpired" }, up());
  expect(effects.slice(3)).toEqual([
    ["sweep ipv4", "sweep ipv6", ...quiet],
    ["keep", ...quiet],
  ]);
  expect(last).toEqual(noHelp);
});

test("a refresh marks a family stale and sweeps it at its end (RFC 7313 §4)", () => {
  const begins: HelperEvent = { kind: "refreshBegins", family: "ipv6", staleMs: 60_000 };
  const { effects } = play(up(), begins, begins, allSent("ipv6"), allSent("ipv6"));
  expect(effects.slice(1)).toEqual([
    ["markStale ipv6", "arm stale 60000"],
    ["markStale ipv6", "arm stale 60000"],
    ["sweep ipv6", ...quiet],
    [],
  ]);
});

test("what a disabled neighbour left is forgotten", () => {
  expect(play(down(lost), { kind: "forget" }).effects[1]).toEqual(["sweep ipv4", "sweep ipv6", ...quiet]);
  expect(play({ kind: "forget" }).effects[0]).toEqual(quiet);
});

/** Whatever happens, stale routes never live without a timer that ends them, and no timer outlives them. */
test("what is stale is always bounded by a timer", () => {
  const family = fc.constantFrom<Family>("ipv4", "ipv6");
  const restart = fc.option(
    fc.record({
      restarting: fc.boolean(),
      restartMs: fc.constant(120_000),
      families: fc.subarray([...both]),
      forwarding: fc.subarray([...both]),
      notification: fc.boolean(),
    }),
    { nil: undefined },
  );
  const endings = fc.constantFrom<Ending>(
    lost,
    { kind: "sent", notification: cease },
    { kind: "received", notification: hardReset(cease) },
  );
  /** In the order in which sessions let things happen. */
  const event = fc.oneof(
    fc.record({ kind: fc.constant("down" as const), ending: endings, agreed: restart }),
    fc.record({ kind: fc.constant("up" as const), agreed: restart, staleMs: fc.constant(60_000) }),
    fc.record({ kind: fc.constant("allSent" as const), family }),
    fc.record({ kind: fc.constant("refreshBegins" as const), family, staleMs: fc.constant(60_000) }),
    fc.constant({ kind: "restartExpired" as const }),
    fc.constant({ kind: "staleExpired" as const }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      let helper = noHelp;
      let isUp = false;
      const running = new Set<string>();
      for (const next of events) {
        if (next.kind === "down" || next.kind === "up") {
          if ((next.kind === "up") === isUp) continue;
          isUp = !isUp;
        } else if (next.kind === "restartExpired" || next.kind === "staleExpired") {
          if (!running.delete(next.kind === "restartExpired" ? "restart" : "stale")) continue;
        } else if (!isUp) continue;
        const step = help(helper, next);
        helper = step.next;
        for (const effect of step.effects) {
          if (effect.kind === "arm") running.add(effect.timer);
          if (effect.kind === "disarm") running.delete(effect.timer);
        }
        expect(helper.away).toBe(running.has("restart"));
        if (helper.stale.length > 0) expect(running.size).toBeGreaterThan(0);
        else expect([...running]).toEqual([]);
      }
    }),
  );
});
