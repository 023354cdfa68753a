import { Fields, type ForeignObject } from "./foreign.ts";
import type { Outcome } from "./outcome.ts";
import { everyRoute, type PrefixMatch, prefixMatch } from "./routes.ts";

interface Statement {
  readonly match: { readonly prefixes: readonly PrefixMatch[]; readonly neighborKinds?: readonly string[] };
  readonly action: string;
}

const DIRECTIONS = { import: ["importV4", "importV6"], export: ["exportV4", "exportV6"] } as const;

/** One BGPFilter is two policies, because a BGPPolicy is of one direction: `NAME-import` and `NAME-export`. */
export function migrateBgpFilter({ name, raw }: ForeignObject, outcome: Outcome): void {
  outcome.about(`BGPFilter/${name}`);
  const spec = new Fields(raw.spec, "spec", outcome.remark);
  for (const [direction, fields] of Object.entries(DIRECTIONS)) {
    const statements = fields.flatMap((field, index) => {
      const rules = spec.list(field);
      return rules.flatMap((rule, at) => statementsOf(rule, index === 0 ? 4 : 6, at === rules.length - 1, outcome));
    });
    outcome.add("BGPPolicy", `${name}-${direction}`, { statements: statements.length > 0 ? statements : [UNDECIDED] });
  }
  spec.end();
}

/** A policy needs a statement: this one leaves everything to the policies after it. */
const UNDECIDED = { action: "Continue" };

function statementsOf(rule: Fields, family: 4 | 6, isLast: boolean, outcome: Outcome): Statement[] {
  const [action = "Accept", operator] = [rule.text("action"), rule.text("matchOperator")];
  const [cidr, source] = [rule.text("cidr"), rule.text("source")];
  const length = rule.fields("prefixLength");
  const lengths = { ...given("min", length.whole("min")), ...given("max", length.whole("max")) };
  const where = rule.path("matchOperator");
  rule.without({
    interface: "routes are matched by what they are, not by interfaces",
    peerType: "write one policy for internal and one for external neighbours",
    communities: "match.communities says it: write it by hand",
    operations: "set says it: write it by hand",
    asPathPrefix: "match.asPathContains matches AS numbers anywhere in the path",
    priority: "set.localPref says it: write it by hand",
  });
  length.end();
  rule.end();
  const neighborKinds = source === "RemotePeers" ? ["External", "Internal"] : undefined;
  const statement = (prefixes: readonly PrefixMatch[], does: string): Statement => ({
    match: { prefixes, ...(neighborKinds && { neighborKinds }) },
    action: does,
  });
  if (cidr === undefined) return [statement([everyRoute(family)], action)];
  if (operator === "In") return [statement([prefixMatch(cidr, "within", lengths)], action)];
  if (operator === "Equal") return [statement([prefixMatch(cidr, "exactly")], action)];
  // Not in X, rejected, and nothing after it: what is in X passes to the policies after this one, all else does not.
  if (isLast && action === "Reject") {
    const kept = prefixMatch(cidr, operator === "NotEqual" ? "exactly" : "within");
    outcome.remark(`${where}: ${operator} became an Accept of ${cidr} and a Reject of the rest`);
    return [statement([kept], "Accept"), statement([everyRoute(family)], "Reject")];
  }
  outcome.remark(
    `${where}: ${operator} has no counterpart here; the rule is left out: write the blocks that are meant`,
  );
  return [];
}

const given = <K extends string>(key: K, value: number | undefined): { readonly [Key in K]?: number } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [Key in K]?: number };
