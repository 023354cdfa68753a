import { type Address, formatAddress, sameAddress } from "#route/address.ts";
import { families } from "#route/family.ts";
import type { PeerConfig } from "../node-config.ts";
import type { ConfigObject } from "../objects.ts";
import { selects } from "../schema/selector.ts";
import type { Context } from "./context.ts";
import { byAge, type NodeFacts } from "./node-facts.ts";
import { passwordOf } from "./passwords.ts";
import { type Neighbour, peerMaker } from "./peer-config.ts";
import { isClient, related, rolesOf } from "./reflectors.ts";

type BgpPeerObject = ConfigObject<"BGPPeer">;

/**
 * All neighbours of the node, sorted by name. Of two BGPPeers that give the same neighbour the earlier one stays, and any
 * BGPPeer takes the place of a mesh session.
 */
export function peersOf(context: Context): PeerConfig[] {
  const peers = new Map<string, PeerConfig>();
  const owners = new Map<string, BgpPeerObject>();
  for (const object of byAge(context.objects.BGPPeer.values())) {
    for (const peer of fromBgpPeer(object, context)) {
      const session = sessionOf(peer);
      const owner = owners.get(session);
      if (owner !== undefined) reportTaken(object, peer, owner, context);
      else {
        owners.set(session, object);
        peers.set(session, peer);
      }
    }
  }
  for (const peer of meshPeers(context)) {
    if (!peers.has(sessionOf(peer))) peers.set(sessionOf(peer), peer);
  }
  return [...peers.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Two sessions to one place could not be told apart. */
const sessionOf = ({ address, interface: link, port }: PeerConfig): string =>
  `${address.words.join(".")}%${link ?? ""}:${port}`;

function reportTaken(object: BgpPeerObject, peer: PeerConfig, owner: BgpPeerObject, { own, report }: Context): void {
  const field = object.value.spec.peerAddress === undefined ? "peerSelector" : "peerAddress";
  const what = `${formatAddress(peer.address)} is a neighbour of Node/${own.name} by BGPPeer/${owner.name} already`;
  report.error(object, ["spec", field], `${what}, which stays in force`);
}

function fromBgpPeer(object: BgpPeerObject, context: Context): PeerConfig[] {
  const { spec } = object.value;
  const neighbours = spec.peerAddress === undefined ? nodesOf(object, context) : outsider(object, context);
  if (neighbours.length === 0) return [];
  const secret = passwordOf(spec.password, object, ["spec", "password"], context);
  if (secret === "missing") return [];
  return neighbours.map(peerMaker(object, secret.password, context));
}

function outsider(object: BgpPeerObject, context: Context): Neighbour[] {
  const { own, nodes, report } = context;
  const { nodeSelector = {}, peerAddress, asNumber, reflectorClient } = object.value.spec;
  if (peerAddress === undefined || !selects(nodeSelector, own.labels) || hasAddress(own, peerAddress)) return [];
  const node = nodes.find((other) => hasAddress(other, peerAddress));
  if (node !== undefined && typeof asNumber === "number" && node.as !== asNumber) {
    report.warning(
      object,
      ["spec", "asNumber"],
      `${asNumber} is not the AS number of Node/${node.name}: that is ${node.as}`,
    );
  }
  return [{ address: peerAddress, node, reflectorClient }];
}

const hasAddress = ({ addresses }: NodeFacts, address: Address): boolean => {
  const own = addresses[address.family];
  return own !== undefined && sameAddress(own, address);
};

/** The nodes that a BGPPeer pairs with ours, whichever end its selectors name. */
function nodesOf(object: BgpPeerObject, context: Context): Neighbour[] {
  const { own, nodes } = context;
  const { nodeSelector = {}, peerSelector } = object.value.spec;
  if (peerSelector === undefined) return [];
  const near = selects(nodeSelector, own.labels);
  const far = selects(peerSelector, own.labels);
  return nodes
    .filter(({ labels }) => (near && selects(peerSelector, labels)) || (far && selects(nodeSelector, labels)))
    .flatMap((node) => toNode(node, context));
}

/** Sessions between the nodes of our AS, all of them or by way of reflectors. */
function meshPeers(context: Context): PeerConfig[] {
  const { spec, own, roles, nodes, configuration } = context;
  const full = spec.nodeMesh === "Full";
  if (!full && spec.reflectors.length === 0) return [];
  const secret = passwordOf(spec.meshPassword, configuration, ["spec", "meshPassword"], context);
  if (secret === "missing") return [];
  return nodes
    .filter((node) => node.as === own.as && (full || related(roles, rolesOf(node, spec.reflectors))))
    .flatMap((node) => toNode(node, context))
    .map(peerMaker(undefined, secret.password, context));
}

/** Nothing for our own node, and for one that has no address we could dial. */
function toNode(node: NodeFacts, context: Context): Neighbour[] {
  const { own, roles, spec, report } = context;
  if (node.name === own.name) return [];
  const preferred = spec.meshFamily;
  const family = [preferred, ...families].find(
    (one) => own.addresses[one] !== undefined && node.addresses[one] !== undefined,
  );
  const address = family === undefined ? undefined : node.addresses[family];
  if (address === undefined) {
    const text = `no address of a family that Node/${own.name} has too: no session between them`;
    report.warning(node.object, ["status", "addresses"], text);
    return [];
  }
  const reflectorClient = node.as === own.as && isClient(roles, rolesOf(node, spec.reflectors));
  return [{ address, node, reflectorClient }];
}
