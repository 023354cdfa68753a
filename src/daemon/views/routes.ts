import type { HopView, NetView, RouteView } from "#control/views.ts";
import { LOCAL } from "#rib/neighbours.ts";
import type { RouteReader } from "#rib/route-reader.ts";
import type { PathView, RibView } from "#rib/views.ts";
import type { Address } from "#route/address.ts";
import type { Attributes, Origin } from "#route/attributes.ts";
import type { Family } from "#route/family.ts";
import type { Hop } from "#route/hop-set.ts";
import type { Prefix } from "#route/prefix.ts";
import type { Daemon } from "../daemon.ts";
import { STATIC_NAMES } from "./names.ts";

/** BIRD's preferences. */
const STATIC_PREFERENCE = 200;
const BGP_PREFERENCE = 100;

const ORDER: Readonly<Record<PathView["standing"], number>> = {
  best: 0,
  equal: 1,
  lost: 1,
  unreachable: 2,
  filtered: 3,
  looped: 3,
};

/** What all routes of one neighbour have in common. */
interface Teller {
  readonly name: string;
  readonly address: Address | undefined;
  /** Since when its session is as it is, milliseconds since 1970. */
  readonly sinceMs: number;
}

/** Times of routes are kept in whole seconds. */
const PATH_TIME_MS = 1000;

/** A route of a session is shown no older than that, though the second in which it came began before. */
const notBefore = (sessionMs: number, routeMs: number): number =>
  routeMs < sessionMs && sessionMs - routeMs < PATH_TIME_MS ? sessionMs : routeMs;

/** Next hops and neighbours as routes show them: looked up once in a listing. */
class Memory {
  readonly tellers: (Teller | undefined)[] = [];
  readonly hops = new Map<number, readonly HopView[]>();
  nextHopEpoch = -1;
}

const noHops: readonly HopView[] = [];
const noAttributes = (): undefined => undefined;

/** Paths of the RIB, as the control socket shows routes. */
export class RouteViews {
  readonly rib: RibView;
  readonly #daemon: Daemon;
  readonly #readers: Readonly<Record<Family, RouteReader>>;
  #memory = new Memory();
  /** The route that was shown last, as long as nobody had a turn. */
  #last: { readonly family: Family; readonly path: number; readonly view: RouteView } | undefined;

  constructor(daemon: Daemon) {
    this.#daemon = daemon;
    this.rib = daemon.ribView;
    this.#readers = { ipv4: this.rib.reader("ipv4"), ipv6: this.rib.reader("ipv6") };
  }

  /** Before each question: names of neighbours and interfaces may have changed since the last one. */
  forget(): void {
    this.#memory = new Memory();
    this.resume();
  }

  /** Others had a turn: paths may have changed. */
  resume(): void {
    this.#last = undefined;
  }

  /** All paths of a prefix: the best, those it beat, those that policy refused. undefined where it has none. */
  net(family: Family, id: number): NetView | undefined {
    const reader = this.#readers[family];
    const count = reader.load(id);
    const prefix = count === 0 ? undefined : this.rib.prefix(family, id);
    if (prefix === undefined) return undefined;
    if (count === 1) return { prefix, routes: [this.#only(prefix, reader.at(0))] };
    const routes: RouteView[] = [];
    for (let index = 0; index < count; index++) routes.push(this.route(prefix, reader.at(index)));
    return { prefix, routes };
  }

  /** A prefix's paths in the order in which they are shown. */
  paths(family: Family, id: number): PathView[] {
    return this.rib.paths(family, id).sort((a, b) => ORDER[a.standing] - ORDER[b.standing]);
  }

  /** The only path to `prefix`: often the same as the one before it but for the prefix. */
  #only(prefix: Prefix, path: number): RouteView {
    const { family } = prefix;
    const reader = this.#readers[family];
    if (reader.neighbourOf(path) === LOCAL) return this.#own(prefix, path, reader);
    const last = this.#last;
    if (last?.family === family && reader.isLike(path, last.path)) {
      if (last.view.refused === (last.view.best && this.#isRefusedByKernel(prefix))) return last.view;
    }
    const view = this.#learned(prefix, path, reader);
    this.#last = { family, path, view };
    return view;
  }

  /** @param path number of a path to `prefix` */
  route(prefix: Prefix, path: number): RouteView {
    const reader = this.#readers[prefix.family];
    return reader.neighbourOf(path) === LOCAL ? this.#own(prefix, path, reader) : this.#learned(prefix, path, reader);
  }

  #learned(prefix: Prefix, path: number, reader: RouteReader): RouteView {
    const { name, address, sinceMs } = this.#teller(reader.neighbourOf(path));
    const best = reader.isBest(path);
    const id = reader.prefixOf(path);
    const metric = reader.metricOf(path);
    let attributes: Attributes | undefined;
    return {
      protocol: name,
      source: "bgp",
      best,
      filtered: reader.isRefused(path),
      sinceMs: notBefore(sinceMs, reader.sinceMs(path)),
      from: address,
      destination: metric === undefined ? "unreachable" : "unicast",
      hops: metric === undefined ? noHops : this.#hopsOf(reader.nextHopOf(path), reader),
      preference: BGP_PREFERENCE,
      stale: reader.isStale(path),
      igpMetric: metric ?? "unreachable",
      refused: best && this.#isRefusedByKernel(prefix),
      kernel: undefined,
      // Others may have had a turn since the net was looked up.
      attributes: () => (attributes ??= reader.prefixOf(path) === id ? reader.attributesOf(path) : undefined),
      began() {
        if (reader.prefixOf(path) !== id) return undefined;
        const { as, origin } = reader.beganOf(path);
        return { as: as === 0 ? undefined : as, origin: origin as Origin };
      },
    };
  }

  #own(prefix: Prefix, path: number, reader: RouteReader): RouteView {
    const blackhole = this.#daemon.rib.originated(prefix)?.blackhole === true;
    return {
      protocol: STATIC_NAMES[prefix.family],
      source: "static",
      best: reader.isBest(path),
      filtered: false,
      sinceMs: reader.sinceMs(path),
      from: undefined,
      destination: blackhole ? "blackhole" : "unreachable",
      hops: noHops,
      preference: STATIC_PREFERENCE,
      stale: false,
      igpMetric: undefined,
      refused: false,
      kernel: undefined,
      attributes: noAttributes,
      began: noAttributes,
    };
  }

  #isRefusedByKernel(prefix: Prefix): boolean {
    const { installer } = this.#daemon.kernel;
    return installer.refusesAny(prefix.family) && installer.failureOf(prefix) !== undefined;
  }

  #teller(neighbour: number): Teller {
    const { tellers } = this.#memory;
    let teller = tellers[neighbour];
    if (teller === undefined) {
      teller = this.#findTeller(neighbour);
      tellers[neighbour] = teller;
    }
    return teller;
  }

  #findTeller(neighbour: number): Teller {
    const { config, session } = this.#daemon.rib.neighbourById(neighbour) ?? {};
    const name = config?.name ?? "";
    const address = session?.address ?? this.#daemon.config.peers.find((peer) => peer.name === name)?.address;
    return { name, address, sinceMs: this.#daemon.speaker.peer(name)?.sinceMs ?? -Infinity };
  }

  #hopsOf(nextHop: number, reader: RouteReader): readonly HopView[] {
    const memory = this.#memory;
    if (memory.nextHopEpoch !== reader.nextHopEpoch) {
      memory.nextHopEpoch = reader.nextHopEpoch;
      memory.hops.clear();
    }
    let hops = memory.hops.get(nextHop);
    if (hops === undefined) {
      hops = this.hops(reader.resolutionOf(nextHop)?.hops ?? []);
      memory.hops.set(nextHop, hops);
    }
    return hops;
  }

  hops(hops: readonly Hop[]): HopView[] {
    const { links } = this.#daemon.kernel;
    return hops.map(({ gateway, link, weight, onlink }) => ({
      gateway,
      interface: links.get(link)?.name,
      weight,
      onlink,
    }));
  }
}
