import { execFileSync, spawnSync } from "node:child_process";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { KernelConfig } from "#config/node-config.ts";
import { KernelPort } from "#kernel/io/kernel-port.ts";
import { Kernel } from "#kernel/kernel.ts";
import type { NetlinkPort, NotificationListener } from "#kernel/netlink-port.ts";
import { systemClock } from "#lib/io/system-clock.ts";
import { type Log, silentLog } from "#lib/log.ts";
import { parseAddress } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import { HopSetTable } from "#route/hop-set.ts";

/**
 * Installs routes through the installer, re-points and deletes them, in a network namespace of its own; needs root. In
 * between, all is read anew, as after lost notifications, and another daemon begins and adopts all.
 *
 *   node bench/micro/kernel.ts [--routes 100000] [--family ipv4] [--objects auto] [--sysctl] [--brief] [--json]
 *
 * Prints nanoseconds a route from the first call to the kernel's last answer, and how late the main loop was meanwhile.
 */
const { values: flags } = parseArgs({
  options: {
    routes: { type: "string", default: "100000" },
    family: { type: "string", default: "ipv4" },
    objects: { type: "string", default: "auto" },
    /** Write nexthop_compat_mode=0, as the daemon does where it may. */
    sysctl: { type: "boolean", default: false },
    /** Installs and deletes, nothing else. */
    brief: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    inside: { type: "boolean", default: false },
  },
});
const routes = Number(flags.routes);
const family = flags.family as Family;
const ip = (...args: string[]): string => execFileSync("ip", args, { encoding: "utf8" });

function outside(): number {
  const namespace = `linnetk-bench-${process.pid}`;
  ip("netns", "add", namespace);
  try {
    const inside = [
      "netns",
      "exec",
      namespace,
      process.execPath,
      ...process.execArgv,
      import.meta.filename,
      "--inside",
    ];
    return spawnSync("ip", [...inside, ...process.argv.slice(2)], { stdio: "inherit" }).status ?? 1;
  } finally {
    ip("netns", "del", namespace);
  }
}

function links(): void {
  for (const [name, peer, net] of [
    ["a0", "a1", 1],
    ["b0", "b1", 2],
  ]) {
    ip("link", "add", `${name}`, "type", "veth", "peer", "name", `${peer}`);
    for (const end of [name, peer]) ip("link", "set", `${end}`, "up");
    ip("addr", "add", `10.0.${net}.1/24`, "dev", `${name}`);
    ip("addr", "add", `fd00:${net}::1/64`, "dev", `${name}`, "nodad");
  }
  if (flags.sysctl) execFileSync("sysctl", ["-qw", "net.ipv4.nexthop_compat_mode=0"]);
}

const loud: Log = {
  ...silentLog,
  info: (message) => console.error(message),
  warn: (message) => console.error(message),
  error: (message) => console.error(message),
  with: () => loud,
};

async function inside(): Promise<void> {
  links();
  const port = await KernelPort.open("write");
  let overrun = (): void => {};
  const listen = (listener: NotificationListener): void => {
    overrun = () => listener.overrun();
    port.listen(listener);
  };
  const hopSets = new HopSetTable();
  const nextHopObjects = flags.objects as KernelConfig["nextHopObjects"];
  const config = { table: 254, metric: 32, protocol: 186, nextHopObjects, preferredSource: {} };
  const parts = { config, hopSets, clock: systemClock, log: loud, seed: 1 };
  const kernel = new Kernel({ ...parts, port: withListen(port, listen) });
  await new Promise<void>((ready) => kernel.start(ready));
  const via = (address: string): number => {
    const reach = kernel.nextHops.resolve(parseAddress(address)!, undefined);
    return hopSets.intern({ kind: "unicast", hops: reach!.hops });
  };
  const [first, second] = family === "ipv4" ? [via("10.0.1.2"), via("10.0.2.2")] : [via("fd00:1::2"), via("fd00:2::2")];
  const { installer } = kernel;
  const all = (act: (index: number) => void) => async (): Promise<void> => {
    for (let index = 0; index < routes; ) {
      for (const end = Math.min(routes, index + 1024); index < end; index++) act(index);
      await new Promise((resolve) => setImmediate(resolve)); // as the RIB does: slices
    }
    await new Promise<void>((quiet) => kernel.whenQuiet(quiet));
  };
  const set = (hopSet: number) => (index: number) => {
    if (family === "ipv4") installer.set4(0x14000000 + index * 256, 24, hopSet);
    else installer.set6(0x20010000 + (index >>> 16), ((index & 0xffff) << 16) >>> 0, 0, 0, 48, hopSet);
  };
  const clear = (index: number): void => {
    if (family === "ipv4") installer.clear4(0x14000000 + index * 256, 24);
    else installer.clear6(0x20010000 + (index >>> 16), ((index & 0xffff) << 16) >>> 0, 0, 0, 48);
  };
  const rest = async (): Promise<object> => {
    const move = await timed(all(set(second!)));
    const resync = await timed(async () => {
      await sleep(1_000); // no sooner after the last time
      const compared = new Promise<void>((then) => kernel.onChange(then));
      overrun();
      await compared;
    });
    const other = await KernelPort.open("write");
    const adopt = await timed(() => {
      const second = new Kernel({ ...parts, port: other });
      return new Promise<void>((ready) => second.start(ready));
    });
    await other.close();
    return { move, resync, adopt };
  };
  const add = await timed(all(set(first!)));
  const { installed, objects } = installer.counts(family);
  const between = flags.brief ? {} : await rest();
  const remove = await timed(all(clear));
  await port.close();
  if (flags.json) console.log(JSON.stringify({ routes, family, objects, add, ...between, delete: remove }));
  else console.table({ add, ...between, delete: remove });
  if (installed !== routes) throw new Error(`${installed} routes of ${routes} were installed`);
}

/** The same port, with a tap on who listens. */
function withListen(port: NetlinkPort, listen: NetlinkPort["listen"]): NetlinkPort {
  return {
    room: () => port.room(),
    submit: (room, words, last, answered) => port.submit(room, words, last, answered),
    release: (room) => port.release(room),
    dump: (request, received, ended) => port.dump(request, received, ended),
    listen,
  };
}

async function timed(run: () => Promise<void>): Promise<Record<string, number>> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const turns = longestTurn();
  const start = performance.now();
  const cpu = process.threadCpuUsage();
  await run();
  const ms = performance.now() - start;
  const { user, system } = process.threadCpuUsage(cpu);
  delay.disable();
  const turnMaxCpuMs = turns();
  const round = (value: number): number => Math.round(value * 10) / 10;
  return {
    ms: round(ms),
    nsPerRoute: Math.round((ms * 1e6) / routes),
    /** Of the main thread alone; its system time is also that of interrupts which free what the kernel has deleted. */
    mainCpuMs: round((user + system) / 1000),
    mainUserMs: round(user / 1000),
    loopP99Ms: round(delay.percentile(99) / 1e6),
    loopMaxMs: round(delay.max / 1e6),
    turnMaxCpuMs: round(turnMaxCpuMs),
  };
}

/** Processor time of the longest turn: what a stall is on a machine that has nothing else to do. @returns ends it */
function longestTurn(): () => number {
  let most = 0;
  let before = process.threadCpuUsage();
  const look = (): void => {
    const { user, system } = process.threadCpuUsage(before);
    most = Math.max(most, (user + system) / 1000);
    before = process.threadCpuUsage();
  };
  const timer = setInterval(look, 1);
  return () => {
    look();
    clearInterval(timer);
    return most;
  };
}

if (flags.inside) await inside();
else process.exitCode = outside();
