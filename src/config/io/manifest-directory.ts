import { type FSWatcher, watch } from "node:fs";
import { lstat, readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Clock, Timer } from "#lib/clock.ts";
import { reason } from "#lib/io/file-error.ts";
import { type DirectoryState, emptyDirectory, type ManifestFile, readDirectory } from "../directory.ts";

/** Changes come in bursts: an editor's write and rename, the symlink swap of a ConfigMap mount. */
const DEBOUNCE_MS = 100;
/** For what inotify does not tell: changes behind symlinks, file systems of other machines. */
const POLL_MS = 10_000;

/** More than the objects of any cluster; while a file is taken apart the daemon does nothing else. */
const MOST_OCTETS = 16 << 20;

/** The manifest directory cannot be read: where nothing was read before, nothing can be run. */
export class UnreadableDirectory extends Error {
  override readonly name = "UnreadableDirectory";
}

const MANIFEST = /^[^.].*\.(ya?ml|json)$/;

/** Reads all `*.yaml`, `*.yml` and `*.json` of a directory, not of its subdirectories. @throws UnreadableDirectory */
export async function loadDirectory(
  directory: string,
  previous: DirectoryState = emptyDirectory,
): Promise<DirectoryState> {
  const names = await readdir(directory).catch((error: unknown) => {
    throw new UnreadableDirectory(`manifest directory ${directory} cannot be read: ${reason(error)}`);
  });
  const manifests = names.filter((name) => MANIFEST.test(name)).sort();
  const files = await Promise.all(manifests.map((name) => readManifest(join(directory, name))));
  return readDirectory(
    files.filter((file) => file !== undefined),
    previous,
  );
}

/** Reads a directory, or a single file as if it were alone in one. @throws UnreadableDirectory */
export async function loadManifests(path: string): Promise<DirectoryState> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return loadDirectory(path);
  if (!MANIFEST.test(basename(path))) {
    throw new UnreadableDirectory(`${path} is no manifest: its name does not end in .yaml, .yml or .json`);
  }
  const file = await readManifest(path);
  return readDirectory(file === undefined ? [] : [file], emptyDirectory);
}

/** @returns undefined where there is no such file */
async function readManifest(path: string): Promise<ManifestFile | undefined> {
  try {
    const found = await stat(path);
    const strange = !found.isFile() && !found.isDirectory(); // a pipe would keep its reader for ever
    if (strange) return { path, unreadable: "it is no file" };
    if (found.size > MOST_OCTETS) return { path, unreadable: `it is larger than ${MOST_OCTETS >> 20} MiB` };
    return { path, text: await readFile(path, "utf8") };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") return { path, unreadable: reason(error) };
    const isLink = await lstat(path).catch(() => undefined); // else it was deleted since it was listed
    return isLink && { path, unreadable: "it is a link to nothing" };
  }
}

/** What a watcher tells. */
export interface DirectoryEvents {
  /** The files differ from those of the last state. */
  changed(state: DirectoryState): void;
  /** The directory became unreadable; told once. The last state stays in force. */
  failed(error: UnreadableDirectory): void;
  /** It is readable again; `changed` follows where something is new. */
  recovered(): void;
}

/** Follows a directory of manifests from one state to the next. */
export class ManifestDirectory {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #events: DirectoryEvents;
  #state: DirectoryState = emptyDirectory;
  #watcher: FSWatcher | undefined;
  #next: Timer | undefined;
  #dueMs = 0;
  #reading: Promise<void> = Promise.resolve();
  #failing = false;
  #closed = false;

  constructor(directory: string, clock: Clock, events: DirectoryEvents) {
    this.#directory = directory;
    this.#clock = clock;
    this.#events = events;
  }

  /** Reads the directory and begins to watch it. @throws UnreadableDirectory */
  async start(): Promise<DirectoryState> {
    this.#watch(); // before reading, so that no change falls between
    this.#state = await loadDirectory(this.#directory);
    this.#look(POLL_MS);
    return this.#state;
  }

  /** Looks at the directory now: for `configure`. */
  async refresh(): Promise<DirectoryState> {
    this.#reading = this.#reading.then(() => this.#read());
    await this.#reading;
    return this.#state;
  }

  close(): void {
    this.#closed = true;
    this.#unwatch();
    this.#next?.cancel();
  }

  /** Reads after `delayMs` at the latest. */
  #look(delayMs: number): void {
    const dueMs = this.#clock.nowMs() + delayMs;
    if (this.#closed || (this.#next !== undefined && this.#dueMs <= dueMs)) return;
    this.#next?.cancel();
    this.#dueMs = dueMs;
    this.#next = this.#clock.after(delayMs, () => {
      this.#next = undefined;
      if (this.#watcher === undefined) this.#watch();
      void this.refresh().finally(() => this.#look(POLL_MS));
    });
  }

  async #read(): Promise<void> {
    try {
      const state = await loadDirectory(this.#directory, this.#state);
      if (this.#failing && !this.#closed) this.#events.recovered();
      this.#failing = false;
      if (this.#closed || sameFiles(state, this.#state)) return;
      this.#state = state;
      this.#events.changed(state);
    } catch (error) {
      if (!(error instanceof UnreadableDirectory)) throw error;
      if (!this.#failing && !this.#closed) this.#events.failed(error);
      this.#failing = true;
      this.#unwatch(); // what comes back is another directory, even with the same name
    }
  }

  /** A watcher that fails is replaced at the next poll. */
  #watch(): void {
    try {
      this.#watcher = watch(this.#directory, { persistent: false }, () => this.#look(DEBOUNCE_MS));
      this.#watcher.on("error", () => this.#unwatch());
    } catch {
      this.#watcher = undefined; // the directory is missing: reading it says so
    }
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}

function sameFiles(a: DirectoryState, b: DirectoryState): boolean {
  return a.read.size === b.read.size && [...a.read].every(([path, read]) => b.read.get(path) === read);
}
