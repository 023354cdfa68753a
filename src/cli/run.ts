import { TcpTransport } from "#bgp/io/tcp.ts";
import { nft } from "#cni/io/nft.ts";
import { writeFileAtomically } from "#cni/io/write-file.ts";
import { loadDirectory, ManifestDirectory } from "#config/io/manifest-directory.ts";
import type { NodeConfig } from "#config/node-config.ts";
import { Configuration, type ObjectState } from "#daemon/configuration.ts";
import { Daemon, type World } from "#daemon/daemon.ts";
import { KernelPort } from "#kernel/io/kernel-port.ts";
import { jsonLog, textLog } from "#lib/io/logs.ts";
import { systemClock } from "#lib/io/system-clock.ts";
import type { Log } from "#lib/log.ts";
import { isExpected } from "./configured.ts";
import { type RunFlags, readRunFlags, UsageError } from "./flags.ts";

/** `linnet run`. @returns the exit status, when the daemon was told to stop or could not begin */
export async function run(given: object): Promise<number> {
  let log = textLog("info");
  try {
    const flags = readRunFlags(given);
    log = flags.logFormat === "json" ? jsonLog(flags.logLevel) : textLog(flags.logLevel);
    if (flags.dryRun) return await (await import("./dry-run.ts")).dryRun(flags);
    return await runDaemon(flags, log);
  } catch (error) {
    if (!isExpected(error)) throw error;
    log.error(error.message);
    return 1;
  }
}

async function runDaemon(flags: RunFlags, log: Log): Promise<number> {
  const stop = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.resolve(signal));
  const world: World = {
    clock: systemClock,
    log,
    random: Math.random,
    transport: new TcpTransport(),
    netlink: await KernelPort.open("write"),
    files: { write: writeFileAtomically },
    nft,
  };
  let daemon: Daemon | undefined;
  let starting = false;
  const apply = (config: NodeConfig): void => {
    if (daemon !== undefined) daemon.reconfigure(config);
    else if (!starting) {
      starting = true;
      void Daemon.start(world, config).then((started) => {
        daemon = started;
        if (configuration.config !== undefined && configuration.config !== config)
          started.reconfigure(configuration.config);
      });
    }
  };
  const directory = openDirectory(flags, log, (state) => configuration.provided(state));
  const configuration = new Configuration({
    nodeName: flags.node,
    source: {
      title: flags.manifests ?? "",
      refresh: () => directory.refresh(),
      read: (path) => loadDirectory(path),
    },
    clock: systemClock,
    log,
    apply,
  });
  configuration.provided(await directory.start());
  const signal = await stop.promise;
  log.info(`${signal}: the daemon stops; routes stay in the kernel`);
  directory.close();
  daemon?.stop("graceful");
  return 0;
}

function openDirectory(flags: RunFlags, log: Log, changed: (state: ObjectState) => void): ManifestDirectory {
  if (flags.manifests === undefined) throw new UsageError("--manifests must be given");
  return new ManifestDirectory(flags.manifests, systemClock, {
    changed: (state) => {
      for (const what of state.foreign) log.debug(`not ours, ignored: ${what}`);
      changed(state);
    },
    failed: (error) => log.error(`${error.message}; the last valid configuration stays in force`),
  });
}
