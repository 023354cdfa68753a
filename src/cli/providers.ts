import { type DirectoryState, emptyDirectory } from "#config/directory.ts";
import { loadDirectory, ManifestDirectory } from "#config/io/manifest-directory.ts";
import type { ObjectSource, ObjectState } from "#daemon/configuration.ts";
import type { ApiProvider } from "#k8s/io/api-provider.ts";
import type { WriteOutcome, WriteRequest } from "#k8s/messages.ts";
import { systemClock } from "#lib/io/system-clock.ts";
import type { Log } from "#lib/log.ts";
import { type RunFlags, UsageError } from "./flags.ts";
import { version } from "./version.ts";

/** Where the daemon's objects come from. */
export interface Provider {
  readonly source: ObjectSource;
  /** Begins to tell `changed` what is there, now and after every change. @throws Error with one clear sentence */
  start(): Promise<void>;
  /** Writes to the API server; undefined where there is none. Call it after `start`. */
  readonly write: ((request: WriteRequest) => Promise<WriteOutcome>) | undefined;
  /** `writerRank` of this node among those that the API server has, and that an object concerns. */
  rank(object: string | undefined): number | undefined;
  close(): void;
}

/** @throws UsageError where the flags name no provider, or two */
export function openProvider(flags: RunFlags, log: Log, changed: (state: ObjectState) => void): Provider {
  const kind = flags.provider ?? (flags.manifests === undefined ? "api" : "manifests");
  if (kind === "api" && flags.manifests !== undefined)
    throw new UsageError("--manifests goes with the manifests provider");
  if (kind === "manifests" && flags.manifests === undefined) throw new UsageError("--manifests must be given");
  if (kind === "manifests" && flags.defaults !== undefined)
    throw new UsageError("--defaults goes with the API server; a directory of manifests holds everything itself");
  return kind === "api" ? fromApi(flags, log, changed) : fromDirectory(flags.manifests ?? "", log, changed);
}

function fromDirectory(path: string, log: Log, changed: (state: ObjectState) => void): Provider {
  const directory = new ManifestDirectory(path, systemClock, {
    changed: (state) => {
      for (const what of state.foreign) log.debug(`not ours, ignored: ${what}`);
      changed(state);
    },
    failed: (error) => log.error(`${error.message}; the last valid configuration stays in force`),
    recovered: () => log.info(`manifest directory ${path} can be read again`),
  });
  return {
    source: { title: path, refresh: () => directory.refresh(), read: (other) => loadDirectory(other) },
    start: async () => changed(await directory.start()),
    write: undefined,
    rank: () => undefined,
    close: () => directory.close(),
  };
}

function fromApi(flags: RunFlags, log: Log, changed: (state: ObjectState) => void): Provider {
  let provider: ApiProvider | undefined;
  const defaults = defaultsOf(flags, log, () => provider?.defaultsChanged());
  return {
    source: {
      title: "kubernetes",
      refresh: () => provider?.refresh() ?? Promise.reject(new Error("the API server was not asked yet")),
      read: (path) => Promise.reject(new Error(`${path}: objects come from the API server, not from files`)),
    },
    start: async () => {
      const [api] = await Promise.all([import("#k8s/io/api-provider.ts"), defaults.start()]);
      const { promise, reject, resolve } = Promise.withResolvers<void>();
      provider = new api.ApiProvider({
        kubeconfig: flags.kubeconfig,
        userAgent: `linnet/${version}`,
        nodeName: flags.node,
        cacheFile: flags.cache,
        clock: systemClock,
        log,
        defaults: () => defaults.state().objects,
        changed: ({ objects, remarks }) => {
          resolve();
          changed({ objects, remarks: [...remarks, ...defaults.state().remarks] });
        },
        failed: (text) => reject(new UsageError(text)),
      });
      return promise;
    },
    rank: (object) => provider?.rank(object),
    write: (request) => provider?.write(request) ?? Promise.reject(new Error("the API server was not asked yet")),
    close: () => {
      defaults.close();
      void provider?.close(); // the process ends after it
    },
  };
}

interface DefaultObjects {
  start(): Promise<void>;
  state(): DirectoryState;
  close(): void;
}

/** The directory of `--defaults`, followed: it is a ConfigMap, as a rule. */
function defaultsOf({ defaults: path }: RunFlags, log: Log, changed: () => void): DefaultObjects {
  let state = emptyDirectory;
  if (path === undefined) return { start: async () => {}, state: () => state, close: () => {} };
  const directory = new ManifestDirectory(path, systemClock, {
    changed: (now) => {
      state = now;
      changed();
    },
    failed: (error) => log.error(`${error.message}; the last valid defaults stay in force`),
    recovered: () => log.info(`manifest directory ${path} can be read again`),
  });
  return {
    start: async () => {
      state = await directory.start();
    },
    state: () => state,
    close: () => directory.close(),
  };
}
