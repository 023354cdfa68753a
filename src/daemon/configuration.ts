import { type Compiled, compileSteps } from "#config/compile/compile.ts";
import { formatRemark } from "#config/manifests.ts";
import type { NodeConfig } from "#config/node-config.ts";
import type { ObjectSet } from "#config/objects.ts";
import type { Remark } from "#config/remark.ts";
import { bug } from "#lib/bug.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { Slices, type Steps } from "#lib/steps.ts";

/** All objects as a provider knows them, and what is wrong with them. */
export interface ObjectState {
  readonly objects: ObjectSet;
  readonly remarks: readonly Remark[];
}

/** Where objects come from: a directory of manifests, or the API server. */
export interface ObjectSource {
  /** As shown to operators: the directory, or `kubernetes`. */
  readonly title: string;
  /** Looks again now. @throws Error (rejects) with one clear sentence where nothing can be read */
  refresh(): Promise<ObjectState>;
  /** Reads another place once, for `configure "PATH"`. */
  read(path: string): Promise<ObjectState>;
}

/** What came of putting objects in force. */
export interface Loaded {
  readonly changed: boolean;
  /** The first error among the remarks, as one line. */
  readonly error: string | undefined;
}

export interface ConfigurationParts {
  readonly nodeName: string;
  readonly source: ObjectSource;
  readonly clock: Clock;
  readonly log: Log;
  /** Puts `config` in force; called only with one that differs from the one before. */
  apply(config: NodeConfig): void;
}

/**
 * The configuration in force, a function of the newest valid objects. What is wrong is said once, and again only after it
 * was mended. An operator's roll-back holds the state before the last change until the next load.
 */
export class Configuration {
  readonly #parts: ConfigurationParts;
  #inForce: ObjectState | undefined;
  #before: ObjectState | undefined;
  #config: NodeConfig | undefined;
  #remarks: readonly Remark[] = [];
  #said = new Set<string>();
  #held = false;
  /** Waits to be put in force; a newer one takes its place. */
  #newest: ObjectState | undefined;
  readonly #slices: Slices;
  readonly #lines = new WeakMap<Remark, string>();
  #changedMs: number;

  constructor(parts: ConfigurationParts) {
    this.#parts = parts;
    this.#changedMs = parts.clock.wallMs();
    this.#slices = new Slices(parts.clock);
  }

  get config(): NodeConfig | undefined {
    return this.#config;
  }

  /** Everything wrong with the newest objects. */
  get remarks(): readonly Remark[] {
    return this.#remarks;
  }

  /** When the configuration in force changed last, milliseconds since 1970. */
  get changedMs(): number {
    return this.#changedMs;
  }

  get source(): ObjectSource {
    return this.#parts.source;
  }

  /**
   * The source has something new, which is put in force in slices: of several that come meanwhile the newest counts.
   * While an operator's roll-back holds, it waits for the next load.
   */
  provided(state: ObjectState): void {
    if (this.#held) return;
    const waits = this.#newest !== undefined;
    this.#newest = state;
    if (!waits)
      this.#enforce(
        () => this.#newest ?? state,
        () => {},
      );
  }

  /** `configure`: reads the source (or `path`) again and puts it in force. */
  async load(path: string | undefined): Promise<Loaded> {
    const state = await this.#read(path);
    this.#held = path !== undefined;
    return this.#enforced(state);
  }

  /** `configure check`: what `load` would say, and nothing else. */
  async check(path: string | undefined): Promise<Loaded> {
    const state = await this.#read(path);
    const { config, remarks } = await new Promise<Compiled>((resolve) => {
      this.#slices.add(() => compileSteps(state.objects, this.#parts.nodeName, this.#config), resolve);
    });
    return { changed: config !== this.#config, error: firstError([...state.remarks, ...remarks]) };
  }

  /** `configure undo`: back to what was in force before the last change, whoever made that. */
  async rollBack(): Promise<Loaded> {
    const before = this.#before;
    if (before === undefined) return { changed: false, error: undefined };
    this.#held = true;
    const loaded = await this.#enforced(before);
    this.#before = undefined; // there is one step back, not two
    return loaded;
  }

  #read(path: string | undefined): Promise<ObjectState> {
    return path === undefined ? this.#parts.source.refresh() : this.#parts.source.read(path);
  }

  #enforced(state: ObjectState): Promise<Loaded> {
    return new Promise((resolve) => this.#enforce(() => state, resolve));
  }

  /** @param take is asked when its turn comes */
  #enforce(take: () => ObjectState, done: (loaded: Loaded) => void): void {
    let state: ObjectState | undefined;
    const begin = (): Steps<Compiled> => {
      state = take();
      if (state === this.#newest) this.#newest = undefined;
      return compileSteps(state.objects, this.#parts.nodeName, this.#config);
    };
    this.#slices.add(begin, (compiled) => done(this.#adopt(state ?? bug("compiled before it was begun"), compiled)));
  }

  #adopt(state: ObjectState, { config, remarks }: Compiled): Loaded {
    const before = this.#inForce;
    this.#inForce = state;
    this.#remarks = [...state.remarks, ...remarks];
    this.#say();
    const changed = config !== undefined && config !== this.#config;
    if (changed) {
      this.#config = config;
      this.#before = before;
      this.#changedMs = this.#parts.clock.wallMs();
      this.#parts.apply(config);
    }
    return { changed, error: firstError(this.#remarks) };
  }

  /** Remarks of what did not change are the same values. */
  #lineOf(remark: Remark): string {
    const known = this.#lines.get(remark) ?? formatRemark(remark);
    this.#lines.set(remark, known);
    return known;
  }

  #say(): void {
    const lines = new Map(this.#remarks.map((remark) => [this.#lineOf(remark), remark.severity]));
    for (const [line, severity] of lines) {
      if (this.#said.has(line)) continue;
      if (severity === "error") this.#parts.log.error(line);
      else this.#parts.log.warn(line);
    }
    for (const line of this.#said) if (!lines.has(line)) this.#parts.log.info(`no longer: ${line}`);
    this.#said = new Set(lines.keys());
  }
}

const firstError = (remarks: readonly Remark[]): string | undefined => {
  const error = remarks.find(({ severity }) => severity === "error");
  return error && formatRemark(error);
};
