import { share } from "./share.ts";

interface Entry {
  readonly inputs: readonly unknown[];
  readonly value: unknown;
}

/**
 * What earlier compilations worked out. An entry counts only while its inputs are the very same values, so that a memory
 * saves work and never changes a result; entries of objects that are gone go with them.
 */
export class Memory {
  readonly #last = new Map<string, Entry>();
  readonly #of = new Map<string, WeakMap<object, Entry>>();

  /**
   * @param purpose names what is made; a fixed set of names @param inputs all that `make` looks at
   * @param make is given what was made of other inputs, for what of it can be kept
   */
  recall<T>(purpose: string, inputs: readonly unknown[], make: (before: T | undefined) => T): T {
    const known = this.#last.get(purpose);
    if (known !== undefined && same(known.inputs, inputs)) return known.value as T;
    const value = make(known?.value as T | undefined);
    this.#last.set(purpose, { inputs, value });
    return value;
  }

  /** `value`, or the one of last time where both mean the same. */
  latest<T>(purpose: string, value: T): T {
    const kept = share(this.#last.get(purpose)?.value, value);
    this.#last.set(purpose, { inputs: [], value: kept });
    return kept;
  }

  /** The same for one of many objects, which is an input itself. */
  recallOf<T>(purpose: string, object: object, inputs: readonly unknown[], make: () => T): T {
    const entries = this.#of.get(purpose) ?? new WeakMap<object, Entry>();
    this.#of.set(purpose, entries);
    const known = entries.get(object);
    if (known !== undefined && same(known.inputs, inputs)) return known.value as T;
    const value = make();
    entries.set(object, { inputs, value });
    return value;
  }
}

const same = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((value, index) => Object.is(value, b[index]));
