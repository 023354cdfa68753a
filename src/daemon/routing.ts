import type { EstablishedSession, RoutingSide } from "#bgp/ports.ts";
import type { ExportContext } from "#bgp/wire/export-context.ts";
import type { RouteSink } from "#bgp/wire/route-sink.ts";
import { UpdateWriter } from "#bgp/wire/update-encoder.ts";
import type { NodeConfig, PeerConfig, PolicyConfig } from "#config/node-config.ts";
import { bug } from "#lib/bug.ts";
import type { NeighbourConfig, Rib } from "#rib/rib.ts";
import type { Family } from "#route/family.ts";
import { exportContextOf, type LinkAddresses } from "./exporting.ts";

/** The RIB as the speaker sees it. */
export class Routing implements RoutingSide {
  readonly #rib: Rib;
  readonly #links: LinkAddresses;
  #config: NodeConfig;
  readonly #peers = new Map<string, PeerConfig>();
  #policies: NodeConfig["policies"] | undefined;

  constructor(rib: Rib, links: LinkAddresses, config: NodeConfig) {
    this.#rib = rib;
    this.#links = links;
    this.#config = config;
    this.reconfigure(config);
  }

  /** Before the speaker's own `reconfigure`, which may bring sessions up; `forget` comes after it. */
  reconfigure(config: NodeConfig): void {
    this.#config = config;
    const before = this.#policies;
    this.#policies = config.policies;
    const changed = config.peers.filter((peer) => {
      return before !== config.policies || this.#peers.get(peer.name) !== peer;
    });
    for (const peer of changed) this.#peers.set(peer.name, peer);
    this.#rib.setNeighbours(changed.map((peer) => neighbourConfig(peer, config)));
  }

  /** Neighbours that are configured no more, after their sessions ended. */
  forget(): void {
    const wanted = new Set(this.#config.peers.map(({ name }) => name));
    for (const name of this.#peers.keys()) {
      if (wanted.has(name)) continue;
      this.#peers.delete(name);
      this.#rib.removeNeighbour(name);
    }
  }

  up(session: EstablishedSession): RouteSink {
    const peer = this.#peers.get(session.peer) ?? bug(`no neighbour ${session.peer}`);
    const context = exportContextOf(session, peer, this.#config, this.#links);
    return this.#rib.up(session.peer, {
      kind: context.kind,
      routerId: session.remoteRouterId,
      address: session.remoteAddress,
      link: this.#linkOf(session),
      families: session.families,
      kept: session.gracefulRestart?.kept ?? [],
      encoding: encodingKey(context),
      encoder: () => new UpdateWriter(context),
      out: { send: (bytes, start, end, written) => session.send(bytes, start, end, written) },
    });
  }

  down(peer: string, retained: readonly Family[]): void {
    this.#rib.down(peer, retained);
  }

  sweep(peer: string, family: Family): void {
    this.#rib.sweep(peer, family);
  }

  markStale(peer: string, family: Family): void {
    this.#rib.markStale(peer, family);
  }

  refresh(peer: string, family: Family, enhanced: boolean): void {
    this.#rib.refresh(peer, family, enhanced);
  }

  #linkOf({ interface: name, remoteAddress }: EstablishedSession): number | undefined {
    return name === undefined ? this.#links.reaching(remoteAddress)?.link : this.#links.byName(name)?.index;
  }
}

/** Equal for contexts that make equal octets. */
const encodingKey = (context: ExportContext): string => JSON.stringify(context);

function neighbourConfig(peer: PeerConfig, config: NodeConfig): NeighbourConfig {
  const policies = (names: readonly string[]): PolicyConfig[] =>
    names.map((name) => config.policies[name] ?? bug(`no policy ${name}`));
  return {
    name: peer.name,
    localAs: peer.localAs,
    importPolicies: policies(peer.importPolicies),
    exportPolicies: policies(peer.exportPolicies),
    advertise: peer.advertise,
    refuseDefault: peer.origin === "mesh",
    announcer: peer.announcer,
    prefixLimit: peer.prefixLimit,
  };
}
