import { Speaker, type StopMode } from "#bgp/speaker.ts";
import type { Transport } from "#bgp/transport.ts";
import { AttributeSetCodec } from "#bgp/wire/attribute-codec.ts";
import type { Nft } from "#cni/masquerade-keeper.ts";
import type { NodeConfig, PeerConfig } from "#config/node-config.ts";
import { Discovery } from "#discovery/discovery.ts";
import type { RouterPort } from "#discovery/router-port.ts";
import { Kernel } from "#kernel/kernel.ts";
import type { NetlinkPort } from "#kernel/netlink-port.ts";
import { type SysctlFiles, type SysctlNeeds, settleSysctls, unforwarded } from "#kernel/sysctl.ts";
import type { Clock, Timer } from "#lib/clock.ts";
import { EndingClock } from "#lib/ending-clock.ts";
import type { Log } from "#lib/log.ts";
import { finish, mapSteps, Slices, type Steps } from "#lib/steps.ts";
import { Rib } from "#rib/rib.ts";
import { RibView } from "#rib/views.ts";
import { type Family, families } from "#route/family.ts";
import { HopSetTable } from "#route/hop-set.ts";
import { ClashingCalls } from "./clashing-calls.ts";
import { Drain } from "./drain.ts";
import { foreignRoute } from "./foreign-routes.ts";
import { Gateways } from "./gateways.ts";
import { Moving } from "./moving.ts";
import { type NodeFiles, NodeNetwork } from "./node-network.ts";
import { Routing } from "./routing.ts";
import { linkFacts, Unnumbered } from "./unnumbered.ts";
import { warmUpRouting } from "./warm-up.ts";

/** What the daemon is given of the world. */
export interface World {
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 to 1. */
  random(): number;
  readonly transport: Transport;
  readonly netlink: NetlinkPort;
  readonly routers: RouterPort;
  readonly files: NodeFiles;
  readonly nft: Nft;
  readonly sysctls: SysctlFiles;
  /** The daemon ran here before the machine was booted: its sessions come back, its routes are gone. */
  readonly rebooted: boolean;
}

/**
 * How long after the last End-of-RIB adopted routes stay that nobody confirmed: neighbours without graceful restart send
 * no End-of-RIB that would have been waited for, but they send their routes at once.
 */
const SETTLE_MS = 3_000;

/**
 * With more neighbours than these the node is one of a mesh, whose neighbours tell a prefix or two each: no table comes
 * that could stall a cold start, and time to the last route counts more.
 */
const MAX_PEERS_WARMED = 32;

/** The whole: sessions, RIB and kernel joined. Built once the kernel is known, from a first configuration. */
export class Daemon {
  readonly speaker: Speaker;
  readonly rib: Rib;
  readonly ribView: RibView;
  readonly kernel: Kernel;
  readonly drain: Drain;
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  /** The kernel held routes of ours when the daemon came. */
  readonly adopted: boolean;
  /** Neighbours may know us from before: by an earlier daemon, of this boot or the one before. */
  readonly restarted: boolean;
  stopping = false;
  /** Needs of the sysctls that were looked at last. */
  #settled = "";
  /** Settings that wait for the next start. */
  #waiting = "";
  readonly #settling: Partial<Record<Family, Timer>> = {};
  /** What the last turns made of `#wanted`. */
  #applied: NodeConfig | undefined;
  readonly #slices: Slices;
  /** `#wanted` stands in line: what was wanted before is being applied. */
  #isDue = false;
  readonly #world: World;
  readonly #kernelClock: EndingClock;
  readonly #routing: Routing;
  readonly #network: NodeNetwork;
  readonly #gateways: Gateways;
  readonly #discovery: Discovery;
  readonly #unnumbered: Unnumbered;
  readonly #clashingCalls: ClashingCalls;
  readonly #moving: Moving;
  /** As configured. */
  #wanted: NodeConfig;
  /** The same, with what the kernel says of it, and with sessions that stay until others took their place. */
  #config: NodeConfig;

  private constructor(
    world: World,
    config: NodeConfig,
    kernel: Kernel,
    hopSets: HopSetTable,
    kernelClock: EndingClock,
  ) {
    const { clock, log } = world;
    this.#world = world;
    this.#kernelClock = kernelClock;
    this.#slices = new Slices(clock, 0);
    this.#wanted = config;
    this.#gateways = new Gateways((family) => kernel.gateways(family), log);
    this.#config = this.#gateways.resolve(config);
    this.#discovery = new Discovery({
      clock,
      log,
      random: () => world.random(),
      port: world.routers,
      link: (name) => linkFacts(kernel.links, name),
      established: (name) => this.#hasSessionOn(name),
      changed: () => this.reconfigure(this.#wanted),
    });
    this.#unnumbered = new Unnumbered(this.#discovery, log);
    this.#clashingCalls = new ClashingCalls(log);
    this.#moving = new Moving({
      clock,
      isComplete: (name) => this.#hasToldAll(name),
      over: () => this.reconfigure(this.#wanted),
    });
    this.kernel = kernel;
    this.startedMs = clock.wallMs();
    this.#network = new NodeNetwork(world.files, world.nft, clock, log);
    const held = families.filter((family) => kernel.installer.holdsRoutes(family));
    this.adopted = held.length > 0;
    this.restarted = this.adopted || world.rebooted;
    this.rib = new Rib({
      clock,
      seed: seedOf(world),
      routerId: config.routerId,
      codec: new AttributeSetCodec(),
      resolver: kernel.nextHops,
      hopSets,
      forwarding: kernel.installer,
      maxPaths: config.kernel.maxPaths,
      held: this.restarted,
      events: {
        endOfRib: () => {},
        foreignOrigin: (peer, prefix, { node }) => {
          log.warn(foreignRoute(prefix, node, peer), { peer });
        },
        prefixLimit: (peer, family, prefixes) => this.speaker.prefixLimitReached(peer, family, prefixes),
        tableFull: (peer, { message }) => {
          log.error(`${message}: the session with ${peer} ends`, { peer });
          this.speaker.outOfResources(peer);
        },
      },
    });
    this.ribView = new RibView(this.rib, this.startedMs);
    this.drain = new Drain({ clock, log, apply: (stage) => this.rib.setDrain(stage) });
    this.#routing = new Routing(this.rib, kernel.links, config, clock);
    this.speaker = new Speaker({
      clock,
      log,
      transport: world.transport,
      routing: this.#routing,
      random: () => world.random(),
      restarted: this.restarted,
      forwardingKept: (family) => held.includes(family),
      observer: {
        established: () => {},
        down: () => {},
        endOfRib: () => clock.soon(() => this.#moving.look()),
        complete: (family) => this.#complete(family),
      },
    });
  }

  static start(world: World, config: NodeConfig): Promise<Daemon>;
  static start(world: World, config: NodeConfig, givenUp: Promise<unknown>): Promise<Daemon | undefined>;
  /**
   * Reads the kernel, adopts its routes of ours, and begins.
   * @param givenUp settles when the daemon is not wanted any more @returns undefined where it did before the kernel was read
   */
  static async start(world: World, config: NodeConfig, givenUp?: Promise<unknown>): Promise<Daemon | undefined> {
    const { log, netlink: port } = world;
    const hopSets = new HopSetTable();
    const clock = new EndingClock(world.clock);
    const kernel = new Kernel({ config: config.kernel, port, hopSets, clock, log, seed: seedOf(world) });
    const known = new Promise<boolean>((resolve) => kernel.start(() => resolve(true)));
    if (!(await Promise.race([known, ...(givenUp === undefined ? [] : [givenUp.then(() => false)])]))) {
      clock.end(); // it is not read again
      return undefined;
    }
    if (config.peers.length <= MAX_PEERS_WARMED) warmUpRouting();
    const daemon = new Daemon(world, config, kernel, hopSets, clock);
    kernel.onChange(() => daemon.#kernelChanged());
    daemon.#begin();
    return daemon;
  }

  /** The first configuration: there is nobody yet whom a long turn would keep waiting. */
  #begin(): void {
    this.#slices.add(() => mapSteps([this.#apply()], (steps) => finish(steps)), nothing);
  }

  /**
   * Makes everything what `wanted` says; sessions and routes that it does not concern stay as they are. Thousands of sessions
   * take their turns (ADR 0046): of configurations that come meanwhile the newest is the next one.
   */
  reconfigure(wanted: NodeConfig): void {
    this.#wanted = wanted;
    if (this.#isDue) return;
    this.#isDue = true;
    this.#slices.add(() => this.#apply(), nothing);
  }

  *#apply(): Steps<void> {
    this.#isDue = false;
    const wanted = this.#wanted;
    const found = this.#unnumbered.resolve(this.#gateways.resolve(wanted));
    yield* this.#clashingCalls.look(wanted.peers, found.peers);
    const config = this.#moving.resolve(found);
    const before = this.#applied;
    this.#config = config;
    this.#applied = config;
    const { kernel, rib } = this;
    this.#reconfigureKernel(config);
    rib.reconfigureForwarding(config.kernel);
    kernel.installer.setOwn(
      config.originated
        .filter(({ blackhole }) => blackhole)
        .map(({ prefix }) => ({ prefix, set: { kind: "blackhole" } as const })),
    );
    this.drain.reconfigure(config.drain);
    yield* rib.setOwnersSteps(config.blockOwners);
    rib.originate(config.originated);
    if (before === undefined || !sameSessions(before, config)) yield* this.#applySessions(config);
    this.#network.apply(config, kernel.uplinkMtu(config.addresses.ipv4 ?? config.addresses.ipv6));
  }

  /** Who goes makes room for who comes; whoever comes is known to the RIB before a session can. */
  *#applySessions(config: NodeConfig): Steps<void> {
    this.kernel.nextHops.allowDefault(
      config.peers.filter(({ ttl }) => ttl.kind !== "direct").map(({ address }) => address),
    );
    yield;
    yield* this.speaker.leave(config);
    yield* this.#routing.forget(config);
    yield* this.#routing.reconfigure(config);
    yield* this.speaker.reconfigureSteps(config);
    yield* this.#settleSysctls(config);
  }

  /** End-of-RIB of every family came. */
  #hasToldAll(name: string): boolean {
    const peer = this.speaker.peer(name);
    return peer?.state === "established" && peer.complete.length >= (peer.negotiated?.families.length ?? 1);
  }

  /** Why a neighbour by interface alone is not found, for people; undefined: it is, or is none. */
  missing({ unnumbered, interface: link }: PeerConfig): string | undefined {
    return unnumbered && link !== undefined ? this.#discovery.missing(link) : undefined;
  }

  /** With the neighbour that was found there. */
  #hasSessionOn(link: string): boolean {
    const peer = this.#config.peers.find((each) => each.unnumbered && each.interface === link);
    return peer !== undefined && this.speaker.peer(peer.name)?.state === "established";
  }

  #kernelChanged(): void {
    this.rib.nextHopsChanged();
    this.#routing.linksChanged();
    const found = this.#discovery.look();
    if (found || this.#gateways.haveMoved(this.#wanted)) this.reconfigure(this.#wanted);
  }

  /** What the running daemon cannot take over is said once for each value. */
  #reconfigureKernel({ kernel: settings }: NodeConfig): void {
    const kept = this.kernel.reconfigure(settings).map((field) => `kernel.${field} ${settings[field]}`);
    const said = kept.join(" and ");
    if (said !== "" && said !== this.#waiting) {
      const text = "takes effect when the daemon is started again; routes of before stay until `linnet cleanup`";
      this.#world.log.warn(`${said} ${text}`);
    }
    this.#waiting = said;
  }

  /** Once for equal needs: what stays wrong is said once. */
  *#settleSysctls({ peers, addresses, kernel: settings }: NodeConfig): Steps<void> {
    const { links } = this.kernel;
    const reached = yield* mapSteps(
      peers,
      ({ address, interface: name }) => name ?? links.get(links.reaching(address)?.link ?? 0)?.name,
    );
    const needs: SysctlNeeds = {
      families: families.filter((family) => addresses[family] !== undefined),
      interfaces: [...new Set(reached.filter((name) => name !== undefined))].sort(),
      advertised: this.kernel.advertised(),
      kernel: settings,
    };
    const key = JSON.stringify(needs);
    if (key === this.#settled) return;
    this.#settled = key;
    settleSysctls(needs, this.#world.sysctls, this.#world.log);
  }

  /** Settings of the kernel that keep packets from this node's pods, where it has any. */
  unforwarded(): string[] {
    const { originated, kernel } = this.#config;
    const own = originated.filter(({ from }) => from === "podCIDR" && kernel.install);
    const routed = families.filter((family) => own.some(({ prefix }) => prefix.family === family));
    return unforwarded(routed, this.#world.sysctls.read);
  }

  get config(): NodeConfig {
    return this.#config;
  }

  /** Milliseconds since 1970. */
  nowMs(): number {
    return this.#world.clock.wallMs();
  }

  /** Ends the sessions; routes stay in the kernel. */
  stop(mode: StopMode, text = ""): void {
    this.stopping = true;
    this.#slices.stop();
    for (const family of families) this.#settling[family]?.cancel();
    this.drain.stop();
    this.#discovery.stop();
    this.#moving.stop();
    this.speaker.stop(mode, text);
    this.rib.stop();
    this.#kernelClock.end(); // what is refused or pending stays so
    void this.#network.stop();
  }

  /** Nobody has anything more to send: others are told what we heard, and what nobody confirmed goes. */
  #complete(family: Family): void {
    this.rib.release(family);
    this.#settling[family] = this.#world.clock.after(SETTLE_MS, () => {
      const swept = this.kernel.installer.sweep(family);
      if (swept > 0)
        this.#world.log.info(`${swept} ${family} routes from before the restart were not confirmed and go`);
    });
  }
}

const nothing = (): void => {};

const seedOf = (world: World): number => Math.floor(world.random() * 2 ** 32) >>> 0;

/** What changes often and concerns no session: own prefixes, owners of blocks, and what stands beside routing. */
const BESIDE_SESSIONS: ReadonlySet<string> = new Set(["originated", "blockOwners", "drain", "cni", "masquerade"]);

function sameSessions(before: NodeConfig, after: NodeConfig): boolean {
  const fields = Object.keys({ ...before, ...after }) as (keyof NodeConfig)[];
  return fields.every((field) => before[field] === after[field] || BESIDE_SESSIONS.has(field));
}
