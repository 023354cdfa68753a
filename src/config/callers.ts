import { finish, mapSteps, type Steps } from "#lib/steps.ts";
import { type Address, formatAddress, isLinkLocal, isUnspecified } from "#route/address.ts";
import type { PeerConfig } from "./node-config.ts";

/**
 * Which neighbour a caller is. Before its OPEN nothing tells that but the address that it calls from and, of a link-local
 * one, the link: neighbours that share these share their calls. A listening socket has one TCP-MD5 key for an address,
 * whatever the link (ADR 0058).
 */

/** A neighbour to whom something stays closed because of another one. */
export interface CallClash {
  readonly peer: PeerConfig;
  readonly owner: PeerConfig;
  /** `calls`: those from its address are taken for `owner`; `password`: they have to be signed with that of `owner`. */
  readonly over: "calls" | "password";
}

/** Where calls come from, as far as that tells neighbours apart. @param device name of the interface */
export const callerPlace = (address: Address, device: string | undefined): string =>
  isLinkLocal(address) ? `${formatAddress(address)}%${device}` : formatAddress(address);

/** By place, the neighbour that callers from there are taken for. @param peers earlier ones come first, nodes before all */
export const takenFor = (peers: readonly PeerConfig[]): ReadonlyMap<string, PeerConfig> => finish(takenForSteps(peers));

/** By address, the neighbour whose password callers from there have to sign with. */
export function signers(taken: ReadonlyMap<string, PeerConfig>): ReadonlyMap<string, PeerConfig> {
  const keys = new Map<string, PeerConfig>();
  for (const [place, peer] of taken) {
    if (peer.password === undefined) continue;
    const address = isLinkLocal(peer.address) ? addressOf(peer) : place;
    if (!keys.has(address)) keys.set(address, peer);
  }
  return keys;
}

/** Neighbours whose calls come to nothing. */
export function* callClashes(peers: readonly PeerConfig[]): Steps<CallClash[]> {
  const taken = yield* takenForSteps(peers);
  const keys = signers(taken);
  const found = yield* mapSteps(peers, (peer): CallClash[] => {
    const owner = taken.get(placeOf(peer));
    if (owner === undefined) return [];
    if (owner !== peer) return [{ peer, owner, over: "calls" }];
    const signer = keys.get(addressOf(peer));
    return signer === undefined || signer.password === peer.password ? [] : [{ peer, owner: signer, over: "password" }];
  });
  return found.flat();
}

/** The field of the neighbour's object that would make it another one. */
export function fieldOf({ peer, owner, over }: CallClash): "password" | "port" | "interface" {
  if (over === "password") return over;
  return peer.port === owner.port ? "interface" : "port";
}

/** In words, for who wrote the neighbour's object. */
export function describeClash({ peer, owner, over }: CallClash): string {
  const verb = over === "calls" ? "are taken for" : "have to be signed on every link with the password of";
  const calls = `calls from ${addressOf(peer)} ${verb} ${owner.name} of ${owner.source}`;
  return `${calls}; ${peer.passive ? "a passive session does not come up without them" : "only our own calls begin this session"}`;
}

/** The same with pauses. */
export function* takenForSteps(peers: readonly PeerConfig[]): Steps<ReadonlyMap<string, PeerConfig>> {
  const taken = new Map<string, PeerConfig>();
  yield* mapSteps(peers, (peer) => {
    if (isUnspecified(peer.address)) return;
    const place = placeOf(peer);
    const owner = taken.get(place);
    if (owner === undefined || isNodeBeside(peer, owner)) taken.set(place, peer);
  });
  return taken;
}

/** A session between nodes waits for calls, where another daemon of that node is another neighbour. */
const isNodeBeside = (peer: PeerConfig, owner: PeerConfig): boolean =>
  peer.origin === "mesh" && owner.origin !== "mesh" && peer.port !== owner.port;

const addressOf = ({ address }: PeerConfig): string => formatAddress(address);

const placeOf = ({ address, interface: device }: PeerConfig): string => callerPlace(address, device);
