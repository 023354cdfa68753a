import fc from "fast-check";
import { expect, test } from "vitest";
import { downState, dueMs, type LinkEvent, type LinkState, step } from "#discovery/link-state.ts";
import { advertisementOf, type RouterMessage } from "#discovery/message.ts";
import * as t from "#discovery/timing.ts";
import { formatAddress } from "#route/address.ts";
import { address } from "../support/sessions.ts";

/** One link, driven by hand; what it does is written down as `SECONDS effect`. */
class TestLink {
  state: LinkState = downState;
  nowMs = 0;
  random = 1;
  established = false;
  readonly log: string[] = [];

  handle(event: LinkEvent): this {
    const { next, effects } = step(this.state, event, { nowMs: this.nowMs, random: this.random });
    this.state = next;
    for (const effect of effects) {
      const to = effect.kind === "advertise" ? ` ${effect.to === undefined ? "all" : formatAddress(effect.to)}` : "";
      const who =
        effect.kind === "several" ? ` ${effect.routers.map((each) => formatAddress(each.address)).join(" ")}` : "";
      this.log.push(`${this.nowMs / 1000} ${effect.kind}${to}${who}`);
    }
    return this;
  }

  up(own = "fe80::1"): this {
    return this.handle({ kind: "up", own: address(own) });
  }

  heard(from: string, message: RouterMessage): this {
    return this.handle({ kind: "heard", from: address(from), message, established: this.established });
  }

  advertised(from: string, hardware?: string, lifetimeSeconds = 0): this {
    return this.heard(from, { ...advertisementOf(hardware), lifetimeSeconds });
  }

  solicited(from: string, hardwareAddress?: string): this {
    return this.heard(from, { kind: "solicitation", hardwareAddress });
  }

  /** Moves time on; everything is done when it is due. */
  wait(seconds: number): this {
    const end = this.nowMs + seconds * 1000;
    while (dueMs(this.state) <= end) {
      this.nowMs = Math.max(this.nowMs, dueMs(this.state));
      this.handle({ kind: "due" });
    }
    this.nowMs = end;
    return this;
  }

  get chosen(): string | undefined {
    return this.state.chosen && formatAddress(this.state.chosen.address);
  }

  take(): string[] {
    return this.log.splice(0);
  }
}

test("a link that comes up is asked three times who is there, and told of us: thrice soon, then every 7.5 to 10 s", () => {
  const link = new TestLink().up().wait(12);
  expect(link.take()).toEqual([
    "0 solicit",
    "0 advertise all",
    "3 advertise all",
    "4 solicit",
    "6 advertise all",
    "8 solicit",
  ]);
  link.random = 0;
  link.wait(20);
  expect(link.take()).toEqual(["16 advertise all", "23.5 advertise all", "31 advertise all"]);
});

test("the first router that is heard is the neighbour; it learns of us at once, and nobody is asked any more", () => {
  const link = new TestLink().up();
  link.take();
  link.wait(1).advertised("fe80::9").wait(8);
  expect(link.chosen).toBe("fe80::9");
  expect(link.take()).toEqual(["1 advertise fe80::9", "3 advertise all", "6 advertise all"]);
});

test("a neighbour without a session that speaks again may have begun anew: it is told, not oftener than every 10 s", () => {
  const link = new TestLink().up().advertised("fe80::9").wait(9);
  link.take();
  link.advertised("fe80::9").wait(1);
  expect(link.take()).toEqual([]);
  link.advertised("fe80::9");
  expect(link.take()).toEqual(["10 advertise fe80::9"]);
  link.established = true;
  link.wait(10).advertised("fe80::9");
  expect(link.take()).toEqual(["16 advertise all"]);
});

test("who asks is answered alone, within half a second; who has no address yet, with everybody, 3 s after the last time", () => {
  const link = new TestLink().up().wait(7);
  link.take();
  link.solicited("fe80::7", "02:00:00:00:00:07").solicited("fe80::7").wait(0.4);
  expect(link.take()).toEqual([]);
  link.wait(0.6);
  expect(link.take()).toEqual(["7.5 advertise fe80::7", "8 solicit"]);
  link.solicited("::").wait(2);
  expect(link.take()).toEqual(["9 advertise all"]);
});

test("an unspecified address with a link-layer address, and one of another network, get no answer (RFC 4861 §6.1.1)", () => {
  const link = new TestLink().up().wait(9);
  link.take();
  link.solicited("::", "02:00:00:00:00:07").solicited("2001:db8::7").wait(6);
  expect(link.take()).toEqual([]);
});

test("only so many wait for an answer at a time", () => {
  const link = new TestLink().up();
  link.take();
  for (let host = 0; host < 20; host++) link.solicited(`fe80::a${host}`);
  link.wait(1);
  expect(link.take()).toHaveLength(t.MOST_ANSWERS);
});

test("an advertisement from anything but a link-local address, or from ourselves, is none (RFC 4861 §6.1.2)", () => {
  const link = new TestLink().up().advertised("2001:db8::9").advertised("::").advertised("fe80::1");
  expect(link.chosen).toBeUndefined();
});

test("of several routers the lowest address is taken, or the one whose session stands; that is said once", () => {
  const link = new TestLink().up().advertised("fe80::9");
  link.take();
  link.advertised("fe80::8").advertised("fe80::a").advertised("fe80::9");
  expect(link.chosen).toBe("fe80::8");
  expect(link.take().filter((line) => line.includes("several"))).toEqual(["0 several fe80::9 fe80::8"]);
  link.established = true;
  link.advertised("fe80::7");
  expect(link.chosen).toBe("fe80::8");
  link.established = false;
  link.advertised("fe80::a");
  expect(link.chosen).toBe("fe80::7");
});

test("a router that is silent for longer than it said makes room for others; alone it stays", () => {
  const link = new TestLink()
    .up()
    .advertised("fe80::5", undefined, 120)
    .advertised("fe80::6")
    .wait(60)
    .advertised("fe80::9");
  expect(link.chosen).toBe("fe80::5");
  link.wait(61).advertised("fe80::9");
  expect(link.chosen).toBe("fe80::9");
  link.wait(3600);
  expect(link.chosen).toBe("fe80::9");
});

test("one router at another address is followed though its session stands; two that share a link-layer address are not", () => {
  const mac = "02:00:00:00:00:09";
  const link = new TestLink().up().advertised("fe80::9", mac);
  link.established = true;
  link.advertised("fe80::10", mac);
  expect([link.chosen, link.state.routers.length]).toEqual(["fe80::10", 1]);
  link.advertised("fe80::9", mac).advertised("fe80::10", mac).advertised("fe80::9", mac);
  expect(link.chosen).toBe("fe80::10");
});

test("at another address of ours the neighbour stays, and is told at once", () => {
  const link = new TestLink().up().advertised("fe80::9").wait(8);
  link.take();
  link.up("fe80::2");
  expect(link.chosen).toBe("fe80::9");
  expect(link.take()).toEqual(["8 solicit", "8 advertise fe80::9"]);
});

test("a link that goes down forgets everybody, and what was to be said; back up at once it keeps the 3 s", () => {
  const link = new TestLink().up().advertised("fe80::9").solicited("fe80::7").handle({ kind: "down" });
  expect([link.chosen, dueMs(link.state)]).toEqual([undefined, Infinity]);
  link.take();
  link.advertised("fe80::9").wait(1);
  expect(link.chosen).toBeUndefined();
  link.up().wait(2);
  expect(link.take()).toEqual(["1 solicit", "3 advertise all"]);
});

const addresses = fc.constantFrom("fe80::1", "fe80::2", "fe80::9", "fe80::a", "2001:db8::1", "::");
const hardware = fc.constantFrom(undefined, "02:00:00:00:00:01", "02:00:00:00:00:02");
const events: fc.Arbitrary<LinkEvent | { readonly kind: "wait"; readonly ms: number }> = fc.oneof(
  fc.record({ kind: fc.constant("up" as const), own: fc.constantFrom("fe80::1", "fe80::2").map(address) }),
  fc.constant({ kind: "down" as const }),
  fc.record({
    kind: fc.constant("heard" as const),
    from: addresses.map(address),
    message: hardware.map(advertisementOf),
    established: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("heard" as const),
    from: addresses.map(address),
    message: fc.record({ kind: fc.constant("solicitation" as const), hardwareAddress: hardware }),
    established: fc.boolean(),
  }),
  fc.constant({ kind: "due" as const }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(30_000) }),
);

test("whatever happens: advertisements to all are 3 s apart, the neighbour is a router that was heard, and nothing is due on a dead link", () => {
  fc.assert(
    fc.property(fc.array(events, { maxLength: 60 }), (list) => {
      const link = new TestLink();
      for (const event of list) {
        if (event.kind === "wait") link.wait(event.ms / 1000);
        else link.handle(event);
        const { own, chosen, routers } = link.state;
        expect(chosen === undefined || routers.includes(chosen)).toBe(true);
        expect(routers.length).toBeLessThanOrEqual(t.MOST_ROUTERS);
        if (own === undefined) expect([chosen, dueMs(link.state)]).toEqual([undefined, Infinity]);
      }
      const toAll = link.log.filter((line) => line.endsWith(" all")).map((line) => Number(line.split(" ")[0]));
      toAll.forEach((at, index) => {
        if (index > 0) expect(at - (toAll[index - 1] ?? 0)).toBeGreaterThanOrEqual(3);
      });
    }),
  );
});
