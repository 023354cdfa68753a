import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { MessageCutter } from "#bgp/wire/framing.ts";
import { decodeMessage, describeMessage } from "#bgp/wire/message.ts";
import { HEADER_OCTETS, MAX_EXTENDED_OCTETS, MessageType } from "#bgp/wire/message-type.ts";
import { decodeNotification, describeNotification } from "#bgp/wire/notification.ts";
import { checkOpen, decodeOpen } from "#bgp/wire/open.ts";
import { PeerFault } from "#bgp/wire/peer-fault.ts";
import type { ReadContext } from "#bgp/wire/read-context.ts";
import { decodeRouteRefresh } from "#bgp/wire/route-refresh.ts";
import type { RouteSink } from "#bgp/wire/route-sink.ts";
import { UpdateReader } from "#bgp/wire/update.ts";
import type { AttributeFacts } from "#route/attribute-facts.ts";
import { LOCAL_AS, REMOTE_AS } from "./support/arbitraries.ts";
import { damaged, messageMutations, updates } from "./support/damage.ts";
import { Random } from "./support/random.ts";

const SEED = 0x11e7;
const FUZZ_OCTETS = 24 << 20;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const MOST_SETS = 500;

/** Takes everything, remembers some sets for a while, and refuses what no decoder may produce. */
class StrictSink implements RouteSink {
  held = 0;
  routes = 0;
  found = 0;
  readonly #sets = new Set<string>();

  find(context: number, octets: Uint8Array, start: number, end: number): number {
    if (!this.#sets.has(keyOf(context, octets, start, end))) return 0;
    this.found++;
    this.held++;
    return 1;
  }

  forget(): void {
    this.#sets.clear();
  }

  add(context: number, octets: Uint8Array, start: number, end: number, facts: AttributeFacts): number {
    if (this.#sets.size === MOST_SETS) this.#sets.clear();
    this.#sets.add(keyOf(context, octets, start, end));
    if (start < 0 || start > end || end > octets.length) throw new Error(`set ${start} to ${end}`);
    if (facts.origin > 2 || facts.pathLength > MAX_EXTENDED_OCTETS) throw new Error(`facts ${JSON.stringify(facts)}`);
    if (facts.nextHopFamily === undefined) throw new Error("no next hop");
    this.held++;
    return 2;
  }

  drop(): void {
    this.held--;
  }

  reach4(address: number, length: number): void {
    this.#check(length, 32, address);
  }

  unreach4(address: number, length: number): void {
    this.#check(length, 32, address);
  }

  reach6(w0: number, w1: number, w2: number, w3: number, length: number): void {
    this.#check(length, 128, w0, w1, w2, w3);
  }

  unreach6(w0: number, w1: number, w2: number, w3: number, length: number): void {
    this.#check(length, 128, w0, w1, w2, w3);
  }

  endOfRib(): void {}

  /** Whole words, unsigned, with nothing set beyond the length. */
  #check(length: number, most: number, ...words: readonly number[]): void {
    this.routes++;
    if (length < 0 || length > most) throw new Error(`length ${length}`);
    for (const [index, word] of words.entries()) {
      const bits = Math.min(32, Math.max(0, length - index * 32));
      if (word !== Math.floor(word / 2 ** (32 - bits)) * 2 ** (32 - bits))
        throw new Error(`${words.join(" ")} / ${length}`);
    }
  }
}

const keyOf = (context: number, octets: Uint8Array, start: number, end: number): string =>
  `${context} ${Buffer.from(octets.subarray(start, end)).toString("latin1")}`;

const contexts: readonly ReadContext[] = [true, false].flatMap((external) =>
  [true, false].map((fourOctetAs) => ({
    context: (external ? 1 : 0) + (fourOctetAs ? 2 : 0),
    families: ["ipv4" as const, "ipv6" as const],
    external,
    localAs: LOCAL_AS,
    remoteAs: external ? REMOTE_AS : LOCAL_AS,
    fourOctetAs,
    extendedNextHop: fourOctetAs,
    routerId: 1,
    clusterId: 1,
    allowOwnAs: 0,
    checkFirstAs: true,
  })),
);

/** One connection that lives on after a fault, as the next one would. */
class Victim {
  readonly sink = new StrictSink();
  faults = 0;
  messages = 0;
  readonly outcomes = new Map<string, number>();
  readonly #readers = contexts.map((context) => new UpdateReader(context, this.sink));
  #cutter = new MessageCutter();

  constructor(maxOctets: number) {
    this.#cutter.maxOctets = maxOctets;
  }

  receive(stream: Uint8Array): void {
    try {
      this.#cutter.feed(stream, 0, stream.length);
      while (this.#cutter.next()) {
        const { type, bytes, start, end } = this.#cutter;
        this.messages++;
        this.#handle(type, bytes, start, end);
      }
    } catch (error) {
      if (!(error instanceof PeerFault)) throw error;
      this.faults++;
      this.#count(`${error.notification.code}/${error.notification.subcode}`);
      const { maxOctets } = this.#cutter;
      this.#cutter = new MessageCutter();
      this.#cutter.maxOctets = maxOctets;
    }
  }

  #handle(type: number, bytes: Uint8Array, start: number, end: number): void {
    if (type === MessageType.update) {
      const reader = this.#readers[this.messages % this.#readers.length]!;
      const outcome = reader.read(bytes, start, end);
      this.#count(outcome);
      if (outcome !== "ok" && reader.remarks() === "") throw new Error("an outcome without a remark");
    } else if (type === MessageType.open) {
      checkOpen(decodeOpen(bytes, start, end), { localAs: LOCAL_AS, localRouterId: 1, remoteAs: REMOTE_AS });
    } else if (type === MessageType.notification) {
      describeNotification(decodeNotification(bytes, start, end));
    } else if (type === MessageType.routeRefresh) {
      decodeRouteRefresh(bytes, start, end);
    }
  }

  #count(what: string): void {
    this.outcomes.set(what, (this.outcomes.get(what) ?? 0) + 1);
  }
}

function bombard(victim: Victim, octets: number, seed: number): void {
  const random = new Random(seed);
  for (let sent = 0; sent < octets; ) {
    const message = damaged(random);
    sent += message.length;
    victim.receive(message);
  }
}

const heapOctets = (): number => {
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

test("24 MB of damaged messages: every fault is the peer's, every set is let go, and the heap is as it was", () => {
  const victim = new Victim(4096);
  const extended = new Victim(MAX_EXTENDED_OCTETS);
  bombard(victim, FUZZ_OCTETS / 24, SEED);
  bombard(extended, FUZZ_OCTETS / 24, SEED + 1);
  victim.sink.forget();
  extended.sink.forget();
  const before = heapOctets();
  bombard(victim, FUZZ_OCTETS / 2, SEED + 2);
  bombard(extended, FUZZ_OCTETS / 2, SEED + 3);
  victim.sink.forget();
  extended.sink.forget();
  expect(heapOctets() - before).toBeLessThan(1 << 20);
  expect([victim.sink.held, extended.sink.held]).toEqual([0, 0]);
  // The storm has to have got everywhere.
  expect(victim.sink.routes).toBeGreaterThan(50_000);
  expect(victim.sink.found).toBeGreaterThan(1000);
  const reached = [...victim.outcomes.keys()];
  const header = ["1/1", "1/2", "1/3"];
  const opening = ["2/0", "2/1", "2/2", "2/3", "2/4", "2/6"];
  const updating = ["3/1", "3/2", "3/4", "3/5", "3/9", "3/10", "3/11"];
  expect(reached).toEqual(expect.arrayContaining([...header, ...opening, ...updating, "7/1"]));
  expect(reached).toEqual(expect.arrayContaining(["ok", "discarded", "withdrawn"]));
}, 120_000);

test("whatever comes before an OPEN, the stream is cut or refused", () => {
  const random = new Random(SEED);
  const victim = new Victim(4096);
  for (let count = 0; count < 20_000; count++) victim.receive(random.octets(random.below(60)));
  expect(victim.faults).toBeGreaterThan(1000);
}, 60_000);

test("what the log says of damaged messages is text, or the fault that ends the session", () => {
  const random = new Random(SEED);
  let told = 0;
  for (let count = 0; count < 20_000; count++) {
    const octets = random.pick(messageMutations)(random, random.pick(updates));
    if (octets.length < HEADER_OCTETS + 4) continue;
    try {
      if (describeMessage(decodeMessage(octets, 0, octets.length)).startsWith("UPDATE")) told++;
    } catch (error) {
      expect(error).toSatisfy((thrown) => thrown instanceof PeerFault || thrown instanceof RangeError);
    }
  }
  expect(told).toBeGreaterThan(5000);
}, 60_000);
