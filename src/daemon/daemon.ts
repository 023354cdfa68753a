import type { RoutingSide } from "#bgp/ports.ts";
import { Speaker, type StopMode } from "#bgp/speaker.ts";
import type { Transport } from "#bgp/transport.ts";
import { AttributeSetCodec } from "#bgp/wire/attribute-set.ts";
import { ReadContexts } from "#bgp/wire/read-context.ts";
import type { NodeConfig } from "#config/node-config.ts";
import { Kernel } from "#kernel/kernel.ts";
import type { NetlinkPort } from "#kernel/netlink-port.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { Rib } from "#rib/rib.ts";
import { type Family, families } from "#route/family.ts";
import { HopSetTable } from "#route/hop-set.ts";
import { Restart } from "./restart.ts";
import { Routing } from "./routing.ts";

/** What the daemon is given of the world. */
export interface World {
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 to 1. */
  random(): number;
  readonly transport: Transport;
  readonly netlink: NetlinkPort;
}

/** The whole: sessions, RIB and kernel joined. Built once the kernel is known, from a first configuration. */
export class Daemon {
  readonly speaker: Speaker;
  readonly rib: Rib;
  readonly kernel: Kernel;
  readonly #world: World;
  readonly #routing: Routing;
  readonly #restart: Restart;
  #config: NodeConfig;

  private constructor(world: World, config: NodeConfig, kernel: Kernel, hopSets: HopSetTable) {
    const { clock, log } = world;
    this.#world = world;
    this.#config = config;
    this.kernel = kernel;
    const held = families.filter((family) => kernel.installer.holdsRoutes(family));
    this.rib = new Rib({
      clock,
      seed: seedOf(world),
      routerId: config.routerId,
      localAs: config.localAs,
      codec: new AttributeSetCodec(),
      resolver: kernel.nextHops,
      hopSets,
      forwarding: kernel.installer,
      maxPaths: config.kernel.maxPaths,
      held: held.length > 0,
      events: {
        endOfRib: () => {},
        prefixLimit: (peer, family, prefixes) => this.speaker.prefixLimitReached(peer, family, prefixes),
      },
    });
    this.#routing = new Routing(this.rib, kernel.links, config);
    this.#restart = new Restart({
      clock,
      log,
      restarted: held.length > 0,
      deferralMs: config.gracefulRestart.deferralMs,
      done: (family) => this.#converged(family),
    });
    this.speaker = new Speaker({
      clock,
      log,
      transport: world.transport,
      routing: this.#routing satisfies RoutingSide,
      contexts: new ReadContexts(),
      random: () => world.random(),
      observer: this.#restart,
      restarting: () => this.#restart.restarting,
      forwardingKept: (family) => held.includes(family),
    });
  }

  /** Reads the kernel, adopts its routes of ours, and begins. */
  static async start(world: World, config: NodeConfig): Promise<Daemon> {
    const { clock, log, netlink: port } = world;
    const hopSets = new HopSetTable();
    const kernel = new Kernel({ config: config.kernel, port, hopSets, clock, log, seed: seedOf(world) });
    await new Promise<void>((resolve) => kernel.start(resolve));
    const daemon = new Daemon(world, config, kernel, hopSets);
    daemon.reconfigure(config);
    daemon.#restart.start(config.peers);
    return daemon;
  }

  /** Makes everything what `config` says; sessions and routes that it does not concern stay as they are. */
  reconfigure(config: NodeConfig): void {
    this.#config = config;
    const { kernel, rib } = this;
    kernel.installer.setOwn(
      config.originated
        .filter(({ blackhole }) => blackhole)
        .map(({ prefix }) => ({ prefix, set: { kind: "blackhole" } as const })),
    );
    kernel.nextHops.allowDefault(config.peers.filter(({ ttl }) => ttl.kind !== "direct").map(({ address }) => address));
    rib.originate(config.originated.map((own) => ({ ...own, blackhole: false })));
    this.#routing.reconfigure(config);
    this.speaker.reconfigure(config);
    this.#routing.forget();
  }

  get config(): NodeConfig {
    return this.#config;
  }

  /** Ends the sessions; routes stay in the kernel. */
  stop(mode: StopMode, text = ""): void {
    this.speaker.stop(mode, text);
    this.rib.stop();
  }

  #converged(family: Family): void {
    this.rib.release(family);
    const swept = this.kernel.installer.sweep(family);
    this.#world.log.info(`${family}: converged; ${swept} routes from before the restart are no longer wanted`);
  }
}

const seedOf = (world: World): number => Math.floor(world.random() * 2 ** 32) >>> 0;
