import { beforeEach, expect, test } from "vitest";
import { ruleset, table } from "#cni/masquerade.ts";
import { MasqueradeKeeper, type Nft } from "#cni/masquerade-keeper.ts";
import type { Log } from "#lib/log.ts";
import { parsePrefix } from "#route/prefix.ts";
import { FakeClock } from "../support/fake-clock.ts";

const config = { podCidrs: [parsePrefix("10.244.1.0/24")].flatMap((prefix) => prefix ?? []), exclude: [] };

/** An nftables that knows our two forms of input. */
class FakeNft implements Nft {
  text: string | undefined;
  broken = false;
  runs = 0;
  looks = 0;

  run(commands: string): Promise<void> {
    if (this.broken) return Promise.reject(new Error("nft failed: Operation not permitted"));
    this.runs++;
    const body = commands.split("\n").slice(2).join("\n");
    this.text = body === "" ? undefined : body;
    return Promise.resolve();
  }

  list(): Promise<string | undefined> {
    this.looks++;
    return Promise.resolve(this.text);
  }
}

let clock: FakeClock;
let nft: FakeNft;
let lines: string[];
let keeper: MasqueradeKeeper;

beforeEach(() => {
  clock = new FakeClock();
  nft = new FakeNft();
  lines = [];
  const write = (message: string): void => void lines.push(message);
  const log: Log = { debug: write, info: write, warn: write, error: write, with: () => log };
  keeper = new MasqueradeKeeper(nft, clock, log);
});

/** What the keeper's clock began is done when it can be stopped. */
async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await keeper.stop();
}

test("the table is written once, and not again while it is right", async () => {
  await keeper.set(config);
  await keeper.set({ ...config });
  expect(nft.text).toBe(table(config));
  expect(nft.runs).toBe(1);
  expect(ruleset(config)).toContain(table(config));
  expect(lines).toEqual(["masquerade table written"]);
});

test("a table that an earlier run left is removed where none is wanted, when the start is over", async () => {
  nft.text = table(config);
  await keeper.set(undefined);
  await pass(4_999);
  expect(nft.text).toBe(table(config));
});

test("a table that an earlier run left is removed five seconds later, once", async () => {
  nft.text = table(config);
  await keeper.set(undefined);
  await pass(5_000);
  expect(nft.text).toBeUndefined();
  await keeper.set(undefined);
  expect(nft.runs).toBe(1);
});

test("a table that is not wanted any more goes at once, and is not looked for again", async () => {
  await keeper.set(config);
  await keeper.set(undefined);
  expect(nft.text).toBeUndefined();
  await pass(3_600_000);
  expect(nft.looks).toBe(2);
});

test("what somebody changed is put right within a minute", async () => {
  await keeper.set(config);
  nft.text = table(config).replace("masquerade", "accept");
  await pass(59_999);
  expect(nft.text).not.toBe(table(config));
});

test("what somebody changed is put right after a minute", async () => {
  await keeper.set(config);
  nft.text = undefined;
  await pass(60_000);
  expect(nft.text).toBe(table(config));
  expect(lines).toContain("somebody changed the masquerade table; it is put right");
});

test("a failure is told once and tried again", async () => {
  nft.broken = true;
  await keeper.set(config);
  await keeper.set({ ...config });
  expect(lines).toEqual(["the masquerade table cannot be written"]);
  nft.broken = false;
  await pass(10_000);
  expect(nft.text).toBe(table(config));
});
