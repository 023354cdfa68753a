import { isOpen, type PolicyScope } from "./policy.ts";
import { type PolicyParts, PolicyProgram } from "./policy-program.ts";

/** The compiled policies of one family: equal scopes share a program. */
export class Programs {
  readonly #parts: PolicyParts;
  readonly #maxSets: number;
  readonly #byKey = new Map<string, PolicyProgram>();

  constructor(parts: PolicyParts, maxSets: number) {
    this.#parts = parts;
    this.#maxSets = maxSets;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** @param known the scope's key, where it was worked out before @returns undefined where everything passes as it is */
  get(scope: PolicyScope, known?: string): PolicyProgram | undefined {
    if (isOpen(scope)) return undefined;
    const key = known ?? scopeKey(scope);
    let program = this.#byKey.get(key);
    if (program === undefined) {
      program = new PolicyProgram(scope, this.#parts, this.#maxSets);
      this.#byKey.set(key, program);
    }
    return program;
  }

  /** An attribute set goes. */
  forget(set: number): void {
    for (const program of this.#byKey.values()) program.forget(set);
  }

  /** Lets go of the programs that nobody uses. */
  prune(isUsed: (program: PolicyProgram) => boolean): void {
    for (const [key, program] of this.#byKey) {
      if (isUsed(program)) continue;
      this.#byKey.delete(key);
      program.dispose();
    }
  }
}

/** Equal scopes have equal keys. */
export const scopeKey = (scope: PolicyScope): string => JSON.stringify(scope);
