import type { Value, ValueType } from "./values.ts";

/** An expression of the filter language. `type` is known before it is evaluated. */
export type Expression = { readonly type: ValueType } & (
  | { readonly kind: "constant"; readonly value: Value }
  | { readonly kind: "attribute"; readonly name: string }
  | { readonly kind: "method"; readonly of: Expression; readonly method: string }
  | { readonly kind: "not"; readonly of: Expression }
  | { readonly kind: "defined"; readonly of: Expression }
  | { readonly kind: "format"; readonly of: Expression }
  | { readonly kind: BinaryOperator; readonly left: Expression; readonly right: Expression }
);

export type BinaryOperator = "||" | "&&" | "=" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~" | "+" | "-" | "*" | "/";

/** A statement of `filter { … }`. What assigns changes the route as it is shown; what prints is read and has no effect. */
export type Statement =
  | { readonly kind: "accept" | "reject" | "nothing" }
  | { readonly kind: "assign"; readonly name: string; readonly value: Expression }
  | { readonly kind: "block"; readonly statements: readonly Statement[] }
  | { readonly kind: "if"; readonly condition: Expression; readonly then: Statement; readonly otherwise: Statement };
