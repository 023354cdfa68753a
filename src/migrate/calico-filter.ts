import { Fields, type ForeignObject } from "./foreign.ts";
import type { Outcome } from "./outcome.ts";
import { communitiesByForm, everyRoute, otherThan, type PrefixMatch, prefixMatch } from "./routes.ts";

interface Match {
  readonly prefixes: readonly PrefixMatch[];
  readonly neighborKinds?: readonly string[];
  readonly communities?: readonly string[];
  readonly largeCommunities?: readonly string[];
}

interface Statement {
  readonly match: Match;
  readonly set: object;
  readonly action: string;
}

type Direction = "import" | "export";
const DIRECTIONS: Readonly<Record<Direction, readonly string[]>> = {
  import: ["importV4", "importV6"],
  export: ["exportV4", "exportV6"],
};

/** One BGPFilter is two policies, because a BGPPolicy is of one direction: `NAME-import` and `NAME-export`. */
export function migrateBgpFilter({ name, raw }: ForeignObject, outcome: Outcome): void {
  outcome.about(`BGPFilter/${name}`);
  const spec = new Fields(raw.spec, "spec", outcome.remark);
  for (const direction of ["import", "export"] as const) {
    const statements = DIRECTIONS[direction].flatMap((field, index) => {
      const rules = spec.list(field);
      return rules.flatMap((rule) => statementsOf(rule, { direction, family: index === 0 ? 4 : 6 }, outcome));
    });
    outcome.add("BGPPolicy", `${name}-${direction}`, { statements: statements.length > 0 ? statements : [UNDECIDED] });
  }
  spec.end();
}

/** A policy needs a statement: this one leaves everything to the policies after it. */
const UNDECIDED = { action: "Continue" };

interface Place {
  readonly direction: Direction;
  readonly family: 4 | 6;
}

/** Conditions that have no counterpart: without them a rule would be about more than was meant. */
const UNSAYABLE: Readonly<Record<string, string>> = {
  interface: "routes are matched by what they are, not by interfaces",
  asPathPrefix: "match.asPathContains matches AS numbers anywhere in the path",
  priority: "routes have no priority of their own; match.communities may say what is meant",
};
const PEER_TYPE = { peerType: "write one policy for internal and one for external neighbours" };

function statementsOf(rule: Fields, place: Place, outcome: Outcome): Statement[] {
  const { direction, family } = place;
  const [action = "Accept", operator, cidr] = [rule.text("action"), rule.text("matchOperator"), rule.text("cidr")];
  const length = rule.fields("prefixLength");
  const lengths = { ...given("min", length.whole("min")), ...given("max", length.whole("max")) };
  const conditions = { ...neighborKinds(rule, direction), ...communitiesOf(rule) };
  const set = operationsOf(rule);
  const unsayable = { ...UNSAYABLE, ...(direction === "export" && PEER_TYPE) };
  rule.without(unsayable);
  length.end();
  rule.end();
  if (Object.keys(unsayable).some((field) => rule.has(field))) {
    outcome.remark(`${rule.at}: this ${action} is left out`);
    return [];
  }
  const statement = (prefixes: readonly PrefixMatch[], does: string): Statement => ({
    match: { prefixes, ...conditions },
    set,
    action: does,
  });
  if (cidr === undefined) return [statement([everyRoute(family)], action)];
  if (operator === "In") return [statement([prefixMatch(cidr, "within", lengths)], action)];
  if (operator === "Equal") return [statement([prefixMatch(cidr, "exactly")], action)];
  const how = operator === "NotEqual" ? "exactly" : "within";
  const others = Object.keys(lengths).length === 0 ? otherThan(cidr, how) : undefined;
  const where = rule.path("matchOperator");
  if (others === undefined || others.length === 0) {
    outcome.remark(`${where}: ${operator} has no counterpart here; this ${action} is left out`);
    return [];
  }
  outcome.remark(`${where}: ${operator} became the blocks beside ${cidr} and those around it`);
  return [statement(others, action)];
}

const KINDS: Readonly<Record<string, readonly string[]>> = { eBGP: ["External"], iBGP: ["Internal"] };

/** Whom a route came from: of an import that is the neighbour, whose kind Calico calls its type. */
function neighborKinds(rule: Fields, direction: Direction): Pick<Match, "neighborKinds"> {
  const [source, type] = [rule.text("source"), direction === "import" ? rule.text("peerType") : undefined];
  const kinds = KINDS[type ?? ""] ?? (source === "RemotePeers" ? ["External", "Internal"] : undefined);
  return kinds === undefined ? {} : { neighborKinds: kinds };
}

function communitiesOf(rule: Fields): Pick<Match, "communities" | "largeCommunities"> {
  const fields = rule.fields("communities");
  const values = fields.texts("values");
  fields.end();
  const { plain, large } = communitiesByForm(values);
  return { communities: plain, largeCommunities: large };
}

/** What is done to routes that the rule accepts. */
function operationsOf(rule: Fields): object {
  const added = rule.list("operations").flatMap((operation) => {
    const community = operation.fields("addCommunity");
    const value = community.text("value");
    operation.without({
      prependASPath: "set.prepend prepends the local AS number, as often as it says: write it by hand",
      setPriority: "set.localPref says what is preferred: write it by hand",
    });
    operation.end();
    return value ?? [];
  });
  const { plain, large } = communitiesByForm(added);
  return { addCommunities: plain, addLargeCommunities: large };
}

const given = <K extends string>(key: K, value: number | undefined): { readonly [Key in K]?: number } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [Key in K]?: number };
