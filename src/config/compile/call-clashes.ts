import type { Steps } from "#lib/steps.ts";
import { type CallClash, callClashes, describeClash, fieldOf } from "../callers.ts";
import type { PeerConfig } from "../node-config.ts";
import type { Context } from "./context.ts";

/** Says which of the node's neighbours stand in another one's way when they call: once for each object and field. */
export function* reportCallClashes(peers: readonly PeerConfig[], { objects, report, memory }: Context): Steps<void> {
  const clashes = yield* memory.recall("call clashes", [], () => new CallClashes()).of(peers);
  for (const [first, others] of clashes) {
    const { peer, over } = first;
    const object = objects.BGPPeer.get(peer.source.slice("BGPPeer/".length));
    if (object === undefined) continue; // the mesh keeps its calls
    const text = `${describeClash(first)}${others === 0 ? "" : `; so it is with ${others} more of its neighbours`}`;
    const path = ["spec", fieldOf(first)];
    if (over === "password" || peer.passive) report.conflict(object, path, text);
    else report.warning(object, path, text);
  }
}

/** The first clash of each object and field, with the number of others; where the same neighbours come again it is known. */
class CallClashes {
  #peers: readonly PeerConfig[] = [];
  #clashes: readonly (readonly [CallClash, number])[] = [];

  *of(peers: readonly PeerConfig[]): Steps<readonly (readonly [CallClash, number])[]> {
    if (peers === this.#peers) return this.#clashes;
    const found = yield* callClashes(peers);
    const alike = Map.groupBy(found, (clash) => `${clash.peer.source} ${fieldOf(clash)}`);
    this.#clashes = [...alike.values()].flatMap(([first, ...others]): (readonly [CallClash, number])[] => {
      return first === undefined ? [] : [[first, others.length]];
    });
    this.#peers = peers;
    return this.#clashes;
  }
}
