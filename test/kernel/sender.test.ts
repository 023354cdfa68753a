import { expect, test } from "vitest";
import type { NetlinkPort } from "#kernel/netlink-port.ts";
import { Sender, type Source } from "#kernel/sender.ts";
import { FakeClock } from "../support/fake-clock.ts";

/** Routes that need no message and take half a millisecond each to find out. */
class SlowSource implements Source {
  pending = 10;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  checkpoint(): () => boolean {
    return () => this.pending === 0;
  }

  prepare(): void {}

  fill(): { looked: number; batch: undefined } {
    this.pending--;
    this.#clock.advanceOnly(0.5);
    return { looked: 1, batch: undefined };
  }
}

test("a turn ends after two milliseconds, and the next one goes on", () => {
  const clock = new FakeClock();
  const room = new Uint32Array(16);
  const port = { room: () => room, release: () => {} } satisfies Partial<NetlinkPort> as unknown as NetlinkPort;
  const sender = new Sender(port, clock, () => {});
  const source = new SlowSource(clock);
  sender.attach([source]);
  sender.resume();
  sender.whenTried(() => {}); // somebody waits: ten routes go at once
  const left: number[] = [];
  for (; clock.isBusy; left.push(source.pending)) clock.turn();
  expect(left).toEqual([6, 2, 0]);
});
