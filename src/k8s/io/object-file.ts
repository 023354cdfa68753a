import { closeSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "#lib/clock.ts";

/** Objects written in one turn. */
const SLICE = 200;

/** One object as a file keeps it: `text` is what it is, as JSON. */
export interface KeptObject {
  readonly kind: string;
  readonly key: string;
  readonly text: string;
}

/** The objects in a file, one a line. @throws Error (ENOENT too) where it cannot be read or holds something else */
export function readObjects(path: string): KeptObject[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines
    .filter((line) => line !== "")
    .map((line) => {
      const { kind, key, object } = JSON.parse(line) as { kind: string; key: string; object: unknown };
      return { kind, key, text: JSON.stringify(object) };
    });
}

const lineOf = ({ kind, key, text }: KeptObject): string =>
  `{"kind":${JSON.stringify(kind)},"key":${JSON.stringify(key)},"object":${text}}\n`;

/**
 * Writes a file of objects in slices, then puts it in the place of the old one. Passwords are in it: only its owner may
 * read it. One at a time.
 */
export class ObjectFile {
  readonly #path: string;
  readonly #clock: Clock;
  #running: { readonly file: number; readonly objects: Iterator<KeptObject> } | undefined;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  /** @param done is called at the end, with what went wrong if anything did */
  write(objects: Iterable<KeptObject>, done: (error: unknown) => void): void {
    if (this.#running !== undefined) return;
    this.#guarded(done, () => {
      this.#open(objects);
      this.#goOn(done);
    });
  }

  /** Writes all of it now, and forgets what was being written. @throws Error where the file cannot be written */
  writeNow(objects: Iterable<KeptObject>): void {
    this.#drop();
    const { file } = this.#open(objects);
    while (this.#slice(file));
  }

  #goOn(done: (error: unknown) => void): void {
    const { file } = this.#running ?? {};
    this.#clock.soon(() => {
      if (file === undefined || this.#running?.file !== file) return;
      this.#guarded(done, () => {
        if (this.#slice(file)) this.#goOn(done);
        else done(undefined);
      });
    });
  }

  #guarded(done: (error: unknown) => void, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#drop();
      done(error);
    }
  }

  #open(objects: Iterable<KeptObject>): { readonly file: number } {
    mkdirSync(dirname(this.#path), { recursive: true });
    this.#running = { file: openSync(`${this.#path}.new`, "w", 0o600), objects: objects[Symbol.iterator]() };
    return this.#running;
  }

  /** @returns whether there is more */
  #slice(file: number): boolean {
    const lines: string[] = [];
    while (lines.length < SLICE) {
      const next = this.#running?.objects.next();
      if (next === undefined || next.done === true) break;
      lines.push(lineOf(next.value));
    }
    writeSync(file, lines.join(""));
    if (lines.length === SLICE) return true;
    this.#drop();
    renameSync(`${this.#path}.new`, this.#path);
    return false;
  }

  #drop(): void {
    if (this.#running !== undefined) closeSync(this.#running.file);
    this.#running = undefined;
  }
}
