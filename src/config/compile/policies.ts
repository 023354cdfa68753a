import { bitsOf } from "#route/family.ts";
import type { OriginatedPrefix, PolicyActions, PolicyConfig, PolicyMatch, PolicyStatement } from "../node-config.ts";
import type { BgpPolicy } from "../schema/bgp-policy.ts";

type Statement = BgpPolicy["spec"]["statements"][number];
type KindName = "PodCIDR" | "Service" | "Static";

export const ORIGIN_KINDS: Readonly<Record<KindName, OriginatedPrefix["from"]>> = {
  PodCIDR: "podCIDR",
  Service: "service",
  Static: "static",
};
const NEIGHBOUR_KINDS = { External: "external", Internal: "internal", Local: "local" } as const;
const ACTIONS = { Accept: "accept", Reject: "reject", Continue: "continue" } as const;

export function policyOf(name: string, { spec }: BgpPolicy): PolicyConfig {
  return { name, statements: spec.statements.map(statementOf) };
}

/** Stands for a policy that is named but does not exist: nothing passes until it does. */
export function closedPolicy(name: string): PolicyConfig {
  return { name, statements: [{ match: {}, set: {}, action: "reject" }] };
}

function statementOf({ match, set, action }: Statement): PolicyStatement {
  return { match: matchOf(match), set: compact<PolicyActions>(set), action: ACTIONS[action] };
}

function matchOf({ prefixes, neighborKinds, origins, ...rest }: Statement["match"]): PolicyMatch {
  return compact<PolicyMatch>({
    ...rest,
    prefixes: prefixes?.map(({ cidr, ge, le }) => ({
      prefix: cidr,
      minLength: ge ?? cidr.length,
      maxLength: le ?? (ge === undefined ? cidr.length : bitsOf(cidr.family)),
    })),
    neighbourKinds: neighborKinds?.map((kind) => NEIGHBOUR_KINDS[kind]),
    origins: origins?.map((kind) => ORIGIN_KINDS[kind]),
  });
}

/** Without the fields that are undefined. */
function compact<T extends object>(fields: { readonly [K in keyof T]?: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
