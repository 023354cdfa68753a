import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Control } from "#control/control.ts";
import { bird2Dialect, bird16Dialect } from "#control/dialect.ts";
import { bearCalicoNames } from "#control/io/calico-processes.ts";
import { type ControlSocket, type ControlSocketOptions, clearPath, listenAt } from "#control/io/unix-socket.ts";
import { namedFormats } from "#control/timeformat.ts";
import { type RunFlags, UsageError } from "./flags.ts";

type Socket = Pick<ControlSocketOptions, "path" | "dialect" | "restricted" | "formats">;

const MINUTE_MS = 60_000;

/**
 * Before anything is touched: a second daemon on one node would take the first one's routes for its own.
 * @throws UsageError where a control socket that the flags ask for cannot be had
 */
export async function prepareSockets(flags: RunFlags): Promise<void> {
  for (const { path } of wantedSockets(flags)) {
    await had(path, async () => {
      mkdirSync(dirname(path), { recursive: true });
      await clearPath(path);
    });
  }
}

/** Opens the control sockets that the flags ask for. @returns closes them. @throws UsageError */
export async function openSockets(flags: RunFlags, control: Control): Promise<() => Promise<void>> {
  const groupId = flags.controlGroup === undefined ? undefined : groupIdOf(flags.controlGroup);
  const zone = (ms: number): number => -new Date(ms).getTimezoneOffset() * MINUTE_MS;
  const open: ControlSocket[] = [];
  for (const socket of wantedSockets(flags)) {
    open.push(await had(socket.path, () => listenAt({ ...socket, groupId, zone }, control)));
  }
  const names = flags.calicoCompat.length === 0 ? undefined : bearCalicoNames();
  return async () => {
    names?.close();
    await Promise.all(open.map((socket) => socket.close()));
  };
}

const wantedSockets = (flags: RunFlags): Socket[] => [
  ...flags.control.map((text) => ({ ...optionsOf("--control", text), dialect: bird2Dialect })),
  ...flags.calicoCompat.flatMap((text) => calicoSockets(optionsOf("--calico-compat", text))),
];

async function had<Result>(path: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    throw new UsageError(`control socket ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** `PATH[,restricted][,timeformat=iso long]`. */
function optionsOf(flag: string, text: string): Omit<Socket, "dialect"> {
  const [path = "", ...options] = text.split(",");
  const named = options.find((option) => option.startsWith("timeformat="))?.slice("timeformat=".length);
  const formats = named === undefined ? undefined : namedFormats(named);
  if (named !== undefined && formats === undefined) {
    throw new UsageError(`${flag} ${text}: timeformat must be iso short or iso long, with ms or us behind it or not`);
  }
  const strange = options.find((option) => option !== "restricted" && !option.startsWith("timeformat="));
  if (path === "" || strange !== undefined)
    throw new UsageError(`${flag} ${text}: ${strange ?? "no path"} is not known`);
  return { path, restricted: options.includes("restricted"), formats };
}

const calicoSockets = ({ path, ...options }: Omit<Socket, "dialect">): Socket[] => [
  { ...options, path: join(path, "bird.ctl"), dialect: bird16Dialect("ipv4") },
  { ...options, path: join(path, "bird6.ctl"), dialect: bird16Dialect("ipv6") },
];

function groupIdOf(name: string): number {
  if (/^\d+$/.test(name)) return Number(name);
  const groups = readFileSync("/etc/group", "utf8").split("\n");
  const id = Number(groups.find((entry) => entry.startsWith(`${name}:`))?.split(":")[2]);
  if (Number.isNaN(id)) throw new UsageError(`--control-group: there is no group ${name}`);
  return id;
}
