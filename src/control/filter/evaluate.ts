import { bug } from "#lib/bug.ts";
import type { AsPath } from "#route/as-path.ts";
import { contains } from "#route/prefix.ts";
import { matchesGlob } from "../glob.ts";
import type { RouteView } from "../views.ts";
import { assign } from "./assign.ts";
import type { BinaryOperator, Expression, Statement } from "./ast.ts";
import { attributeTable, methodTable, type Subject } from "./attributes.ts";
import { formatValue, inSpan, type MaskItem, type PrefixPattern, type Value, wordsOf } from "./values.ts";

/** The expression has no value here: division by zero, or an attribute where there is no route at all. */
export class EvaluationError extends Error {
  override readonly name = "EvaluationError";
}

/**
 * @param subject undefined: there is no route, as for `eval`
 * @returns undefined where the route lacks what the expression is about
 * @throws EvaluationError
 */
export function evaluate(expression: Expression, subject: Subject | undefined): Value | undefined {
  if ("left" in expression) return binary(expression.kind, expression.left, expression.right, subject);
  switch (expression.kind) {
    case "constant":
      return expression.value;
    case "attribute":
      if (subject === undefined) throw new EvaluationError("runtime error");
      return (attributeTable[expression.name] ?? bug(`no attribute ${expression.name}`)).get(subject);
    case "method": {
      const of = evaluate(expression.of, subject);
      return of === undefined ? undefined : methodTable[`${of.type}.${expression.method}`]?.apply(of);
    }
    case "not":
      return truth(!isTrue(evaluate(expression.of, subject)));
    case "defined":
      return truth(evaluate(expression.of, subject) !== undefined);
    case "format": {
      const of = evaluate(expression.of, subject);
      return { type: "string", value: of === undefined ? "(void)" : formatValue(of) };
    }
  }
}

const truth = (value: boolean): Value => ({ type: "bool", value });
const isTrue = (value: Value | undefined): boolean => value?.type === "bool" && value.value;

/** Does the condition hold for this route? What cannot be evaluated does not. */
export function holds(condition: Expression, subject: Subject): boolean {
  try {
    return isTrue(evaluate(condition, subject));
  } catch (error) {
    if (error instanceof EvaluationError) return false;
    throw error;
  }
}

/** What a filter made of a route. */
export interface Verdict {
  /** undefined: it ended without one, which rejects. */
  readonly verdict: "accept" | "reject" | undefined;
  /** With what was assigned on the way. */
  readonly route: RouteView;
}

/** Runs a filter's body. */
export function decide(statement: Statement, subject: Subject): Verdict {
  const { net, route } = subject;
  switch (statement.kind) {
    case "accept":
    case "reject":
      return { verdict: statement.kind, route };
    case "nothing":
      return { verdict: undefined, route };
    case "assign":
      return { verdict: undefined, route: assigned(statement.name, statement.value, subject) };
    case "if":
      return decide(holds(statement.condition, subject) ? statement.then : statement.otherwise, subject);
    case "block": {
      let now: Verdict = { verdict: undefined, route };
      for (const inner of statement.statements) {
        now = decide(inner, { net, route: now.route });
        if (now.verdict !== undefined) break;
      }
      return now;
    }
  }
}

/** What has no value changes nothing. */
function assigned(name: string, expression: Expression, subject: Subject): RouteView {
  try {
    const value = evaluate(expression, subject);
    return value === undefined ? subject.route : assign(subject.route, name, value);
  } catch (error) {
    if (error instanceof EvaluationError) return subject.route;
    throw error;
  }
}

function binary(
  operator: BinaryOperator,
  leftExpression: Expression,
  rightExpression: Expression,
  subject: Subject | undefined,
): Value | undefined {
  const left = evaluate(leftExpression, subject);
  if (operator === "&&") return truth(isTrue(left) && isTrue(evaluate(rightExpression, subject)));
  if (operator === "||") return truth(isTrue(left) || isTrue(evaluate(rightExpression, subject)));
  const right = evaluate(rightExpression, subject);
  return operators[operator](left, right);
}

type Operator = (left: Value | undefined, right: Value | undefined) => Value | undefined;

/** Operators whose both sides are always looked at. */
const operators: Readonly<Record<Exclude<BinaryOperator, "&&" | "||">, Operator>> = {
  "=": (left, right) => truth(equal(left, right)),
  "!=": (left, right) => truth(!equal(left, right)),
  "~": (left, right) => truth(matchesValue(left, right)),
  "!~": (left, right) => truth(!matchesValue(left, right)),
  "<": (left, right) => ordered(left, right, (order) => order < 0),
  "<=": (left, right) => ordered(left, right, (order) => order <= 0),
  ">": (left, right) => ordered(left, right, (order) => order > 0),
  ">=": (left, right) => ordered(left, right, (order) => order >= 0),
  "+": arithmetic((a, b) => a + b),
  "-": arithmetic((a, b) => a - b),
  "*": arithmetic(Math.imul),
  "/": arithmetic((a, b) => {
    if (b === 0) throw new EvaluationError("division by zero");
    return Math.floor(a / b);
  }),
};

/** On 32 bits without sign. */
function arithmetic(compute: (a: number, b: number) => number): Operator {
  return (left, right) => {
    if (left?.type !== "int" || right?.type !== "int") return undefined;
    return { type: "int", value: compute(left.value, right.value) >>> 0 };
  };
}

/** Values of different types differ; so do absent ones. A path equals a mask that it matches. */
function equal(left: Value | undefined, right: Value | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  if (left.type === "path" && right.type === "path mask") return pathMatches(left.value, right.value);
  if (left.type !== right.type || (left.type === "enum" && right.type === "enum" && left.of !== right.of)) return false;
  return formatValue(left) === formatValue(right);
}

/** Values without an order, and absent ones, are in none. */
function ordered(left: Value | undefined, right: Value | undefined, holdsFor: (order: number) => boolean): Value {
  const [a, b] = [left && wordsOf(left), right && wordsOf(right)];
  if (a === undefined || b === undefined || a.length !== b.length) return truth(false);
  const at = a.findIndex((word, index) => word !== b[index]);
  return truth(holdsFor(at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0)));
}

/** `~`: is the left in the right, in whatever way the two can be so. */
function matchesValue(left: Value | undefined, right: Value | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  if (right.type === "prefix")
    return (left.type === "prefix" || left.type === "ip") && contains(right.value, left.value);
  if (right.type === "prefix set") {
    return left.type === "prefix" && right.value.some((candidate) => fits(left.value, candidate));
  }
  if (right.type === "string") return left.type === "string" && matchesGlob(right.value, left.value);
  if (right.type === "path mask") return left.type === "path" && pathMatches(left.value, right.value);
  return isMember(left, right) || elementsOf(left).some((element) => isMember(element, right));
}

/** Is one value in a list or a set? */
function isMember(value: Value, collection: Value): boolean {
  const words = wordsOf(value);
  if (words === undefined) return false;
  if (collection.type === "set") {
    return collection.of === value.type && collection.value.some((span) => inSpan(words, span));
  }
  return elementsOf(collection).some((element) => equal(element, value));
}

/** What a list is made of. */
function elementsOf(value: Value): readonly Value[] {
  if (value.type === "path") {
    return value.value.flatMap(({ members }) => members.map((member): Value => ({ type: "int", value: member })));
  }
  if (value.type === "clist") return value.value.map((community): Value => ({ type: "pair", value: community }));
  if (value.type === "eclist") return value.value.map((community): Value => ({ type: "ec", value: community }));
  if (value.type === "lclist") return value.value.map((community): Value => ({ type: "lc", value: community }));
  return [];
}

function fits(net: PrefixPattern["prefix"], { prefix, low, high }: PrefixPattern): boolean {
  if (net.length < low || net.length > high) return false;
  return contains(prefix, net) || contains(net, prefix);
}

/** Whole-path matching; a set of the path fills one place with any of its members. */
function pathMatches(path: AsPath, mask: readonly MaskItem[]): boolean {
  const places = path.flatMap(({ kind, members }) => {
    return kind === "set" || kind === "confed-set" ? [members] : members.map((member) => [member]);
  });
  // reachable[i]: the mask so far matches the first i places.
  let reachable = [true, ...places.map(() => false)];
  for (const item of mask) {
    const next = reachable.map(() => false);
    reachable.forEach((reached, at) => {
      if (!reached) return;
      if (item.kind === "any") next.fill(true, at);
      else if (at < places.length && (places[at] ?? []).some((as) => itemMatches(item, as))) next[at + 1] = true;
    });
    reachable = next;
  }
  return reachable[places.length] === true;
}

function itemMatches(item: MaskItem, as: number): boolean {
  if (item.kind === "as") return as >= item.low && as <= item.high;
  return item.kind === "set" ? item.spans.some((span) => inSpan([as], span)) : true;
}
