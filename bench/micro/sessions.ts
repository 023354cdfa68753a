import { type PerformanceEntry, PerformanceObserver, performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { Call, Connection, ConnectionEvents, Destination, DialEvents, Transport } from "#bgp/transport.ts";
import { HEAD_ROOM } from "#bgp/wire/framing.ts";
import { encodeKeepalive } from "#bgp/wire/keepalive.ts";
import { MessageType } from "#bgp/wire/message-type.ts";
import type { BlockOwner, NodeConfig, PeerConfig } from "#config/node-config.ts";
import { Daemon } from "#daemon/daemon.ts";
import type { Clock } from "#lib/clock.ts";
import { silentLog } from "#lib/log.ts";
import { type Address, parseAddress } from "#route/address.ts";
import { type Prefix, parsePrefix } from "#route/prefix.ts";
import { ModelKernel } from "../../test/kernel/model-kernel.ts";
import { nodeConfig, peerConfig } from "../../test/support/sessions.ts";

/*
 * Thousands of neighbours come, go, and make room for others: how long the daemon holds its thread. Its neighbours answer
 * in memory, at once, and tell a prefix each; the kernel is a model, whose time does not count. Times are processor time of
 * the thread; the last column leaves collections of garbage out, which are those of the bench as well.
 *
 *     node bench/micro/sessions.ts [--passwords] [neighbours] [rounds]
 */

/** After so long all collections have been told. */
const COLLECTIONS_MS = 20;

const HEADER_OCTETS = 19;
const TYPE_AT = 18;
const ROUTER_ID_AT = 24;

/** Real time; turns wait until the bench lets them run, and timers for ever. */
class BenchClock implements Clock {
  #soon: (() => void)[] = [];
  nowMs = (): number => performance.now();
  wallMs = (): number => performance.timeOrigin + performance.now();

  after() {
    return { cancel: () => {} };
  }

  soon(then: () => void): void {
    this.#soon.push(then);
  }

  get isIdle(): boolean {
    return this.#soon.length === 0;
  }

  /** @returns what is to be done in one turn */
  take(): (() => void)[] {
    return this.#soon.splice(0);
  }
}

/** A neighbour that says the OPEN that it hears, and then tells a prefix. */
class Answering implements Connection {
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  readonly interface = undefined;
  readonly #answers: Answers;
  #events: ConnectionEvents | undefined;

  constructor(answers: Answers, remoteAddress: Address) {
    this.localAddress = parseAddress("10.0.0.1")!;
    this.remoteAddress = remoteAddress;
    this.#answers = answers;
  }

  open(_options: unknown, events: ConnectionEvents): void {
    this.#events = events;
  }

  change(): void {}

  send(bytes: Uint8Array, start: number, end: number, written: () => void): void {
    const octets = bytes.slice(start, end);
    this.#answers.push(() => {
      written();
      this.#answer(octets);
    });
  }

  #answer(octets: Uint8Array): void {
    const type = octets[TYPE_AT];
    const [word = 0] = this.remoteAddress.words;
    if (type === MessageType.open) {
      new DataView(octets.buffer).setUint32(ROUTER_ID_AT, word);
      this.#say(octets);
      this.#say(encodeKeepalive());
    } else if (type === MessageType.keepalive) this.#say(updateOf(word));
  }

  #say(octets: Uint8Array): void {
    const bytes = new Uint8Array(HEAD_ROOM + octets.length);
    bytes.set(octets, HEAD_ROOM);
    this.#events?.received(bytes, HEAD_ROOM, bytes.length);
  }

  close(): void {
    this.#events = undefined;
  }
}

/** Its own block of 256 addresses, `SECOND.THIRD.FOURTH.0/24`, by way of itself. @param word the neighbour's address */
function updateOf(word: number): Uint8Array {
  const address = [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255];
  const attributes = [0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 3, 4, ...address, 0x40, 5, 4, 0, 0, 0, 100];
  const body = [0, 0, 0, attributes.length, ...attributes, 24, ...address.slice(1)];
  const length = HEADER_OCTETS + body.length;
  return Uint8Array.from([...new Array<number>(16).fill(255), 0, length, MessageType.update, ...body]);
}

type Answers = (() => void)[];

class Neighbours implements Transport {
  readonly answers: Answers = [];
  keys = 0;

  dial(to: Destination, events: DialEvents): Call {
    let over = false;
    this.answers.push(() => {
      if (!over) events.connected(new Answering(this.answers, to.address));
    });
    return {
      cancel: () => {
        over = true;
      },
    };
  }

  listen() {
    return {
      setPassword: () => {
        this.keys++;
        return undefined;
      },
      close: () => {},
    };
  }
}

/** Pieces of the daemon's own work. */
interface Piece {
  readonly fromMs: number;
  readonly toMs: number;
  /** Processor time. */
  readonly ms: number;
}

class World {
  readonly clock = new BenchClock();
  readonly transport = new Neighbours();
  readonly kernel = new ModelKernel();
  #pieces: Piece[] = [];
  #collections: PerformanceEntry[] = [];

  constructor() {
    new PerformanceObserver((list) => this.#collections.push(...list.getEntries())).observe({ entryTypes: ["gc"] });
  }

  async start(config: NodeConfig): Promise<Daemon> {
    this.kernel.addLink(2);
    this.kernel.addAddress(2, parseAddress("10.0.0.1")!, 8, parsePrefix("10.0.0.0/8")!);
    const { clock, transport, kernel: netlink } = this;
    const world = {
      ...{ clock, transport, netlink, log: silentLog, random: () => 0.5, rebooted: false },
      routers: { open: () => ({ refused: "no interface is watched here" }) },
      files: { write: async () => false },
      nft: { run: async () => {}, list: async () => undefined },
      sysctls: { read: () => undefined, write: () => undefined },
    };
    const starting = Daemon.start(world, config);
    this.settle();
    return await starting;
  }

  /** One piece of work on the main thread, as the event loop would see it. */
  piece(work: () => void): void {
    const fromMs = performance.now();
    const began = process.threadCpuUsage();
    work();
    const { user, system } = process.threadCpuUsage(began);
    this.#pieces.push({ fromMs, toMs: performance.now(), ms: (user + system) / 1000 });
  }

  /** Until nothing is left; neighbours' messages come in the slices in which sockets are read. */
  settle(): void {
    for (let busy = true; busy; ) {
      busy = false;
      while (this.kernel.step()) busy = true;
      const due = this.clock.take();
      if (due.length > 0) {
        busy = true;
        this.piece(() => {
          for (const then of due) then();
        });
      }
      const { answers } = this.transport;
      if (answers.length > 0) {
        busy = true;
        const endMs = performance.now() + 2;
        this.piece(() => {
          let done = 0;
          while (done < answers.length && performance.now() < endMs) answers[done++]!();
          answers.splice(0, done);
        });
      }
    }
  }

  async measure(what: string, work: () => void): Promise<void> {
    this.#pieces = [];
    const { keys } = this.transport;
    this.piece(work);
    this.settle();
    await sleep(COLLECTIONS_MS);
    const times = this.#pieces.map(({ ms }) => ms);
    const own = this.#pieces.map((piece) => piece.ms - this.#collectedMs(piece));
    const columns = [
      what.padEnd(18),
      `call ${times[0]!.toFixed(1).padStart(6)} ms`,
      `all ${times
        .reduce((all, ms) => all + ms, 0)
        .toFixed(0)
        .padStart(5)} ms in ${`${times.length}`.padStart(4)} turns`,
      `${this.transport.keys - keys} keys`.padStart(10),
      `longest turn ${Math.max(...times)
        .toFixed(1)
        .padStart(6)} ms`,
      `without collections ${Math.max(...own)
        .toFixed(1)
        .padStart(6)} ms`,
    ];
    console.log(columns.join("  "));
    this.#collections = [];
  }

  #collectedMs({ fromMs, toMs }: Piece): number {
    const within = this.#collections.filter(({ startTime }) => startTime >= fromMs && startTime < toMs);
    return within.reduce((sum, { duration }) => sum + duration, 0);
  }
}

const [countText = "5000", roundsText = "3"] = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const count = Number(countText);
const password = process.argv.includes("--passwords") ? "secret" : undefined;

/** Nodes, whose blocks are known. @param second octet of their addresses */
function neighbours(second: number): PeerConfig[] {
  return Array.from({ length: count }, (_, index) => {
    const at = `10.${second}.${index >>> 8}.${index & 255}`;
    const name = `Node_${at.replaceAll(".", "_")}`;
    return peerConfig(name, at, { password, announcer: { node: name, reflects: false } });
  });
}

const [ones, others] = [neighbours(1), neighbours(2)];
const owners = new Map([...ones, ...others].map(({ name, address }) => [name, ownerOf(name, address)]));
const { policies } = nodeConfig(1, []);
const addresses = { ipv4: parseAddress("10.0.0.1")! };

function ownerOf(node: string, address: Address): BlockOwner {
  const [word = 0] = address.words;
  const block: Prefix = { family: "ipv4", words: [(word << 8) >>> 0], length: 24 };
  return { node, blocks: [block], externalAs: undefined, routerId: word, addresses: { ipv4: address } };
}

function configOf(peers: readonly PeerConfig[]): NodeConfig {
  const blockOwners = new Map(peers.map(({ name }) => [name, owners.get(name)!]));
  return nodeConfig(1, peers, { addresses, policies, blockOwners });
}

const world = new World();
const daemon = await world.start(configOf([]));
console.log(`${count} neighbours${password === undefined ? "" : " with passwords"}`);
const established = (): number =>
  daemon.speaker.configs().filter(({ name }) => daemon.speaker.peer(name)?.state === "established").length;

for (let round = 1; round <= Number(roundsText); round++) {
  console.log(`round ${round}`);
  for (const [what, peers] of [
    ["none to all", ones],
    ["one more", [...ones, ...others.slice(0, 1)]],
    ["all to all others", others],
    ["all to none", []],
  ] as const) {
    const config = configOf(peers);
    await world.measure(what, () => daemon.reconfigure(config));
    if (established() !== peers.length) throw new Error(`${established()} of ${peers.length} sessions came up`);
  }
}
daemon.stop("hard");
process.exit(0);
