import type { PolicyActions, PolicyStatement } from "#config/node-config.ts";
import { reserve } from "#lib/reserve.ts";
import { type AttributeFacts, emptyFacts, GRACEFUL_SHUTDOWN } from "#route/attribute-facts.ts";
import type { Attributes } from "#route/attributes.ts";
import {
  acceptsUndecided,
  asksSet,
  isAdvertised,
  isIdle,
  matchesSet,
  modify,
  type PolicyScope,
  statementsOf,
} from "./policy.ts";
import type { AttributeCodec } from "./ports.ts";
import { PrefixCondition } from "./prefix-condition.ts";
import { type AttributeTable, contextKey, type SourceClass } from "./table/attribute-table.ts";
import { TableFull } from "./table/limits.ts";
import type { PrefixTable } from "./table/prefix-table.ts";

/** In place of statements: what goes out unasked, and what does not whatever the statements say. */
const ALWAYS = -1;
const NEVER = -2;

/** A point in the evaluation: which statements have matched so far. Points are shared by all paths that come there. */
interface Outcome {
  /** Number for the memo of made sets. */
  readonly id: number;
  readonly actions: readonly PolicyActions[];
  /** What follows when statement number `key` matches too. */
  readonly next: Map<number, Outcome>;
}

/** The statements that attribute sets of one sort can still match, and what they say about prefixes. */
interface Candidates {
  readonly statements: readonly number[];
  readonly asksPrefix: boolean;
  /** The answer where no statement asks for the prefix. */
  readonly fixed: Outcome | undefined;
}

export interface PolicyParts {
  readonly attributes: AttributeTable;
  readonly codec: AttributeCodec;
  readonly prefixes: PrefixTable;
}

/**
 * The policies of one direction and kind of neighbour for one family, compiled. What depends on the attribute set alone is
 * computed once per set and remembered by its number: the answer itself, or, where some statement asks for the prefix, the
 * short list of statements that are left to ask. Sets that a policy makes are interned, and held while they are remembered.
 */
export class PolicyProgram {
  readonly scope: PolicyScope;
  readonly #parts: PolicyParts;
  readonly #statements: readonly PolicyStatement[];
  /** By statement: does it change anything? */
  readonly #changes: readonly boolean[];
  /** By statement: its condition on the prefix, if it has one. */
  readonly #conditions: readonly (PrefixCondition | undefined)[];
  readonly #asksPrefix: boolean;
  /** Does a condition look at more of a set than where it came from? */
  readonly #asksSet: boolean;
  /** Candidates of all sets of a source, where no condition looks at the sets themselves. */
  readonly #byClass = new Map<SourceClass, number>();
  /** By attribute set, + 1: what `apply` returns, or, where prefixes matter, the index into `candidates`. */
  readonly #memo: Uint32Array;
  /** By attribute set: what each modifying outcome made of it. */
  readonly #made = new Map<number, Map<number, number>>();
  readonly #candidates: Candidates[] = [];
  readonly #byStatements = new Map<string, number>();
  readonly #root: Outcome = { id: 0, actions: [], next: new Map() };
  #outcomes = 1;
  #decodedSet = 0;
  #decoded: Attributes | undefined;
  readonly #facts: AttributeFacts = emptyFacts();

  /** @param maxSets highest number of an attribute set */
  constructor(scope: PolicyScope, parts: PolicyParts, maxSets: number) {
    this.scope = scope;
    this.#parts = parts;
    this.#statements = statementsOf(scope);
    this.#changes = this.#statements.map(({ set }) => !isIdle(set));
    this.#conditions = this.#statements.map(
      ({ match }) => match.prefixes && new PrefixCondition(parts.prefixes, match.prefixes),
    );
    this.#asksPrefix = this.#conditions.some((condition) => condition !== undefined);
    this.#asksSet = this.#statements.some(({ match }) => asksSet(match));
    this.#memo = reserve(Uint32Array, maxSets + 1);
  }

  /** @returns the set that `prefix` goes on with when it comes with `set`, 0 where it is refused. Not held */
  apply(set: number, prefix: number): number {
    const known = this.#memo[set]!;
    if (!this.#asksPrefix && known !== 0) return known - 1;
    const index = known !== 0 ? known - 1 : this.#sort(set);
    const candidates = this.#candidates[index]!;
    const outcome = candidates.asksPrefix ? this.#ask(candidates.statements, prefix) : candidates.fixed;
    const result = outcome === undefined ? 0 : this.#make(set, outcome);
    if (known === 0) this.#memo[set] = (this.#asksPrefix ? index : result) + 1;
    return result;
  }

  /** `set` goes: what is remembered about it is forgotten. */
  forget(set: number): void {
    this.#memo[set] = 0;
    if (this.#decodedSet === set) this.#decoded = undefined;
    const made = this.#made.get(set);
    if (made === undefined) return;
    this.#made.delete(set);
    for (const result of made.values()) if (result !== set) this.#parts.attributes.release(result);
  }

  /** Forgets everything; the program is used no more. */
  dispose(): void {
    for (const set of [...this.#made.keys()]) this.forget(set);
  }

  /** Finds which statements `set` can match. @returns the index of its candidates */
  #sort(set: number): number {
    const { attributes } = this.#parts;
    const from = attributes.classOf(set);
    attributes.remember(set);
    const known = this.#asksSet ? undefined : this.#byClass.get(from);
    if (known !== undefined) return known;
    let statements: number[] = [];
    if (this.scope.drain === "gone") {
      statements = [NEVER];
    } else if (isAdvertised(this.scope, from)) {
      statements = [ALWAYS];
    } else if (this.#statements.length > 0) {
      const full = this.#decode(set);
      for (const [index, { match, action }] of this.#statements.entries()) {
        if (!matchesSet(match, full, from)) continue;
        statements.push(index);
        if (match.prefixes === undefined && action !== "continue") break;
      }
    }
    const index = this.#candidatesOf(statements);
    if (!this.#asksSet) this.#byClass.set(from, index);
    return index;
  }

  #candidatesOf(statements: readonly number[]): number {
    const key = statements.join();
    let index = this.#byStatements.get(key);
    if (index === undefined) {
      index = this.#candidates.length;
      const asksPrefix = statements.some((one) => this.#conditions[one] !== undefined);
      const fixed = asksPrefix ? undefined : this.#ask(statements, 0);
      this.#candidates.push({ statements, asksPrefix, fixed });
      this.#byStatements.set(key, index);
    }
    return index;
  }

  /** Goes through the candidates. @param prefix any where none asks for it @returns undefined where they refuse */
  #ask(statements: readonly number[], prefix: number): Outcome | undefined {
    let outcome = this.#root;
    for (const index of statements) {
      if (index < 0) return index === ALWAYS ? outcome : undefined;
      if (this.#conditions[index]?.holds(prefix) === false) continue;
      const { set, action } = this.#statements[index]!;
      if (this.#changes[index]) outcome = this.#follow(outcome, index, set);
      if (action === "accept") return outcome;
      if (action !== "continue") return undefined;
    }
    return acceptsUndecided(this.scope) ? outcome : undefined;
  }

  #follow(outcome: Outcome, statement: number, actions: PolicyActions): Outcome {
    let next = outcome.next.get(statement);
    if (next === undefined) {
      next = { id: this.#outcomes++, actions: [...outcome.actions, actions], next: new Map() };
      outcome.next.set(statement, next);
    }
    return next;
  }

  /** @returns what the outcome makes of `set`: itself where nothing changes, 0 where there is no room for the new set */
  #make(set: number, outcome: Outcome): number {
    const { attributes } = this.#parts;
    const leaving = this.scope.drain === "leaving" || (attributes.flagsOf(set) & GRACEFUL_SHUTDOWN) !== 0;
    if (outcome.actions.length === 0 && !leaving) return set;
    let made = this.#made.get(set);
    const known = made?.get(outcome.id);
    if (known !== undefined) return known;
    const result = this.#modified(set, outcome.actions);
    if (result === 0) return 0;
    if (made === undefined) {
      made = new Map();
      this.#made.set(set, made);
    }
    made.set(outcome.id, result);
    return result;
  }

  /** Conditions and actions ask for the same set one after the other. */
  #decode(set: number): Attributes {
    if (this.#decodedSet === set && this.#decoded !== undefined) return this.#decoded;
    const { attributes, codec } = this.#parts;
    const start = attributes.startOf(set);
    this.#decoded = codec.decode(attributes.arena.bytes, start, start + attributes.lengthOf(set));
    this.#decodedSet = set;
    return this.#decoded;
  }

  #modified(set: number, actions: readonly PolicyActions[]): number {
    const { attributes, codec } = this.#parts;
    const full = this.#decode(set);
    const changed = modify(this.scope, full, actions);
    if (changed === full) return set;
    const octets = codec.encode(changed, this.#facts);
    const stage = this.scope.direction === "import" ? "imported" : "exported";
    const key = contextKey(attributes.contextOf(set), attributes.classOf(set), stage);
    try {
      return attributes.add(key, octets, 0, octets.length, this.#facts);
    } catch (error) {
      if (error instanceof TableFull) return 0;
      throw error;
    }
  }
}
