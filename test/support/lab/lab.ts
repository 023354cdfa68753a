import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Host } from "./host.ts";
import { run, tryRun } from "./run.ts";

/** When a process started, in clock ticks since boot: with its id, a name no later process has. undefined: no such process. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

const namePattern = /^linnet-([a-z]+)-(\d+)-(\d+)-/;

/** The kind of lab in a name that no living process stands behind; undefined for all other names. */
function abandoned(name: string): string | undefined {
  const [, kind, pid, start] = namePattern.exec(name) ?? [];
  return kind !== undefined && startOf(Number(pid)) !== start ? kind : undefined;
}

async function namespaces(): Promise<string[]> {
  const list = await run(["ip", "netns", "list"]);
  return list.split("\n").flatMap((line) => line.split(" ")[0] || []);
}

/** Ends the processes in namespaces, then removes those. */
async function removeNamespaces(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const { stdout } = await tryRun(["ip", "netns", "pids", name]);
    for (const pid of stdout.split("\n").flatMap((line) => (line.trim() === "" ? [] : Number(line)))) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended by itself.
      }
    }
    await tryRun(["ip", "netns", "delete", name]);
  }
}

/**
 * Removes what runs that were killed left behind: namespaces, the processes in them, folders.
 * @param kind only labs of this kind; undefined: of every kind
 * @returns names of the namespaces that were removed
 */
export async function removeLeftovers(kind?: string): Promise<string[]> {
  const isLeft = (name: string): boolean => {
    const found = abandoned(name);
    return found !== undefined && (kind === undefined || found === kind);
  };
  const left = (await namespaces()).filter(isLeft);
  await removeNamespaces(left);
  for (const folder of readdirSync(tmpdir()).filter(isLeft)) {
    rmSync(join(tmpdir(), folder), { recursive: true, force: true });
  }
  return left;
}

/** One end of a cable, or a port of a switch. */
export interface Port {
  readonly host: Host;
  /** Interface name on that host. */
  readonly device: string;
  /** With prefix length, both families. */
  readonly addresses?: readonly string[];
}

let labsOfThisProcess = 0;

/** A set of hosts with cables between them, gone without trace after `close`. Needs root. */
export class Lab {
  readonly folder: string;
  readonly hosts: Host[] = [];
  readonly #name: string;
  #kept = false;

  private constructor(kind: string) {
    this.#name = `linnet-${kind}-${process.pid}-${startOf(process.pid)}-${++labsOfThisProcess}`;
    this.folder = join(tmpdir(), this.#name);
    mkdirSync(this.folder);
  }

  /** @param kind lower-case letters; leftovers of killed runs of the same kind are removed first */
  static async create(kind: string): Promise<Lab> {
    await removeLeftovers(kind);
    return new Lab(kind);
  }

  async host(name: string): Promise<Host> {
    const host = new Host(name, `${this.#name}-${name}`, join(this.folder, name));
    await run(["ip", "netns", "add", host.netns]);
    this.hosts.push(host);
    await host.ip("link", "set", "lo", "up");
    // Addresses are usable at once: nobody else could have them.
    await host.sysctl({ "net.ipv6.conf.all.accept_dad": 0, "net.ipv6.conf.default.accept_dad": 0 });
    return host;
  }

  /** A cable between two hosts. */
  async cable(a: Port, b: Port, mtu = 1500): Promise<void> {
    await run(
      ["ip", "link", "add", a.device, "mtu", mtu, "netns", a.host.netns, "type", "veth"]
        .concat(["peer", "name", b.device, "mtu", mtu, "netns", b.host.netns])
        .map(String),
    );
    for (const port of [a, b]) {
      const addresses = (port.addresses ?? []).map((address) => `address add ${address} dev ${port.device}`);
      await port.host.ipBatch([...addresses, `link set dev ${port.device} up`]);
    }
  }

  /** An Ethernet switch with cables to `ports`, as a host of its own. */
  async switch(name: string, ports: readonly Port[], mtu = 1500): Promise<Host> {
    const host = await this.host(name);
    await host.ipBatch([`link add sw mtu ${mtu} type bridge`, "link set sw up"]);
    for (const port of ports) {
      await this.cable(port, { host, device: port.host.name }, mtu);
      await host.ip("link", "set", port.host.name, "master", "sw");
    }
    return host;
  }

  /** The last lines of everything that ran, for a failure's report. */
  logs(lines = 40): string {
    return this.hosts
      .flatMap((host) => host.daemons)
      .map((daemon) => `--- ${daemon.name} (${daemon.running ? "running" : "ended"})\n${tail(daemon.log(), lines)}`)
      .join("\n");
  }

  /** `close` does nothing from now on; the next lab of this kind removes what stands. */
  keep(): void {
    this.#kept = true;
    for (const daemon of this.hosts.flatMap((host) => host.daemons)) daemon.child.unref();
  }

  async close(): Promise<void> {
    if (this.#kept) return;
    for (const daemon of this.hosts.flatMap((host) => host.daemons)) daemon.signal("SIGKILL");
    await removeNamespaces(this.hosts.map((host) => host.netns));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function tail(text: string, lines: number): string {
  return text.split("\n").slice(-lines).join("\n");
}
