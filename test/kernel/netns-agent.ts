import { createInterface } from "node:readline";
import type { KernelConfig } from "#config/node-config.ts";
import { KernelPort } from "#kernel/io/kernel-port.ts";
import { Kernel } from "#kernel/kernel.ts";
import { systemClock } from "#lib/io/system-clock.ts";
import type { Log } from "#lib/log.ts";
import { formatAddress, parseAddress } from "#route/address.ts";
import { type Hop, type HopSet, HopSetTable } from "#route/hop-set.ts";
import { parsePrefix } from "#route/prefix.ts";

/** A daemon's kernel room in a network namespace, told by lines of JSON what to do. */
export type Order =
  | { readonly op: "start"; readonly objects: KernelConfig["nextHopObjects"]; readonly mode?: "write" | "readonly" }
  /** `via`: `GATEWAY%LINK`, several, or `blackhole`; empty clears. */
  | { readonly op: "set"; readonly prefixes: readonly string[]; readonly via: readonly string[] }
  /** `count` /24s (or /48s) from 20.0.0.0 (2001::) on. */
  | { readonly op: "many"; readonly count: number; readonly family: "ipv4" | "ipv6"; readonly via: readonly string[] }
  /** Where the routes of a hop set go when its link is lost. */
  | {
      readonly op: "backup";
      readonly family: "ipv4" | "ipv6";
      readonly of: readonly string[];
      readonly via: readonly string[];
    }
  | { readonly op: "own"; readonly prefixes: readonly string[] }
  | { readonly op: "resolve"; readonly address: string; readonly via?: string }
  | { readonly op: "sweep" }
  | { readonly op: "clearAll" }
  /** Waits until the kernel has answered everything. */
  | { readonly op: "quiet" }
  | { readonly op: "why"; readonly prefix: string }
  | { readonly op: "counts" };

const said: string[] = [];
const say = (message: string): void => void said.push(message);
const log: Log = { debug: say, info: say, warn: say, error: say, with: () => log };
const hopSets = new HopSetTable();
let kernel: Kernel | undefined;

async function start({ objects, mode = "write" }: Order & { op: "start" }): Promise<unknown> {
  const port = await KernelPort.open(mode);
  const config = { table: 254, metric: 32, protocol: 186, nextHopObjects: objects, preferredSource: {} };
  const made = new Kernel({ config, port, hopSets, clock: systemClock, log, seed: 99 });
  await new Promise<void>((ready) => made.start(ready));
  kernel = made;
  return { holds: [made.installer.holdsRoutes("ipv4"), made.installer.holdsRoutes("ipv6")] };
}

function hopSet(room: Kernel, via: readonly string[]): number {
  if (via.length === 0) return 0;
  if (via[0] === "blackhole") return hopSets.intern({ kind: "blackhole" });
  const hops = via.map((text): Hop => {
    const [gateway = "", link = ""] = text.split("%");
    return { gateway: parseAddress(gateway), link: room.links.byName(link)!.index, weight: 1, onlink: false };
  });
  const set: HopSet = { kind: "unicast", hops };
  return hopSets.intern(set);
}

function set(room: Kernel, [w0 = 0, w1 = 0, w2 = 0, w3 = 0]: readonly number[], length: number, to: number): void {
  const { installer } = room;
  if (length <= 32 && w1 === 0 && w0 < 0x20000000) {
    if (to === 0) installer.clear4(w0, length);
    else installer.set4(w0, length, to);
  } else if (to === 0) installer.clear6(w0, w1, w2, w3, length);
  else installer.set6(w0, w1, w2, w3, length, to);
}

const orders: { readonly [Op in Exclude<Order["op"], "start">]: (order: Order & { op: Op }, room: Kernel) => unknown } =
  {
    set: ({ prefixes, via }, room) => {
      for (const text of prefixes) {
        const { words, length } = parsePrefix(text)!;
        set(room, words, length, hopSet(room, via));
      }
    },
    many: async ({ count, family, via }, room) => {
      const to = hopSet(room, via);
      for (let index = 0; index < count; index++) {
        if (family === "ipv4") set(room, [0x14000000 + index * 256], 24, to);
        else set(room, [0x20010000 + (index >>> 16), ((index & 0xffff) << 16) >>> 0], 48, to);
        if (index % 1024 === 1023) await new Promise((resolve) => setImmediate(resolve)); // the RIB's slices
      }
    },
    backup: ({ family, of, via }, room) => room.installer.setBackup(family, hopSet(room, of), hopSet(room, via)),
    own: ({ prefixes }, room) =>
      room.installer.setOwn(prefixes.map((text) => ({ prefix: parsePrefix(text)!, set: { kind: "blackhole" } }))),
    resolve: ({ address, via }, room) => {
      const reach = room.nextHops.resolve(
        parseAddress(address)!,
        via === undefined ? undefined : room.links.byName(via)?.index,
      );
      return reach?.hops.map(
        ({ gateway, link }) => `${gateway && formatAddress(gateway)}%${room.links.get(link)?.name}`,
      );
    },
    sweep: (_, room) => [room.installer.sweep("ipv4"), room.installer.sweep("ipv6")],
    clearAll: (_, room) => room.installer.clearAll(),
    quiet: (_, room) => new Promise<void>((quiet) => room.whenQuiet(quiet)),
    why: ({ prefix }, room) => room.installer.failureOf(parsePrefix(prefix)!),
    counts: (_, room) => ({ ipv4: room.installer.counts("ipv4"), ipv6: room.installer.counts("ipv6"), said }),
  };

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Order;
  let reply: unknown;
  try {
    if (order.op === "start") reply = await start(order);
    else reply = await (orders[order.op] as (order: Order, room: Kernel) => unknown)(order, kernel!);
  } catch (error) {
    reply = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify({ reply })}\n`);
}
process.exit();
