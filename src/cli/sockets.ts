import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Control } from "#control/control.ts";
import { bird2Dialect, bird16Dialect, type Dialect } from "#control/dialect.ts";
import { type ControlSocket, listenAt } from "#control/io/unix-socket.ts";
import { type RunFlags, UsageError } from "./flags.ts";

/** Opens the control sockets that the flags ask for. @throws UsageError, Error with one clear sentence */
export async function openSockets(flags: RunFlags, control: Control): Promise<ControlSocket[]> {
  const groupId = flags.controlGroup === undefined ? undefined : groupIdOf(flags.controlGroup);
  const wanted: [string, Dialect][] = [[flags.control, bird2Dialect]];
  if (flags.calicoCompat !== undefined) {
    wanted.push([join(flags.calicoCompat, "bird.ctl"), bird16Dialect("ipv4")]);
    wanted.push([join(flags.calicoCompat, "bird6.ctl"), bird16Dialect("ipv6")]);
  }
  const sockets: ControlSocket[] = [];
  for (const [path, dialect] of wanted) {
    mkdirSync(dirname(path), { recursive: true });
    const zone = (ms: number): number => -new Date(ms).getTimezoneOffset();
    sockets.push(await listenAt({ path, groupId, dialect, restricted: false, formats: undefined, zone }, control));
  }
  return sockets;
}

function groupIdOf(name: string): number {
  if (/^\d+$/.test(name)) return Number(name);
  const line = readFileSync("/etc/group", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${name}:`));
  const id = Number(line?.split(":")[2]);
  if (line === undefined || Number.isNaN(id)) throw new UsageError(`--control-group: there is no group ${name}`);
  return id;
}
