import type { ConfigObject } from "#config/objects.ts";
import type { Kind, ValueOf } from "#config/schema/kinds.ts";
import { readObject } from "#config/validate.ts";
import { bug } from "#lib/bug.ts";

const source = { from: "api" } as const;

/**
 * A valid object of a kind of which there are tens of thousands, as text: a third of the room, and nothing that the
 * garbage collector has to go through. What it says is let go when somebody has looked, and read again for the next one.
 */
export class TextObject<K extends Kind> implements ConfigObject<K> {
  readonly kind: K;
  readonly name: string;
  readonly #text: string;
  #value: ValueOf<K> | undefined;

  /** @param text that `object` was read from */
  constructor(object: ConfigObject<K>, name: string, text: string) {
    this.kind = object.kind;
    this.name = name;
    this.#text = text;
    this.#value = object.value;
  }

  get source(): typeof source {
    return source;
  }

  get value(): ValueOf<K> {
    const value = this.#value ?? this.#read();
    this.#value = undefined;
    return value;
  }

  #read(): ValueOf<K> {
    const reading = readObject(JSON.parse(this.#text), source);
    return reading.is === "object" ? (reading.object.value as ValueOf<K>) : bug(`${this.name} was valid before`);
  }
}
