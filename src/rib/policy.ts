import type {
  OriginatedPrefix,
  PolicyActions,
  PolicyConfig,
  PolicyMatch,
  PolicyStatement,
} from "#config/node-config.ts";
import { type AsPath, type AsPathSegment, LONGEST_SEGMENT } from "#route/as-path.ts";
import type { Attributes, LargeCommunity } from "#route/attributes.ts";
import { GRACEFUL_SHUTDOWN_COMMUNITY } from "#route/communities.ts";
import { contains, type Prefix } from "#route/prefix.ts";
import type { SourceClass } from "./table/attribute-table.ts";

/** What decides about the paths of a neighbour in one direction; equal scopes have one program. */
export interface PolicyScope {
  readonly direction: "import" | "export";
  /** The neighbour is of another AS. */
  readonly external: boolean;
  /** Tried in order. */
  readonly policies: readonly PolicyConfig[];
  /** Export: own prefixes of these kinds go out before any policy is asked. */
  readonly advertise: readonly OriginatedPrefix["from"][];
  /** What `prepend` prepends. */
  readonly localAs: number;
  /** Export: how far the node is on its way out of service. */
  readonly drain: DrainStage;
}

/** `leaving`: all that is told asks others to find another way (RFC 8326); `gone`: nothing is told any more. */
export type DrainStage = "off" | "leaving" | "gone";

/** Why a path is accepted or not. */
export type Reason =
  | { readonly kind: "drained" }
  | { readonly kind: "advertised" }
  | { readonly kind: "statement"; readonly policy: string; readonly statement: number }
  | { readonly kind: "no policy" }
  | { readonly kind: "undecided" };

export interface Verdict {
  readonly accepted: boolean;
  readonly reason: Reason;
  /** As the policy leaves them; meaningless where the path is not accepted. */
  readonly attributes: Attributes;
}

/** Does the scope let everything pass as it is? Internal neighbours without policies. */
export const isOpen = (scope: PolicyScope): boolean =>
  !scope.external && scope.policies.length === 0 && scope.drain === "off";

/** What happens to a path that no statement decides: external neighbours are closed (RFC 8212 §3), internal ones open. */
export const acceptsUndecided = (scope: PolicyScope): boolean => !scope.external;

/**
 * The verdict of `scope` about one path, statement by statement: what `PolicyProgram` computes fast.
 * @param from where the path came from
 */
export function judge(scope: PolicyScope, attributes: Attributes, from: SourceClass, prefix: Prefix): Verdict {
  if (scope.drain === "gone") return { accepted: false, reason: { kind: "drained" }, attributes };
  const applied: PolicyActions[] = [];
  const done = (accepted: boolean, reason: Reason): Verdict => ({
    accepted,
    reason,
    attributes: accepted ? modify(scope, attributes, applied) : attributes,
  });
  if (isAdvertised(scope, from)) return done(true, { kind: "advertised" });
  for (const { name, statements } of scope.policies) {
    for (const [index, statement] of statements.entries()) {
      if (!matchesSet(statement.match, attributes, from) || !matchesPrefix(statement.match, prefix)) continue;
      applied.push(statement.set);
      if (statement.action === "continue") continue;
      return done(statement.action === "accept", { kind: "statement", policy: name, statement: index });
    }
  }
  return done(acceptsUndecided(scope), { kind: scope.policies.length === 0 ? "no policy" : "undecided" });
}

export function isAdvertised(scope: PolicyScope, from: SourceClass): boolean {
  return scope.direction === "export" && (scope.advertise as readonly SourceClass[]).includes(from);
}

/** All statements of a scope, in the order in which they are tried. */
export const statementsOf = (scope: PolicyScope): PolicyStatement[] =>
  scope.policies.flatMap(({ statements }) => statements);

/** The conditions on attributes and source. */
export function matchesSet(match: PolicyMatch, attributes: Attributes, from: SourceClass): boolean {
  const { communities, largeCommunities, asPathContains, neighbourKinds, origins } = match;
  if (communities !== undefined && !communities.some((one) => attributes.communities.includes(one))) return false;
  if (largeCommunities !== undefined && !largeCommunities.some((one) => hasLarge(attributes, one))) return false;
  if (asPathContains !== undefined && !asPathContains.some((one) => passed(attributes.asPath, one))) return false;
  if (neighbourKinds !== undefined && !neighbourKinds.includes(kindOf(from))) return false;
  return origins === undefined || (origins as readonly SourceClass[]).includes(from);
}

/** Is there a condition on the attributes themselves? */
export const asksSet = ({ communities, largeCommunities, asPathContains }: PolicyMatch): boolean =>
  communities !== undefined || largeCommunities !== undefined || asPathContains !== undefined;

/** The condition on the prefix. */
function matchesPrefix({ prefixes }: PolicyMatch, prefix: Prefix): boolean {
  if (prefixes === undefined) return true;
  return prefixes.some(
    ({ prefix: outer, minLength, maxLength }) =>
      prefix.length >= minLength && prefix.length <= maxLength && contains(outer, prefix),
  );
}

const kindOf = (from: SourceClass): "external" | "internal" | "local" =>
  from === "external" || from === "internal" ? from : "local";

const sameLarge = (a: LargeCommunity, b: LargeCommunity): boolean => a.every((part, index) => part === b[index]);
const hasLarge = (attributes: Attributes, one: LargeCommunity): boolean =>
  attributes.largeCommunities.some((other) => sameLarge(one, other));
const passed = (path: AsPath, as: number): boolean => path.some(({ members }) => members.includes(as));

/** Could these actions change anything? */
export const isIdle = (actions: PolicyActions): boolean => Object.values(actions).every((value) => value === undefined);

/**
 * Attributes after all actions in order, and what the direction demands: routes of external neighbours that are to be
 * shut down get LOCAL_PREF 0 (RFC 8326 §4.2); a MED that is told to an external one is the policy's own, never a learned
 * one (RFC 4271 §5.1.4).
 * @returns `attributes` itself where nothing changes
 */
export function modify(scope: PolicyScope, attributes: Attributes, actions: readonly PolicyActions[]): Attributes {
  let changed = attributes;
  for (const action of actions) if (!isIdle(action)) changed = act(changed, action, scope.localAs);
  if (scope.direction === "import") {
    const leaving =
      scope.external && changed.communities.includes(GRACEFUL_SHUTDOWN_COMMUNITY) && changed.localPref !== 0;
    return leaving ? { ...changed, localPref: 0 } : changed;
  }
  if (scope.drain === "leaving") changed = asLeaving(changed, scope.external);
  if (changed === attributes || !scope.external) return changed;
  return actions.some(({ med }) => med !== undefined) ? changed : { ...changed, med: undefined };
}

/** RFC 8326 §4.1: the community for all; within our AS the least local preference too, which it stands for (§4.2). */
function asLeaving(attributes: Attributes, external: boolean): Attributes {
  const communities = [...new Set([...attributes.communities, GRACEFUL_SHUTDOWN_COMMUNITY])];
  return { ...attributes, communities, localPref: external ? attributes.localPref : 0 };
}

function act(attributes: Attributes, actions: PolicyActions, localAs: number): Attributes {
  const { localPref, med, addCommunities, removeCommunities, addLargeCommunities, prepend } = actions;
  const kept = attributes.communities.filter((one) => !removeCommunities?.includes(one));
  const large = [...attributes.largeCommunities];
  for (const one of addLargeCommunities ?? []) if (!large.some((other) => sameLarge(one, other))) large.push(one);
  return {
    ...attributes,
    localPref: localPref ?? attributes.localPref,
    med: med ?? attributes.med,
    communities: [...new Set([...kept, ...(addCommunities ?? [])])],
    largeCommunities: large,
    asPath: prepended(attributes.asPath, localAs, prepend ?? 0),
  };
}

/** `times` times our AS number in front, in segments of at most 255 (RFC 4271 §5.1.2). */
function prepended(path: AsPath, as: number, times: number): AsPath {
  let result = path;
  for (let left = times; left > 0; left--) {
    const [first, ...rest] = result;
    const joins = first?.kind === "sequence" && first.members.length < LONGEST_SEGMENT;
    const head: AsPathSegment = { kind: "sequence", members: joins ? [as, ...first.members] : [as] };
    result = joins ? [head, ...rest] : [head, ...result];
  }
  return result;
}
