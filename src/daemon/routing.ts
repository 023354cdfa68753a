import type { EstablishedSession, RoutingSide } from "#bgp/ports.ts";
import type { ExportContext } from "#bgp/wire/export-context.ts";
import type { RouteSink } from "#bgp/wire/route-sink.ts";
import { UpdateWriter } from "#bgp/wire/update-encoder.ts";
import type { NodeConfig, PeerConfig, PolicyConfig } from "#config/node-config.ts";
import { bug } from "#lib/bug.ts";
import type { Clock } from "#lib/clock.ts";
import { finish, mapSteps, Slices, type Steps } from "#lib/steps.ts";
import type { NeighbourConfig, SessionWords } from "#rib/neighbour.ts";
import type { Rib } from "#rib/rib.ts";
import type { Family } from "#route/family.ts";
import { exportContextOf, type LinkAddresses, surroundingsOf } from "./exporting.ts";

interface Reworded {
  readonly peer: PeerConfig;
  readonly session: EstablishedSession;
  readonly words: SessionWords;
}

/** The RIB as the speaker sees it. */
export class Routing implements RoutingSide {
  readonly #rib: Rib;
  readonly #links: LinkAddresses;
  #config: NodeConfig;
  readonly #peers = new Map<string, PeerConfig>();
  /** Sessions that are up, and in which words they are told routes. */
  readonly #sessions = new Map<string, { readonly session: EstablishedSession; readonly encoding: string }>();
  #policies: NodeConfig["policies"] | undefined;

  /** `surroundingsOf` all places at which sessions begin. */
  #surroundings = "";
  /** All sessions are looked at soon. */
  #isDue = false;
  readonly #slices: Slices;

  constructor(rib: Rib, links: LinkAddresses, config: NodeConfig, clock: Clock) {
    this.#rib = rib;
    this.#links = links;
    this.#slices = new Slices(clock);
    this.#config = config;
    finish(this.reconfigure(config));
  }

  /** After `forget`, so that there is room, and before the speaker's own `reconfigure`, which may bring sessions up. */
  *reconfigure(config: NodeConfig): Steps<void> {
    const before = this.#config;
    this.#config = config;
    const others = this.#policies !== config.policies;
    this.#policies = config.policies;
    const changed = config.peers.filter((peer) => this.#peers.get(peer.name) !== peer);
    for (const peer of changed) this.#peers.set(peer.name, peer);
    yield;
    const configs = yield* mapSteps(others ? config.peers : changed, (peer) => neighbourConfig(peer, config));
    yield* this.#rib.setNeighboursSteps(configs);
    this.#reword(yield* this.#otherWords(changed));
    if (before.clusterId !== config.clusterId || before.addresses !== config.addresses) this.#rewordAll();
  }

  /** Links may have other addresses: where that concerns sessions, their next hops are looked at again. */
  linksChanged(): void {
    const places = new Map<string, EstablishedSession>();
    for (const { session } of this.#sessions.values()) {
      places.set(`${session.localAddress.words}%${session.interface ?? ""}`, session);
    }
    const found = Array.from(places.values(), (session) => surroundingsOf(session, this.#config, this.#links));
    const surroundings = found.join(" ");
    if (surroundings === this.#surroundings) return;
    this.#surroundings = surroundings;
    this.#rewordAll();
  }

  /** Thousands of sessions take their turns. */
  #rewordAll(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    const begin = (): Steps<readonly Reworded[]> => {
      this.#isDue = false;
      return this.#otherWords(this.#config.peers);
    };
    this.#slices.add(begin, (reworded) => this.#reword(reworded));
  }

  /** Sessions that are up whose words would be others now. */
  *#otherWords(peers: readonly PeerConfig[]): Steps<readonly Reworded[]> {
    const each = yield* mapSteps(peers, (peer): Reworded | undefined => {
      const known = this.#sessions.get(peer.name);
      if (known === undefined) return undefined;
      const words = this.#wordsOf(known.session, peer);
      return words.encoding === known.encoding ? undefined : { peer, session: known.session, words };
    });
    return each.filter((reworded) => reworded !== undefined);
  }

  /**
   * Sessions need not end where only what is told over them is worded in another way.
   * @param reworded what became another one since is left out: whoever changed it words it anew
   */
  #reword(reworded: readonly Reworded[]): void {
    const still = reworded.filter(({ session: { peer: name }, session, peer }) => {
      return this.#sessions.get(name)?.session === session && this.#peers.get(name) === peer;
    });
    for (const { session, words } of still) this.#sessions.set(session.peer, { session, encoding: words.encoding });
    if (still.length > 0) this.#rib.reword(new Map(still.map(({ session, words }) => [session.peer, words])));
  }

  #wordsOf(session: EstablishedSession, peer: PeerConfig): SessionWords {
    const context = exportContextOf(session, peer, this.#config, this.#links);
    return { kind: context.kind, encoding: encodingKey(context), encoder: () => new UpdateWriter(context) };
  }

  /** Neighbours that are configured no more, after their sessions ended. */
  *forget({ peers }: NodeConfig): Steps<void> {
    const wanted = new Set(peers.map(({ name }) => name));
    for (const name of [...this.#peers.keys()].filter((each) => !wanted.has(each))) {
      this.#peers.delete(name);
      this.#rib.removeNeighbour(name);
      yield;
    }
  }

  up(session: EstablishedSession): RouteSink {
    const peer = this.#peers.get(session.peer) ?? bug(`no neighbour ${session.peer}`);
    const words = this.#wordsOf(session, peer);
    this.#sessions.set(session.peer, { session, encoding: words.encoding });
    return this.#rib.up(session.peer, {
      ...words,
      routerId: session.remoteRouterId,
      address: session.remoteAddress,
      link: this.#linkOf(session),
      families: session.families,
      kept: session.gracefulRestart?.kept ?? [],
      out: { send: (bytes, start, end, written) => session.send(bytes, start, end, written) },
    });
  }

  down(peer: string, retained: readonly Family[]): void {
    this.#sessions.delete(peer);
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
