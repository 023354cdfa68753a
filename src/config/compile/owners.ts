import type { BlockOwner } from "../node-config.ts";
import type { Context } from "./context.ts";

const nobody: ReadonlyMap<string, BlockOwner> = new Map();

/** Whose pod addresses are whose, ours among them. Of a block that two nodes claim it is the earlier one. */
export function blockOwnersOf({ spec, own, nodes, memory }: Context): ReadonlyMap<string, BlockOwner> {
  if (spec.originCheck === "Off") return nobody;
  return memory.recall("block owners", [own.as, ...nodes], () => {
    const owners = new Map<string, BlockOwner>();
    for (const node of nodes) {
      if (node.podCidrs.length === 0) continue;
      const owner = memory.recallOf("block owner", node, [own.as], () => ({
        node: node.name,
        blocks: node.podCidrs,
        externalAs: node.as === own.as ? undefined : node.as,
        routerId: node.routerId,
        addresses: node.addresses,
      }));
      owners.set(node.name, owner);
    }
    return owners;
  });
}
