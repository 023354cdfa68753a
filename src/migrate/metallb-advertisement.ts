import { readSelector, selects } from "#config/schema/selector.ts";
import { formatPrefix, parseInterfaceAddress, prefixOf } from "#route/prefix.ts";
import { blocksOf } from "./blocks.ts";
import { Fields, type ForeignObject, isMapping } from "./foreign.ts";
import { type Outcome, objectName } from "./outcome.ts";
import { communitiesByForm, longest, type PrefixMatch } from "./routes.ts";
import { type LabelSelector, labelSelectors } from "./selectors.ts";

/** An IPAddressPool, as far as it is looked at. */
interface Pool {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly blocks: readonly string[];
}

/** A BGPAdvertisement, read. */
export interface Advertisement {
  /** Our serviceAdvertisements: one for each of its node selectors. */
  readonly ours: readonly object[];
  /** Names of the BGPPeers that are told; none: all. */
  readonly peers: readonly string[];
  /** undefined: any address. */
  readonly blocks: readonly string[] | undefined;
  readonly lengths: { readonly ipv4: number | undefined; readonly ipv6: number | undefined };
}

interface Known {
  readonly communities: ReadonlyMap<string, string>;
  readonly pools: readonly Pool[];
}

export function readPool({ name, raw }: ForeignObject, outcome: Outcome): Pool {
  outcome.about(`IPAddressPool/${name}`);
  const spec = new Fields(raw.spec, "spec", outcome.remark);
  outcome.remark(
    "addresses are handed out by whoever sets status.loadBalancer of Services: MetalLB's controller can go on doing it, without its speaker",
  );
  const blocks = spec.texts("addresses").flatMap((text, index) => {
    const found = blocksOf(text);
    if (found === undefined)
      outcome.remark(`spec.addresses[${index}]: ${text} is no block and no range of at most 256 blocks, left out`);
    return found ?? [];
  });
  for (const field of ["autoAssign", "avoidBuggyIPs", "serviceAllocation"]) spec.any(field); // for who hands them out
  spec.end();
  const labels = isMapping(raw.metadata) && isMapping(raw.metadata.labels) ? raw.metadata.labels : {};
  return { name, labels: labels as Pool["labels"], blocks };
}

export function readAdvertisement({ name, raw }: ForeignObject, known: Known, outcome: Outcome): Advertisement {
  outcome.about(`BGPAdvertisement/${name}`);
  const spec = new Fields(raw.spec, "spec", outcome.remark);
  const values = spec.texts("communities").map((each) => (known.communities.get(each) ?? each).replace(/^large:/, ""));
  const { plain, large } = communitiesByForm(values);
  const blocks = blocksIn(spec, known.pools, outcome);
  const lengths = { ipv4: spec.whole("aggregationLength"), ipv6: spec.whole("aggregationLengthV6") };
  const [nodes, services] = [labelSelectors(spec, "nodeSelectors"), labelSelectors(spec, "serviceSelectors")];
  const common = {
    addresses: ["LoadBalancerIP"],
    cidrs: blocks,
    aggregationLength: lengths,
    communities: plain,
    largeCommunities: large,
    localPref: spec.whole("localPref"),
  };
  const peers = spec.texts("peers");
  spec.end();
  const anyOf = (list: readonly LabelSelector[]): readonly (LabelSelector | undefined)[] =>
    list.length === 0 ? [undefined] : list;
  const ours = anyOf(nodes).flatMap((nodeSelector) =>
    anyOf(services).map((serviceSelector) => ({ ...common, nodeSelector, serviceSelector })),
  );
  return { ours: blocks?.length === 0 ? [] : ours, peers, blocks, lengths };
}

/** The blocks of the pools that are meant: those named, those selected, or all. @returns undefined where none is known */
function blocksIn(spec: Fields, pools: readonly Pool[], outcome: Outcome): readonly string[] | undefined {
  const names = spec.texts("ipAddressPools");
  const selectors = labelSelectors(spec, "ipAddressPoolSelectors");
  const narrow = names.length > 0 || selectors.length > 0;
  if (pools.length === 0) {
    if (narrow)
      outcome.remark(
        "spec.ipAddressPools: no IPAddressPool is among the objects given, so addresses of every pool are told",
      );
    return undefined;
  }
  for (const name of names.filter((each) => pools.every((pool) => pool.name !== each)))
    outcome.remark(`spec.ipAddressPools: ${name} is not among the objects given, left out`);
  const meant = pools.filter(
    ({ name, labels }) => !narrow || names.includes(name) || selectors.some((each) => fits(each, labels)),
  );
  const blocks = [...new Set(meant.flatMap((pool) => pool.blocks))];
  if (blocks.length === 0) outcome.remark("it is about no address that is known, so nothing is made of it");
  return blocks;
}

/** One that is no selector selects nothing. */
function fits(selector: LabelSelector, labels: Pool["labels"]): boolean {
  const read = readSelector(selector);
  return read !== undefined && selects(read, labels);
}

export const policyNameOf = (peer: string): string => objectName(`metallb-${peer}`);

/** What a neighbour is told where some advertisements are for some neighbours only. */
export function exportPolicy(advertisements: readonly Advertisement[], peer: string): object {
  const meant = advertisements.filter(
    ({ peers, ours }) => ours.length > 0 && (peers.length === 0 || peers.includes(peer)),
  );
  const statements = meant.map(({ blocks, lengths }) => {
    const prefixes = blocks?.flatMap((block) => prefixesOf(block, lengths));
    return { match: { origins: ["Service"], ...(prefixes && { prefixes }) }, action: "Accept" };
  });
  return { statements: [...statements, { action: "Reject" }] };
}

/** Addresses of the block as they are originated: single ones, and the blocks that they are aggregated to. */
function prefixesOf(block: string, lengths: Advertisement["lengths"]): PrefixMatch[] {
  const whole = longest(block);
  const { address, prefix } = parseInterfaceAddress(block) ?? {};
  const length = (whole === 32 ? lengths.ipv4 : lengths.ipv6) ?? whole;
  const single: PrefixMatch = { cidr: block, ge: whole, le: whole };
  if (address === undefined || prefix === undefined || length >= whole) return [single];
  const outer = formatPrefix(prefixOf(address, Math.min(length, prefix.length)));
  return [{ cidr: outer, ge: length, le: length }, single];
}
