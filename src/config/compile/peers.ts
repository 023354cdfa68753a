import { mapSteps, type Steps, sortSteps } from "#lib/steps.ts";
import { type Address, formatAddress, sameAddress } from "#route/address.ts";
import { type Family, families } from "#route/family.ts";
import type { GatewayPeer, PeerConfig } from "../node-config.ts";
import type { ConfigObject } from "../objects.ts";
import { selects } from "../schema/selector.ts";
import { byAge } from "./age.ts";
import { reportCallClashes } from "./call-clashes.ts";
import type { Context } from "./context.ts";
import type { NodeFacts } from "./node-facts.ts";
import { passwordOf } from "./passwords.ts";
import { gatewayTemplate, isUnnumbered, type Neighbour, NOWHERE, peerMaker } from "./peer-config.ts";
import { changedPlaces } from "./places.ts";
import { isClient, type Roles, related, rolesOf } from "./reflectors.ts";
import { Selection } from "./selection.ts";
import { share } from "./share.ts";

type BgpPeerObject = ConfigObject<"BGPPeer">;

/**
 * All neighbours of the node, sorted by name. Of two BGPPeers that give the same neighbour the earlier one stays, and any
 * BGPPeer takes the place of a mesh session.
 */
export function* peersOf(context: Context): Steps<readonly PeerConfig[]> {
  const peers: PeerConfig[] = [];
  const owners = new Map<string, BgpPeerObject>();
  for (const object of byAge(context.objects.BGPPeer.values())) {
    yield;
    for (const peer of yield* fromBgpPeer(object, context)) {
      const session = sessionOf(peer);
      const owner = owners.get(session);
      if (owner !== undefined) reportTaken(object, peer, owner, context);
      else {
        owners.set(session, object);
        peers.push(peer);
      }
    }
  }
  const mesh = yield* meshPeers(context);
  const all = [...peers, ...mesh.filter((peer) => owners.size === 0 || !owners.has(sessionOf(peer)))];
  const sorted = yield* context.memory.recall("sorted peers", [], () => new SortedPeers()).of(all);
  yield* reportCallClashes(sorted, context);
  return sorted;
}

/** Peers by name; where the same ones come again the order is known. */
class SortedPeers {
  #peers: readonly PeerConfig[] = [];
  #sorted: readonly PeerConfig[] = [];

  *of(peers: readonly PeerConfig[]): Steps<readonly PeerConfig[]> {
    const before = this.#peers;
    if (changedPlaces(before, peers)?.length === 0) return this.#sorted;
    this.#peers = peers;
    this.#sorted = yield* sortSteps(peers, (a, b) => (a.name < b.name ? -1 : 1));
    return this.#sorted;
  }
}

const sessions = new WeakMap<PeerConfig, string>();

/** Two sessions to one place could not be told apart. */
function sessionOf(peer: PeerConfig): string {
  const known = sessions.get(peer);
  if (known !== undefined) return known;
  const { address, interface: link, port } = peer;
  const session = `${address.words.join(".")}%${link ?? ""}:${port}`;
  sessions.set(peer, session);
  return session;
}

function reportTaken(object: BgpPeerObject, peer: PeerConfig, owner: BgpPeerObject, { own, report }: Context): void {
  const { peerAddress } = object.value.spec;
  const field = peer.unnumbered ? "interface" : peerAddress === undefined ? "peerSelector" : "peerAddress";
  const who = peer.unnumbered ? `whoever is found on ${peer.interface}` : formatAddress(peer.address);
  const what = `${who} is a neighbour of Node/${own.name} by BGPPeer/${owner.name} already`;
  report.conflict(object, ["spec", field], `${what}, which stays in force`);
}

function* fromBgpPeer(object: BgpPeerObject, context: Context): Steps<PeerConfig[]> {
  const { spec } = object.value;
  if (spec.defaultGateway !== undefined) return []; // see `gatewayPeersOf`
  const outside = outsider(object, context);
  const nodes = yield* nodesOf(object, context);
  if (outside === undefined && nodes.length === 0) return [];
  const secret = passwordOf(spec.password, object, ["spec", "password"], context);
  if (secret === "missing") return [];
  if (outside !== undefined) return [peerMaker(object, secret.password, context)(outside)];
  return yield* peersAmong(nodes, object, secret.password, context);
}

/** Neighbours that the default routes of the node name. */
export function gatewayPeersOf(context: Context): GatewayPeer[] {
  const { objects, own } = context;
  return byAge(objects.BGPPeer.values()).flatMap((object) => {
    const { nodeSelector = {}, defaultGateway, password } = object.value.spec;
    if (defaultGateway === undefined || !selects(nodeSelector, own.labels)) return [];
    const secret = passwordOf(password, object, ["spec", "password"], context);
    return secret === "missing" ? [] : [gatewayTemplate(object, defaultGateway, secret.password, context)];
  });
}

/** The neighbour that a BGPPeer names by address, or by interface alone, where it is for our node. */
function outsider(object: BgpPeerObject, context: Context): Neighbour | undefined {
  const { own, report } = context;
  const { nodeSelector = {}, peerAddress, asNumber, reflectorClient } = object.value.spec;
  if (isUnnumbered(object.value.spec) && selects(nodeSelector, own.labels)) {
    return { address: NOWHERE, node: undefined, reflectorClient, reflects: false };
  }
  if (peerAddress === undefined || !selects(nodeSelector, own.labels) || hasAddress(own, peerAddress)) return undefined;
  const node = nodeAt(peerAddress, context);
  if (node !== undefined && typeof asNumber === "number" && node.as !== asNumber) {
    report.warning(
      object,
      ["spec", "asNumber"],
      `${asNumber} is not the AS number of Node/${node.name}: that is ${node.as}`,
    );
  }
  const reflects = node !== undefined && rolesIn(context, node).reflector;
  return { address: peerAddress, node, reflectorClient, reflects };
}

const hasAddress = ({ addresses }: NodeFacts, address: Address): boolean => {
  const own = addresses[address.family];
  return own !== undefined && sameAddress(own, address);
};

const keyOf = ({ words }: Address): string => words.join(".");

/** The node that has this address. */
function nodeAt(address: Address, { nodes, claims, memory }: Context): NodeFacts | undefined {
  const places = memory.recall("places by address", [claims], () => {
    const entries = claims.map(({ addresses }, place) => {
      return Object.values(addresses).map((each) => [keyOf(each), place] as const);
    });
    return new Map(entries.flat());
  });
  return nodes[places.get(keyOf(address)) ?? -1];
}

/** The nodes that a BGPPeer pairs with ours, whichever end its selectors name. */
function* nodesOf(object: BgpPeerObject, { own, nodes, memory }: Context): Steps<readonly NodeFacts[]> {
  const { nodeSelector = {}, peerSelector } = object.value.spec;
  if (peerSelector === undefined) return [];
  const selection = memory.recallOf("paired", object, [own], () => {
    const near = selects(nodeSelector, own.labels);
    const far = selects(peerSelector, own.labels);
    return new Selection<NodeFacts>((node) => {
      const { labels } = node;
      return node !== own && ((near && selects(peerSelector, labels)) || (far && selects(nodeSelector, labels)));
    });
  });
  return yield* selection.of(nodes);
}

/** Sessions between the nodes of our AS, all of them or by way of reflectors. */
function* meshPeers(context: Context): Steps<PeerConfig[]> {
  const { spec, own, roles, nodes, configuration } = context;
  const full = spec.nodeMesh === "Full";
  if (!full && spec.reflectors.length === 0) return [];
  const secret = passwordOf(spec.meshPassword, configuration, ["spec", "meshPassword"], context);
  if (secret === "missing") return [];
  const selection = context.memory.recall("mesh", [spec, own, roles], () => {
    return new Selection<NodeFacts>((node) => {
      return node !== own && node.as === own.as && (full || related(roles, rolesOf(node, spec.reflectors)));
    });
  });
  const others = yield* selection.of(nodes);
  return yield* peersAmong(others, undefined, secret.password, context);
}

/** @param object undefined: the mesh @returns for a node of which nothing changed the same value as last time */
function* peersAmong(
  nodes: readonly NodeFacts[],
  object: BgpPeerObject | undefined,
  password: string | undefined,
  context: Context,
): Steps<PeerConfig[]> {
  const { own, settings, spec, roles, memory } = context;
  const { make, made } = memory.recallOf("maker", object ?? spec, [own, settings, spec, roles, password], () => {
    return { make: peerMaker(object, password, context), made: new Map<string, Made>() };
  });
  const peers = yield* mapSteps(nodes, (node): PeerConfig | undefined => {
    const known = made.get(node.name);
    if (known?.node === node) return known.peer;
    const neighbour = toNode(node, context);
    if (neighbour === undefined) return undefined;
    const peer = share(known?.peer, make(neighbour));
    made.set(node.name, { node, peer });
    return peer;
  });
  if (made.size > 2 * peers.length) made.clear(); // of nodes that left
  return peers.filter((peer) => peer !== undefined);
}

interface Made {
  readonly node: NodeFacts;
  readonly peer: PeerConfig;
}

function rolesIn({ spec, memory }: Context, node: NodeFacts): Roles {
  const known = memory.recall("roles of nodes", [spec], () => new WeakMap<NodeFacts, Roles>());
  const roles = known.get(node) ?? rolesOf(node, spec.reflectors);
  known.set(node, roles);
  return roles;
}

/** @returns undefined, and says so, where there is no address that we could dial */
function toNode(node: NodeFacts, context: Context): Neighbour | undefined {
  const { own, roles, spec, report } = context;
  const usable = (family: Family): boolean =>
    own.addresses[family] !== undefined && node.addresses[family] !== undefined;
  const family = [spec.meshFamily, ...families].find(usable);
  const address = family === undefined ? undefined : node.addresses[family];
  if (address === undefined) {
    const text = `no address of a family that Node/${own.name} has too: no session between them`;
    report.warning(node.object, ["status", "addresses"], text);
    return undefined;
  }
  const theirs = rolesIn(context, node);
  const reflectorClient = node.as === own.as && isClient(roles, theirs);
  return { address, node, reflectorClient, reflects: theirs.reflector };
}
