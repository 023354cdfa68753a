import { mapSteps, type Steps } from "#lib/steps.ts";
import { type Address, formatAddress, formatRouterId } from "#route/address.ts";
import { families } from "#route/family.ts";
import { formatPrefix } from "#route/prefix.ts";
import type { FieldPath } from "../remark.ts";
import { BlockOwners } from "./block-owners.ts";
import type { NodeFacts } from "./node-facts.ts";
import type { Report } from "./report.ts";

/** What two nodes cannot both have. */
export const claimsOf = ({ addresses, podCidrs, routerId }: NodeFacts): object => ({ addresses, podCidrs, routerId });

/**
 * What two nodes cannot both have: an address and a Pod CIDR stay with the earlier one, a router id is only reported.
 * @param nodes earlier ones first @returns `nodes` itself where nothing is in conflict
 */
export function* settle(nodes: readonly NodeFacts[], report: Report): Steps<readonly NodeFacts[]> {
  const distinct = yield* withoutDuplicates(nodes, report);
  const kept = yield* withoutOverlaps(distinct, report);
  return kept.every((node, index) => node === nodes[index]) ? nodes : kept;
}

/** Who has it first keeps it; others are told. */
class Claims {
  readonly #owners = new Map<number | string, NodeFacts>();
  readonly #report: Report;

  constructor(report: Report) {
    this.#report = report;
  }

  /** @param what names it, for the remark @returns whether it is the node's now */
  claim(key: number | string, node: NodeFacts, path: FieldPath, what: () => string): boolean {
    const owner = this.#owners.get(key);
    if (owner === undefined) this.#owners.set(key, node);
    else this.#report.conflict(node.object, path, `Node/${owner.name} has ${what()}`);
    return owner === undefined;
  }
}

/** Addresses and router ids that two nodes have: an address stays with the earlier one, router ids are only reported. */
function* withoutDuplicates(nodes: readonly NodeFacts[], report: Report): Steps<NodeFacts[]> {
  const [addresses, routerIds] = [new Claims(report), new Claims(report)];
  return yield* mapSteps(nodes, (node) => {
    const { annotations } = node.object.value.metadata;
    const kept = families.flatMap((family) => {
      const address = node.addresses[family];
      if (address === undefined) return [];
      const key = `linnet.dev/${family}-address` as const;
      const path = annotations[key] === undefined ? ["status", "addresses"] : ["metadata", "annotations", key];
      const what = (): string => `the address ${formatAddress(address)} too; no sessions to it are made`;
      const free = addresses.claim(keyOf(address), node, path, what);
      return free ? [[family, address] as const] : [];
    });
    const idPath = ["metadata", "annotations", "linnet.dev/router-id"];
    routerIds.claim(node.routerId, node, idPath, () => {
      return `the router id ${formatRouterId(node.routerId)} too; give this node another one by this annotation`;
    });
    return kept.length === Object.keys(node.addresses).length ? node : { ...node, addresses: Object.fromEntries(kept) };
  });
}

const keyOf = ({ words: [first = 0, ...rest] }: Address): number | string =>
  rest.length === 0 ? first : `${first}.${rest.join(".")}`;

/** Pod CIDRs stay with the earlier of two nodes. */
function* withoutOverlaps(nodes: readonly NodeFacts[], report: Report): Steps<NodeFacts[]> {
  const owners = new BlockOwners<NodeFacts>(nodes.flatMap(({ podCidrs }) => podCidrs));
  return yield* mapSteps(nodes, (node) => {
    const kept = node.podCidrs.filter((block, index) => {
      const other = owners.overlapping(block);
      if (other === undefined) owners.add(block, node);
      else {
        const text = `${formatPrefix(block)} overlaps ${formatPrefix(other.prefix)} of Node/${other.owner.name}; Node/${other.owner.name} keeps it`;
        report.conflict(node.object, ["spec", "podCIDRs", index], text);
      }
      return other === undefined;
    });
    return kept.length === node.podCidrs.length ? node : { ...node, podCidrs: kept };
  });
}
