import { mkdirSync } from "node:fs";
import type { Server } from "node:http";
import { flushCompileCache } from "node:module";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { TcpTransport } from "#bgp/io/tcp.ts";
import { nft } from "#cni/io/nft.ts";
import { writeFileAtomically } from "#cni/io/write-file.ts";
import type { NodeConfig } from "#config/node-config.ts";
import { Control, echoing } from "#control/control.ts";
import { Configuration } from "#daemon/configuration.ts";
import { Daemon, type World } from "#daemon/daemon.ts";
import { depart } from "#daemon/departure.ts";
import { observed } from "#daemon/observed.ts";
import { observedNode } from "#daemon/observed-node.ts";
import { daemonView } from "#daemon/views/daemon-view.ts";
import { routerPort } from "#discovery/io/router-socket.ts";
import type { NodeWriter } from "#k8s/writes/node-writer.ts";
import type { KernelPort } from "#kernel/io/kernel-port.ts";
import { sysctlFilesAt } from "#kernel/io/sysctl-files.ts";
import { bootedSince } from "#lib/io/boot.ts";
import { systemClock } from "#lib/io/system-clock.ts";
import { keepUp } from "#lib/io/upkeep.ts";
import type { Log } from "#lib/log.ts";
import type { Steps } from "#lib/steps.ts";
import type { ObservedDaemon } from "#observe/ports.ts";
import type { RunFlags } from "./flags.ts";
import { openProvider, type Provider } from "./providers.ts";
import { openSockets, prepareSockets } from "./sockets.ts";
import { version } from "./version.ts";

/** How long an operator's `down` waits, so that its answer goes out first. */
const SAY_GOODBYE_MS = 100;

/**
 * Runs the daemon of one node until it is told to stop.
 * @param opening the kernel's thread, on its way
 * @returns the exit status
 */
export async function runDaemon(flags: RunFlags, lines: Log, opening: Promise<KernelPort>): Promise<number> {
  let control: Control | undefined;
  const log = echoing(lines, { echo: (logClass, text) => control?.echo(logClass, text) });
  const stop = Promise.withResolvers<string>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.resolve(signal));
  const first = Promise.withResolvers<NodeConfig>();
  let daemon: Daemon | undefined;
  const provider = openProvider(flags, log, (state) => configuration.provided(state));
  const configuration = new Configuration({
    nodeName: flags.node,
    source: provider.source,
    clock: systemClock,
    log,
    apply: (config) => (daemon === undefined ? first.resolve(config) : daemon.reconfigure(config)),
  });
  // Before anything is waited for: a daemon without objects is alive, and not ready.
  const pages = openPages(flags, log, () => daemon && observed(daemon, configuration, version));
  const ready = Promise.all([opening, provider.start().then(() => first.promise)]);
  const leave = async (): Promise<number> => {
    log.info(`${await stop.promise}: the daemon stops before it began; routes stay in the kernel`);
    (await pages)?.close();
    provider.close();
    await (await opening).close();
    return 0;
  };
  const known = await Promise.race([ready, stop.promise]);
  if (typeof known === "string") return await leave();
  const [netlink, begun] = known;
  await prepareSockets(flags);
  daemon = await Daemon.start(worldOf(flags, log, netlink), begun, stop.promise);
  if (daemon === undefined) return await leave();
  if (configuration.config !== undefined && configuration.config !== begun) daemon.reconfigure(configuration.config);
  control = controlOf(daemon, configuration, (how) => stop.resolve(how));
  const closeSockets = await openSockets(flags, control);
  const writer = await openWriter(flags, log, daemon, configuration, provider);
  flushCompileCache(); // a daemon that is killed later would not
  const endUpkeep = keepUp();
  const why = await stop.promise;
  endUpkeep();
  const forGood = why === "down" || leaves(why, flags, daemon);
  log.info(`${why}: the daemon stops; routes stay in the kernel`);
  if (forGood && why !== "down") await depart(daemon, systemClock);
  await writer?.stop();
  provider.close();
  daemon.stop(forGood ? "hard" : "graceful");
  (await pages)?.close();
  await closeSockets();
  await netlink.close();
  return 0;
}

const worldOf = (flags: RunFlags, log: Log, netlink: KernelPort): World => ({
  clock: systemClock,
  log,
  random: Math.random,
  transport: new TcpTransport(),
  netlink,
  routers: routerPort,
  files: { write: writeFileAtomically },
  nft,
  sysctls: sysctlFilesAt(flags.procSys),
  rebooted: rebooted(flags, log),
});

/** Does the daemon not come back? Neighbours must not keep its routes then. A second signal does not wait for them. */
const leaves = (why: string, { onTerm }: RunFlags, { config, drain }: Daemon): boolean =>
  config.drain.nodeShutdown || (why === "SIGTERM" && onTerm === "drain") || drain.state.stage === "gone";

/** Beside the cache a file says which boot it is of. */
function rebooted({ cache }: RunFlags, log: Log): boolean {
  if (cache === undefined) return false;
  try {
    mkdirSync(dirname(cache), { recursive: true });
    return bootedSince(`${cache}.boot`);
  } catch (error) {
    log.warn(`${cache}.boot cannot be written: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

/** What the API server is told of this node, where there is one. */
async function openWriter(
  flags: RunFlags,
  log: Log,
  daemon: Daemon,
  configuration: Configuration,
  provider: Provider,
): Promise<NodeWriter | undefined> {
  const { write } = provider;
  if (write === undefined) return undefined;
  const { NodeWriter } = await import("#k8s/writes/node-writer.ts");
  const observe = () => observedNode(daemon, configuration);
  const rank = (object: string | undefined) => provider.rank(object);
  const writer = new NodeWriter({ nodeName: flags.node, clock: systemClock, log, observe, rank, send: write });
  writer.start();
  return writer;
}

/** Metrics and probes; a port that cannot be had costs these alone. */
async function openPages(
  flags: RunFlags,
  log: Log,
  observe: () => Steps<ObservedDaemon> | undefined,
): Promise<Server | undefined> {
  if (flags.http === 0) return undefined;
  const { serveHttp } = await import("#observe/io/http-server.ts");
  const pages = serveHttp(undefined, flags.http, observe);
  return pages.on("error", (error) => log.error(`no metrics and probes at port ${flags.http}: ${error.message}`));
}

function controlOf(daemon: Daemon, configuration: Configuration, end: (how: string) => void): Control {
  const view = daemonView(daemon, configuration, {
    version,
    hostname: hostname(),
    residentOctets: () => process.memoryUsage.rss(),
    end: (how) => setTimeout(() => end(how), SAY_GOODBYE_MS),
  });
  return new Control(view, systemClock);
}
