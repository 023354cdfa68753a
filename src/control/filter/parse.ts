import type { Address } from "#route/address.ts";
import type { Prefix } from "#route/prefix.ts";
import { SemanticError } from "../errors.ts";
import type { Parser } from "../parser.ts";
import type { BinaryOperator, Expression, Statement } from "./ast.ts";
import { attributeTable, enumTable, methodTable } from "./attributes.ts";
import { parseMask, parsePairOrLarge, parseSet } from "./literals.ts";
import type { Value, ValueType } from "./values.ts";

/** Deepest nesting of an expression or a filter. */
const MOST_NESTED = 64;

/** Reads an expression, up to the first terminal that cannot go on with it. */
export function parseExpression(parser: Parser, depth = 0): Expression {
  if (depth > MOST_NESTED) throw new SemanticError("Expression nested too deep");
  return operators(parser, 0, depth);
}

/** An expression that is true or false. @throws SemanticError for any other */
export function parseCondition(parser: Parser): Expression {
  const condition = parseExpression(parser);
  require("CONDITION", 1, condition, "bool");
  return condition;
}

/** Operators from the loosest to the tightest; those of one level are taken from left to right. */
const levels: readonly { readonly operators: readonly BinaryOperator[]; readonly chains: boolean }[] = [
  { operators: ["&&", "||"], chains: true },
  { operators: ["=", "!=", "<=", ">=", "<", ">", "~", "!~"], chains: false },
  { operators: ["+", "-"], chains: true },
  { operators: ["*", "/"], chains: true },
];

const operatorNames: Readonly<Record<BinaryOperator, string>> = {
  "||": "OR",
  "&&": "AND",
  "=": "EQ",
  "!=": "NEQ",
  "<": "LT",
  "<=": "LTE",
  ">": "LT",
  ">=": "LTE",
  "~": "MATCH",
  "!~": "NOT_MATCH",
  "+": "ADD",
  "-": "SUBTRACT",
  "*": "MULTIPLY",
  "/": "DIVIDE",
};

function operators(parser: Parser, level: number, depth: number): Expression {
  const row = levels[level];
  if (row === undefined) return unary(parser, depth);
  let left = operators(parser, level + 1, depth);
  for (;;) {
    const operator = row.operators.find((candidate) => parser.accept(`'${candidate}'`));
    if (operator === undefined) return left;
    left = checked(operator, left, operators(parser, level + 1, depth));
    if (!row.chains) return left;
  }
}

/** Finds what can never be meant. */
function checked(kind: BinaryOperator, left: Expression, right: Expression): Expression {
  const name = operatorNames[kind];
  if (kind === "&&" || kind === "||") {
    require(name, 1, left, "bool");
    require(name, 2, right, "bool");
    return { kind, type: "bool", left, right };
  }
  if (kind === "+" || kind === "-" || kind === "*" || kind === "/") {
    require(name, 1, left, "int");
    require(name, 2, right, "int");
    return { kind, type: "int", left, right };
  }
  const ordering = kind === "<" || kind === "<=" || kind === ">" || kind === ">=";
  if (ordering && left.type !== right.type) {
    throw new SemanticError(`Arguments 1 and 2 of ${name} must be of the same type`);
  }
  return { kind, type: "bool", left, right };
}

function require(name: string, argument: number, { type }: Expression, wanted: ValueType): void {
  if (type !== wanted) {
    throw new SemanticError(`Argument ${argument} of ${name} must be of type ${wanted}, got type ${type}`);
  }
}

function unary(parser: Parser, depth: number): Expression {
  if (parser.accept("'!'")) {
    const of = unary(parser, depth + 1);
    require("NOT", 1, of, "bool");
    return { kind: "not", type: "bool", of };
  }
  let term = primary(parser, depth);
  while (parser.accept("'.'")) term = method(parser, term);
  return term;
}

function method(parser: Parser, of: Expression): Expression {
  const name = parser.anyWord() ?? parser.fail();
  const row = methodTable[`${of.type}.${name}`];
  if (row === undefined) throw new SemanticError(`${of.type} has no method ${name}`);
  return { kind: "method", type: row.type, of, method: name };
}

const constant = (value: Value): Expression => ({ kind: "constant", type: value.type, value });

function primary(parser: Parser, depth: number): Expression {
  const number = parser.acceptNumber();
  if (number !== undefined) return constant({ type: "int", value: number });
  const text = parser.acceptText();
  if (text !== undefined) return constant({ type: "string", value: text });
  const address = parser.acceptAddress();
  if (address !== undefined) return constant(addressOrPrefix(parser, address));
  if (parser.accept("TRUE")) return constant({ type: "bool", value: true });
  if (parser.accept("FALSE")) return constant({ type: "bool", value: false });
  if (parser.accept("'('")) return parenthesis(parser, depth);
  if (parser.accept("'['")) return constant(parseSet(parser));
  if (parser.accept("'[='")) return constant({ type: "path mask", value: parseMask(parser) });
  if (parser.accept("DEFINED")) {
    return { kind: "defined", type: "bool", of: argument(parser, depth) };
  }
  return emptyList(parser) ?? named(parser, depth);
}

function addressOrPrefix(parser: Parser, address: Address): Value {
  if (!parser.is("'/'")) return { type: "ip", value: address };
  const prefix: Prefix = parser.prefixLength(address);
  return { type: "prefix", value: prefix };
}

/** `(EXPRESSION)`, or a community. */
function parenthesis(parser: Parser, depth: number): Expression {
  const community = parsePairOrLarge(parser, () => parseExpression(parser, depth + 1));
  if ("kind" in community) return community;
  return constant(community);
}

function argument(parser: Parser, depth: number): Expression {
  parser.expect("'('");
  const of = parseExpression(parser, depth + 1);
  parser.expect("')'");
  return of;
}

/** `+empty+`, `-empty-`, `--empty--`, `---empty---`: no path, no communities of each kind. */
function emptyList(parser: Parser): Expression | undefined {
  if (parser.accept("'+'")) {
    parser.expect("EMPTY");
    parser.expect("'+'");
    return constant({ type: "path", value: [] });
  }
  const kinds = ["clist", "eclist", "lclist"] as const;
  let dashes = 0;
  while (dashes < kinds.length && parser.accept("'-'")) dashes++;
  const type = kinds[dashes - 1];
  if (type === undefined) return undefined;
  parser.expect("EMPTY");
  for (let closing = 0; closing < dashes; closing++) parser.expect("'-'");
  return constant({ type, value: [] });
}

function named(parser: Parser, depth: number): Expression {
  const name = parser.peekWord();
  const value = name === undefined ? undefined : enumTable[name];
  const attribute = name === undefined ? undefined : attributeTable[name];
  if (name === undefined || (value === undefined && attribute === undefined && name !== "format")) {
    if (parser.isAnySymbol()) throw new SemanticError(`Can't get value of symbol ${name}`);
    parser.fail();
  }
  parser.anyWord();
  if (name === "format") return { kind: "format", type: "string", of: argument(parser, depth) };
  return value ? constant(value) : { kind: "attribute", type: attribute?.type ?? "int", name };
}

/** `{ STATEMENT … }`: the body of a filter. */
export function parseFilterBody(parser: Parser, depth = 0): Statement {
  if (depth > MOST_NESTED) throw new SemanticError("Filter nested too deep");
  parser.expect("'{'");
  const statements: Statement[] = [];
  while (!parser.accept("'}'")) statements.push(statement(parser, depth));
  return { kind: "block", statements };
}

function statement(parser: Parser, depth: number): Statement {
  if (parser.is("'{'")) return parseFilterBody(parser, depth + 1);
  if (parser.accept("IF")) return conditional(parser, depth);
  if (parser.accept("';'")) return { kind: "nothing" };
  if (parser.accept("ACCEPT")) return ended(parser, { kind: "accept" });
  if (parser.accept("REJECT")) return ended(parser, { kind: "reject" });
  if (parser.accept("PRINT")) {
    do parseExpression(parser, depth + 1);
    while (parser.accept("','"));
    return ended(parser, { kind: "nothing" });
  }
  return assignment(parser, depth);
}

function conditional(parser: Parser, depth: number): Statement {
  const condition = parseCondition(parser);
  parser.expect("THEN");
  const then = statement(parser, depth + 1);
  const otherwise: Statement = parser.accept("ELSE") ? statement(parser, depth + 1) : { kind: "nothing" };
  return { kind: "if", condition, then, otherwise };
}

/** What a route is, which no filter changes. */
const readOnly: ReadonlySet<string> = new Set(["net", "proto", "source"]);

/** `ATTRIBUTE = EXPRESSION;` */
function assignment(parser: Parser, depth: number): Statement {
  const target = named(parser, depth);
  if (target.kind !== "attribute") parser.fail();
  if (readOnly.has(target.name)) throw new SemanticError("This static attribute is read-only.");
  parser.expect("'='");
  const value = parseExpression(parser, depth + 1);
  if (value.type !== target.type) {
    throw new SemanticError(`Argument 1 of EA_SET must be of type ${target.type}, got type ${value.type}`);
  }
  return ended(parser, { kind: "assign", name: target.name, value });
}

function ended(parser: Parser, result: Statement): Statement {
  parser.expect("';'");
  return result;
}
