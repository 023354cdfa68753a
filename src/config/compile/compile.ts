import { finish, mapSteps, type Steps } from "#lib/steps.ts";
import type { Address } from "#route/address.ts";
import { hostPrefix, type Prefix } from "#route/prefix.ts";
import type {
  CniConfig,
  MasqueradeConfig,
  NodeConfig,
  OriginatedPrefix,
  PeerConfig,
  PolicyConfig,
} from "../node-config.ts";
import type { ObjectSet } from "../objects.ts";
import type { Remark } from "../remark.ts";
import { selects } from "../schema/selector.ts";
import type { Context } from "./context.ts";
import { Memory } from "./memory.ts";
import type { NodeFacts } from "./node-facts.ts";
import { allNodes } from "./nodes.ts";
import { blockOwnersOf } from "./owners.ts";
import { gatewayPeersOf, peersOf } from "./peers.ts";
import { closedPolicy, policyOf } from "./policies.ts";
import { rolesOf } from "./reflectors.ts";
import { Report } from "./report.ts";
import { serviceAddresses } from "./services.ts";
import { configurationOf, drainOf, gracefulRestartOf, kernelOf, settingsFor } from "./settings.ts";
import { equal, share } from "./share.ts";

export interface Compiled {
  /** undefined while there is no Node object for our node. */
  readonly config: NodeConfig | undefined;
  /** What is wrong with the objects, sorted by nothing but the order of the rules; equal objects give equal remarks. */
  readonly remarks: readonly Remark[];
}

/** What was worked out on the way to a configuration, for the next one. */
const memories = new WeakMap<NodeConfig, Memory>();

/**
 * What one node has to do, from all objects.
 * @param previous an earlier result: parts that did not change are the same values again, and cost next to nothing
 */
export function compile(objects: ObjectSet, nodeName: string, previous?: NodeConfig): Compiled {
  return finish(compileSteps(objects, nodeName, previous));
}

/** The same with pauses, for thousands of nodes and Services. One at a time. */
export function* compileSteps(objects: ObjectSet, nodeName: string, previous?: NodeConfig): Steps<Compiled> {
  const memory = (previous === undefined ? undefined : memories.get(previous)) ?? new Memory();
  const report = new Report();
  const { object: configuration, spec: written } = configurationOf(objects);
  const spec = memory.latest("spec", written); // a condition on the object is no other configuration
  const { nodes, claims } = yield* allNodes(objects, spec, report, memory);
  const own = nodes.find(({ name }) => name === nodeName);
  if (own === undefined) {
    report.missing(`Node/${nodeName}`, "there is no Node object of this name: nothing can be run for it");
    return { config: undefined, remarks: report.remarks };
  }
  const settings = memory.recall("settings", [spec, own], () => settingsFor(spec, own.labels));
  const roles = memory.recall("roles", [spec, own], () => rolesOf(own, spec.reflectors));
  const made = yield* assemble({ objects, configuration, spec, settings, own, roles, nodes, claims, report, memory });
  yield;
  const config = yield* shareConfig(previous, made);
  memories.set(config, memory);
  return { config, remarks: report.remarks };
}

/** Fields that may hold thousands; what did not change among originated prefixes and owners is the same value already. */
const WHOLE = ["originated", "blockOwners", "masquerade"] as const;

function* shareConfig(previous: NodeConfig | undefined, made: NodeConfig): Steps<NodeConfig> {
  if (previous === undefined) return made;
  const shared: Record<string, unknown> = {};
  for (const field of WHOLE) {
    shared[field] = equal(previous[field], made[field]) ? previous[field] : made[field];
    yield;
  }
  shared.peers = share(previous.peers, made.peers);
  yield;
  const fields = Object.entries(made).map(([field, value]) => {
    return [field, shared[field] ?? share(previous[field as keyof NodeConfig], value)] as const;
  });
  const isSame = fields.every(([field, value]) => value === previous[field as keyof NodeConfig]);
  return isSame ? previous : (Object.fromEntries(fields) as unknown as NodeConfig);
}

function* assemble(context: Context): Steps<NodeConfig> {
  const { settings, own, roles } = context;
  const peers = yield* peersOf(context);
  const gatewayPeers = gatewayPeersOf(context);
  const originated = yield* originatedBy(context);
  const policies = policiesFor([...peers, ...gatewayPeers], context);
  yield;
  const blockOwners = yield* blockOwnersOf(context);
  const masquerade = yield* masqueradeOf(context);
  return {
    nodeName: own.name,
    localAs: own.as,
    routerId: own.routerId,
    clusterId: own.clusterId ?? roles.reflects.find(({ clusterId }) => clusterId)?.clusterId ?? own.routerId,
    addresses: own.addresses,
    listen: { port: settings.listenPort, addresses: listenAddressesOf(context) },
    peers,
    originated,
    gatewayPeers,
    policies,
    blockOwners,
    kernel: kernelOf(settings, own.addresses),
    gracefulRestart: gracefulRestartOf(settings),
    drain: drainOf(settings, own.object),
    cni: cniOf(context),
    masquerade,
  };
}

const listenAddressesOf = ({ spec: { listenAddresses = [] }, own }: Context): readonly Address[] =>
  listenAddresses.flatMap((address) => (address === "NodeAddress" ? Object.values(own.addresses) : [address]));

function* originatedBy(context: Context): Steps<readonly OriginatedPrefix[]> {
  const { spec, own, memory } = context;
  const { enabled, communities, largeCommunities, localPref } = spec.podCIDRs;
  const source = `node/${own.name}`;
  const pods = own.podCidrs.map((prefix): OriginatedPrefix => {
    return { prefix, from: "podCIDR", source, blackhole: true, communities, largeCommunities, localPref };
  });
  const others = spec.advertisements
    .filter(({ nodeSelector = {} }) => selects(nodeSelector, own.labels))
    .map(({ cidr: prefix, blackhole, communities, largeCommunities, localPref }): OriginatedPrefix => {
      return {
        prefix,
        from: "static",
        source: "BGPConfiguration/default",
        blackhole,
        communities,
        largeCommunities,
        localPref,
      };
    });
  const ownPrefixes = memory.latest("own prefixes", [...(enabled ? pods : []), ...others]);
  return yield* serviceAddresses(context, ownPrefixes);
}

/** Those that peers name; one that does not exist lets nothing through. */
function policiesFor(
  peers: readonly Pick<PeerConfig, "source" | "importPolicies" | "exportPolicies">[],
  { objects, report }: Context,
): Record<string, PolicyConfig> {
  const policies = new Map<string, PolicyConfig>();
  const seen = new Set<string>();
  for (const { source, importPolicies, exportPolicies } of peers) {
    if (seen.has(source)) continue; // one BGPPeer may give thousands of neighbours
    seen.add(source);
    for (const [field, names] of Object.entries({ importPolicies, exportPolicies })) {
      for (const [index, name] of names.entries()) {
        const object = objects.BGPPolicy.get(name);
        if (!policies.has(name)) {
          policies.set(name, object === undefined ? closedPolicy(name) : policyOf(name, object.value));
        }
        const by = objects.BGPPeer.get(source.slice("BGPPeer/".length));
        if (object !== undefined || by === undefined) continue;
        report.error(by, ["spec", field, index], `there is no BGPPolicy/${name}: nothing passes until there is`);
      }
    }
  }
  return Object.fromEntries([...policies].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function cniOf({ settings: { cni = {} }, own, report }: Context): CniConfig | undefined {
  if (cni.enabled !== true) return undefined;
  if (own.podCidrs.length === 0) {
    report.error(own.object, ["spec", "podCIDRs"], "no Pod CIDR, so no CNI network configuration is written");
    return undefined;
  }
  return {
    plugin: cni.plugin ?? "ptp",
    networkName: cni.networkName ?? "linnet",
    path: cni.path ?? "/etc/cni/net.d/10-linnet.conflist",
    podCidrs: own.podCidrs,
    mtu: cni.mtu,
    portmap: cni.portmap ?? true,
  };
}

function* masqueradeOf({ settings, own, claims, memory }: Context): Steps<MasqueradeConfig | undefined> {
  const { masquerade = {} } = settings;
  if (masquerade.enabled !== true) return undefined;
  const inside = yield* memory.recall("inside", [], () => new InsideOfCluster()).of(claims);
  return { podCidrs: own.podCidrs, exclude: [...inside, ...(masquerade.excludeCIDRs ?? [])] };
}

/** Blocks and addresses of all nodes, as long as nobody claims another one. */
class InsideOfCluster {
  #claims: readonly NodeFacts[] = [];
  #inside: readonly Prefix[] = [];

  *of(claims: readonly NodeFacts[]): Steps<readonly Prefix[]> {
    if (claims === this.#claims) return this.#inside;
    const each = yield* mapSteps(claims, ({ podCidrs, addresses }): Prefix[] => {
      return [...podCidrs, ...Object.values(addresses).map(hostPrefix)];
    });
    this.#claims = claims;
    this.#inside = each.flat();
    return this.#inside;
  }
}
