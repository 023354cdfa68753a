import type { Clock, Timer } from "#lib/clock.ts";
import type { FromWorker } from "../messages.ts";
import type { Followers } from "./followers.ts";
import { type KeptObject, ObjectFile, readObjects } from "./object-file.ts";

/** How long after a change the file is written. */
const SAVE_MS = 30_000;

interface KeeperParts {
  /** undefined: nothing is kept. */
  readonly path: string | undefined;
  readonly clock: Clock;
  tell(message: FromWorker): void;
}

/** Keeps what is followed in a file, for a daemon that starts while the server is away. */
export class ObjectKeeper {
  readonly #parts: KeeperParts;
  readonly #file: ObjectFile | undefined;
  #saving: Timer | undefined;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#file = parts.path === undefined ? undefined : new ObjectFile(parts.path, parts.clock);
  }

  /** What was saved, which is told. */
  restore(): readonly KeptObject[] {
    const { path, tell } = this.#parts;
    if (path === undefined) return [];
    try {
      const objects = readObjects(path);
      for (const [kind, those] of Map.groupBy(objects, (object) => object.kind)) {
        tell({ is: "restored", kind, changes: those.map(({ key, text }) => ({ is: "put", key, text })) });
      }
      return objects;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") this.#failed(`${path} is not used: ${String(error)}`);
      return [];
    }
  }

  /** Something followed is other than it was. */
  changed(followers: Followers): void {
    this.#saving ??= this.#parts.clock.after(SAVE_MS, () => {
      this.#saving = undefined;
      if (followers.isWhole) this.#file?.write(followers.kept(), (error) => this.#saved(error));
    });
  }

  /** Saves all now, where that is worth it. */
  close(followers: Followers): void {
    this.#saving?.cancel();
    if (!followers.isWhole) return;
    try {
      this.#file?.writeNow(followers.kept());
    } catch (error) {
      this.#saved(error);
    }
  }

  #saved(error: unknown): void {
    if (error !== undefined) this.#failed(`the object cache cannot be written: ${String(error)}`);
  }

  #failed(text: string): void {
    this.#parts.tell({ is: "fileFailed", text });
  }
}
