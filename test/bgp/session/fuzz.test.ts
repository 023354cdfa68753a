import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import type { RoutingSide } from "#bgp/ports.ts";
import { openFor } from "#bgp/session/negotiate.ts";
import { Speaker } from "#bgp/speaker.ts";
import { encodeOpen } from "#bgp/wire/open.ts";
import type { RouteSink } from "#bgp/wire/route-sink.ts";
import type { PeerConfig } from "#config/node-config.ts";
import { silentLog } from "#lib/log.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { FakeNetwork } from "../../support/fake-wire.ts";
import { ScriptedPeer } from "../../support/scripted-peer.ts";
import { address, nodeConfig, peerConfig } from "../../support/sessions.ts";
import { LOCAL_AS, REMOTE_AS, ROUTER_ID } from "../wire/support/arbitraries.ts";
import { damaged } from "../wire/support/damage.ts";
import { Random } from "../wire/support/random.ts";
import { type Judgement, SessionOracle, type Stage } from "./support/oracle-session.ts";
import type { Agreed } from "./support/oracle-update.ts";

/*
 * Neighbours out of their minds, against whole sessions: everything they are answered, and every route that is taken from
 * them, is what an oracle says that knows the RFCs and nothing of the code.
 */

const SEED = 0x5e55;
const STORM_OCTETS = 24 << 20;
/** Longer than the longest IdleHoldTime: after it we have called again. */
const BACK_MS = 200_000;
const MOST_SETS = 500;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const hex8 = (word: number): string => word.toString(16).padStart(8, "0");

/** An Adj-RIB-In that writes down routes as the oracle does, remembers some attribute sets, and counts those that are held. */
class StormRouting implements RoutingSide, RouteSink {
  held = 0;
  routes: string[] = [];
  readonly #sets = new Set<string>();

  up(): RouteSink {
    return this;
  }

  down(): void {}
  sweep(): void {}
  markStale(): void {}
  refresh(): void {}
  endOfRib(): void {}

  forget(): void {
    this.#sets.clear();
    this.routes = [];
  }

  take(): string[] {
    return this.routes.splice(0);
  }

  find(context: number, octets: Uint8Array, start: number, end: number): number {
    if (!this.#sets.has(keyOf(context, octets, start, end))) return 0;
    this.held++;
    return 1;
  }

  add(context: number, octets: Uint8Array, start: number, end: number): number {
    if (this.#sets.size === MOST_SETS) this.#sets.clear();
    this.#sets.add(keyOf(context, octets, start, end));
    this.held++;
    return 1;
  }

  drop(): void {
    this.held--;
  }

  reach4(word: number, length: number): void {
    this.routes.push(`+${hex8(word)}/${length}`);
  }

  unreach4(word: number, length: number): void {
    this.routes.push(`-${hex8(word)}/${length}`);
  }

  reach6(w0: number, w1: number, w2: number, w3: number, length: number): void {
    this.routes.push(`+${[w0, w1, w2, w3].map(hex8).join("")}/${length}`);
  }

  unreach6(w0: number, w1: number, w2: number, w3: number, length: number): void {
    this.routes.push(`-${[w0, w1, w2, w3].map(hex8).join("")}/${length}`);
  }
}

const keyOf = (context: number, octets: Uint8Array, start: number, end: number): string =>
  `${context} ${Buffer.from(octets.subarray(start, end)).toString("latin1")}`;

/** What two sides agree on, and how the neighbour's OPEN says so. */
interface Kind extends Agreed {
  readonly bare?: true;
}

const both = { ipv4: true, ipv6: true } as const;
const kinds: readonly Kind[] = [
  { ...both, external: true, remoteAs: REMOTE_AS, fourOctetAs: true, extendedNextHop: true },
  { ...both, external: true, remoteAs: REMOTE_AS, fourOctetAs: false, extendedNextHop: false },
  { ...both, external: false, remoteAs: LOCAL_AS, fourOctetAs: true, extendedNextHop: false },
  { ...both, external: false, remoteAs: LOCAL_AS, fourOctetAs: false, extendedNextHop: true },
  { ipv4: true, ipv6: false, external: false, remoteAs: LOCAL_AS, fourOctetAs: true, extendedNextHop: false },
  { ipv4: false, ipv6: true, external: true, remoteAs: REMOTE_AS, fourOctetAs: true, extendedNextHop: false },
];

/** A speaker of ours with one neighbour, whose part the test plays. */
class Victim {
  readonly routing = new StormRouting();
  readonly #clock = new FakeClock();
  readonly #network = new FakeNetwork(this.#clock);
  readonly #peer = new ScriptedPeer(this.#network, address("10.0.0.2")).listen();
  readonly #speaker: Speaker;
  readonly #kind: Kind;
  readonly #open: Uint8Array;
  /** How often each outcome was met. */
  readonly met = new Map<string, number>();

  constructor(kind: Kind) {
    this.#kind = kind;
    this.#speaker = new Speaker({
      clock: this.#clock,
      log: silentLog,
      transport: this.#network.host(address("10.0.0.1")),
      routing: this.routing,
      observer: { established: () => {}, down: () => {}, endOfRib: () => {}, complete: () => {} },
      restarted: false,
      forwardingKept: () => true,
      random: () => 1,
    });
    const families = (["ipv4", "ipv6"] as const).filter((family) => kind[family]);
    const settings: Partial<PeerConfig> = { families, extendedNextHop: kind.extendedNextHop };
    const here = peerConfig("p", "10.0.0.2", { ...settings, remoteAs: kind.remoteAs });
    this.#speaker.reconfigure(nodeConfig(ROUTER_ID, [here]));
    const there = peerConfig("me", "10.0.0.1", { ...settings, localAs: kind.remoteAs });
    const speaker = { routerId: 9, clusterId: 9, restarting: false, forwardingKept: () => true };
    const { capabilities, ...open } = openFor(there, speaker, false);
    const fourOctetAs = kind.fourOctetAs ? capabilities.fourOctetAs : undefined;
    this.#open = encodeOpen({ ...open, capabilities: { ...capabilities, fourOctetAs } });
  }

  /** One connection's life, from `stage` on. @returns octets that were sent */
  live(stage: Stage, random: Random): number {
    this.#reach(stage);
    const { line } = this.#peer;
    const oracle = new SessionOracle(stage, this.#kind, { ...this.#kind, localAs: LOCAL_AS, localRouterId: ROUTER_ID });
    let octets = 0;
    for (let count = 0; count < 100; count++) {
      const chunk = damaged(random);
      octets += chunk.length;
      const before = this.#errors();
      line.say(chunk);
      this.#clock.settle();
      const judged = oracle.feed(chunk);
      this.#compare(judged, this.#errors() - before, line.take(), line.notification?.data ?? [], chunk);
      if (judged.end !== undefined) return octets;
      // An OPEN that chance made: what it agreed on is its own affair.
      if (stage === "openSent" && oracle.stage !== "openSent") break;
    }
    line.connection.break();
    return octets;
  }

  #reach(stage: Stage): void {
    this.#peer.lines.length = 0;
    this.#network.connections.length = 0;
    this.#clock.advance(BACK_MS);
    const { line } = this.#peer;
    if (stage !== "openSent") line.say(this.#open);
    if (stage === "established") line.sayKeepalive();
    this.#clock.settle();
    expect(this.#speaker.peer("p")?.state).toBe(stage);
    line.take();
    this.routing.take();
  }

  #compare(
    { routes, errors, end }: Judgement,
    counted: number,
    heard: string[],
    data: ArrayLike<number>,
    chunk: Uint8Array,
  ): void {
    const said = heard.filter((one) => one !== "KEEPALIVE" && !one.startsWith("UPDATE"));
    const [first = "nothing"] = said;
    const told = this.routing.take();
    this.#meet(first);
    if (errors > 0 && end === undefined) this.#meet("survived");
    // Most of the time all is well: what would be said otherwise is made when it is needed.
    const agrees =
      ended(said, data, end) && told.join() === routes.join() && counted === errors && this.routing.held === 0;
    if (agrees) return;
    const expected = { end: end instanceof Set ? [...end] : end, routes, counted: errors, held: 0 };
    const seen = { end: said, routes: told, counted, held: this.routing.held };
    expect(seen, `after ${Buffer.from(chunk).toString("hex")}`).toEqual(expected);
  }

  #meet(what: string): void {
    this.met.set(what, (this.met.get(what) ?? 0) + 1);
  }

  #errors(): number {
    return this.#speaker.peer("p")?.counters.updatesWithErrors ?? 0;
  }
}

/** Was the connection ended as it should be: by one of these NOTIFICATIONs, without a word, or not at all? */
function ended(said: readonly string[], data: ArrayLike<number>, end: Judgement["end"]): boolean {
  if (end === undefined) return said.length === 0;
  if (end === "silent") return said.join() === "closed";
  const [first = "", second, ...more] = said;
  const code = first.replace("NOTIFICATION ", "");
  const told = end.has(code) || end.has(`${code} ${Buffer.from(Array.from(data)).toString("hex")}`);
  return told && second === "closed" && more.length === 0;
}

const stages: readonly Stage[] = ["openSent", "openConfirm", ...new Array<Stage>(8).fill("established")];

function storm(victims: readonly Victim[], octets: number, random: Random): void {
  for (let sent = 0; sent < octets; ) sent += random.pick(victims).live(random.pick(stages), random);
  for (const { routing } of victims) routing.forget();
}

const heapOctets = (): number => {
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

test("24 MB before and after a valid OPEN: every answer and every route is as the RFCs say, and nothing is left behind", () => {
  const random = new Random(SEED);
  const victims = kinds.map((kind) => new Victim(kind));
  storm(victims, STORM_OCTETS / 12, random);
  const before = heapOctets();
  storm(victims, (STORM_OCTETS * 11) / 12, random);
  expect(heapOctets() - before).toBeLessThan(1 << 20);
  // The storm has to have got everywhere.
  const met = new Set(victims.flatMap((victim) => [...victim.met.keys()]));
  const codes = ["1/1", "1/2", "1/3", "2/0", "2/1", "2/2", "2/3", "2/4", "2/6", "3/1", "3/2", "3/9", "3/10"];
  const told = [...codes, "5/1", "5/2", "5/3", "7/1"].map((code) => `NOTIFICATION ${code}`);
  expect([...met]).toEqual(expect.arrayContaining([...told, "closed", "nothing", "survived"]));
}, 600_000);
