import type { Fields } from "./foreign.ts";

/** metav1.LabelSelector, as manifests write it. */
export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

type Expression = NonNullable<LabelSelector["matchExpressions"]>[number];
type Condition = "all" | readonly [key: string, value: string] | Expression;

interface Form {
  readonly pattern: RegExp;
  readonly read: (groups: readonly (string | undefined)[]) => Condition;
}

const isExpression = (condition: Condition | undefined): condition is Expression =>
  typeof condition === "object" && !Array.isArray(condition);

const KEY = "([\\w./-]+)";
const TEXT = `(?:"([^"]*)"|'([^']*)')`;
const listOf = (text = ""): string[] => [...text.matchAll(/"([^"]*)"|'([^']*)'/g)].map(([, a, b]) => a ?? b ?? "");

/** The conditions of Calico's selectors that a label selector can say too. */
const forms: readonly Form[] = [
  { pattern: /^(?:all|global)\(\s*\)$/, read: () => "all" },
  { pattern: new RegExp(`^${KEY}\\s*==\\s*${TEXT}$`), read: ([key = "", a, b]) => [key, a ?? b ?? ""] },
  {
    pattern: new RegExp(`^${KEY}\\s*!=\\s*${TEXT}$`),
    read: ([key = "", a, b]) => ({ key, operator: "NotIn", values: [a ?? b ?? ""] }),
  },
  { pattern: new RegExp(`^has\\(\\s*${KEY}\\s*\\)$`), read: ([key = ""]) => ({ key, operator: "Exists" }) },
  { pattern: new RegExp(`^!\\s*has\\(\\s*${KEY}\\s*\\)$`), read: ([key = ""]) => ({ key, operator: "DoesNotExist" }) },
  {
    pattern: new RegExp(`^${KEY}\\s+in\\s+\\{([^}]*)\\}$`),
    read: ([key = "", list]) => ({ key, operator: "In", values: listOf(list) }),
  },
  {
    pattern: new RegExp(`^${KEY}\\s+not\\s+in\\s+\\{([^}]*)\\}$`),
    read: ([key = "", list]) => ({ key, operator: "NotIn", values: listOf(list) }),
  },
];

/**
 * A Calico selector as a label selector: conditions joined by `&&`, values of one key also by `||`.
 * @returns undefined where it says something that label selectors cannot: `||` of other things, `contains`, `starts with`
 */
export function fromCalicoSelector(text: string): LabelSelector | undefined {
  const parts = text.split("&&").map((part) => part.trim());
  const conditions = parts.map((part) => conditionOf(part, parts.length === 1));
  if (conditions.some((condition) => condition === undefined)) return undefined;
  const labels = conditions.flatMap((condition) => (Array.isArray(condition) ? [condition] : []));
  const expressions = conditions.flatMap((condition) => (isExpression(condition) ? [condition] : []));
  const matchLabels = Object.fromEntries(labels);
  if (labels.some(([key, value]) => matchLabels[key] !== value)) return undefined; // selects nothing
  return {
    ...(labels.length > 0 && { matchLabels }),
    ...(expressions.length > 0 && { matchExpressions: expressions }),
  };
}

/** @param whole it is not joined to others, and needs no brackets around `||`, which binds less than `&&` */
function conditionOf(part: string, whole: boolean): Condition | undefined {
  const bracketed = /^\(([^()]*)\)$/.exec(part)?.[1]?.trim();
  const inner = bracketed ?? part;
  if (inner.includes("||")) return bracketed === undefined && !whole ? undefined : anyOf(inner.split("||"));
  for (const { pattern, read } of forms) {
    const match = pattern.exec(inner);
    if (match) return read(match.slice(1));
  }
  return undefined;
}

/** Several values of one key. */
function anyOf(parts: readonly string[]): Expression | undefined {
  const lists = parts.map((part): Expression | undefined => {
    const condition = conditionOf(part.trim(), false);
    if (Array.isArray(condition)) return { key: condition[0], operator: "In", values: [condition[1]] };
    return isExpression(condition) && condition.operator === "In" ? condition : undefined;
  });
  const [first] = lists;
  if (first === undefined || lists.some((list) => list?.key !== first.key)) return undefined;
  return { key: first.key, operator: "In", values: lists.flatMap((list) => list?.values ?? []) };
}

export const ofNode = (name: string): LabelSelector => ({ matchLabels: { "kubernetes.io/hostname": name } });

/** A list of metav1.LabelSelectors, any of which will do. */
export function labelSelectors(spec: Fields, field: string): LabelSelector[] {
  return spec.list(field).map((each) => {
    const labels = each.any("matchLabels") as Record<string, string> | undefined;
    const expressions = each.any("matchExpressions") as LabelSelector["matchExpressions"];
    each.end();
    return { ...(labels && { matchLabels: labels }), ...(expressions && { matchExpressions: expressions }) };
  });
}
