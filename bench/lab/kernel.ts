import { type ChildProcessWithoutNullStreams, execFile, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import type { Family } from "#route/family.ts";
import { Random } from "../generator/random.ts";
import type { Table } from "../generator/table.ts";
import { native } from "../native/compile.ts";

/** How many addresses are watched closely; the others are looked at when these are right. */
const sample = 1000;

/** Says when the kernel of a namespace routes a table as it should. */
export class KernelWatch {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  private constructor(namespace: string, file: string) {
    const program = ["netns", "exec", namespace, native("kernel-watch"), file, String(sample)];
    this.#child = spawn("ip", program);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** @param file where the list of addresses is put */
  static async start(namespace: string, table: Table, file: string): Promise<KernelWatch> {
    writeFileSync(file, watchList(table));
    const watch = new KernelWatch(namespace, file);
    await watch.#line();
    return watch;
  }

  /** @returns when it became true, monotonic */
  until(what: "present" | "absent" | `from ${string}`, timeoutMs = 120_000): Promise<number> {
    this.#child.stdin.write(`${what}\n`);
    const late = setTimeout(() => this.#child.kill("SIGKILL"), timeoutMs);
    return this.#line()
      .then(Number)
      .finally(() => clearTimeout(late));
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("the kernel never came to hold what it should");
    return value as string;
  }
}

/** One address in every prefix that neither covers another one nor is covered, in random order. */
function watchList(table: Table): Uint8Array {
  const order = shuffled(disjoint(table));
  const out = new Uint8Array(order.length * 17);
  order.forEach((prefix, index) => {
    out[index * 17] = table.family === "ipv4" ? 4 : 6;
    putAddress(out, index * 17 + 1, table, prefix);
  });
  return out;
}

/** The routes of a table for `kernel-floor`, in random order. */
export function routeList(table: Table): Uint8Array {
  const order = shuffled(Uint32Array.from({ length: table.size }, (_, prefix) => prefix));
  const out = new Uint8Array(order.length * 18);
  order.forEach((prefix, index) => {
    out[index * 18] = table.family === "ipv4" ? 4 : 6;
    putAddress(out, index * 18 + 1, table, prefix);
    out[index * 18 + 17] = table.lengths[prefix]!;
  });
  return out;
}

function putAddress(out: Uint8Array, at: number, { words, width }: Table, prefix: number): void {
  for (let octet = 0; octet < width * 4; octet++) {
    out[at + octet] = words[prefix * width + (octet >>> 2)]! >>> (24 - (octet & 3) * 8);
  }
}

/** Prefixes that overlap no other one. No generated prefix is longer than 48 bits. */
export function disjoint({ words, lengths, width, size }: Table): Uint32Array {
  const start = (prefix: number): number =>
    words[prefix * width]! * 2 ** 16 + (width === 4 ? words[prefix * width + 1]! / 2 ** 16 : 0);
  const end = (prefix: number): number => start(prefix) + 2 ** (48 - lengths[prefix]!);
  const order = Uint32Array.from({ length: size }, (_, prefix) => prefix).sort(
    (a, b) => start(a) - start(b) || lengths[a]! - lengths[b]!,
  );
  const alone: number[] = [];
  let reached = 0;
  order.forEach((prefix, index) => {
    const covers = index + 1 < size && start(order[index + 1]!) < end(prefix);
    if (start(prefix) >= reached && !covers) alone.push(prefix);
    reached = Math.max(reached, end(prefix));
  });
  return Uint32Array.from(alone);
}

function shuffled(list: Uint32Array): Uint32Array {
  const random = new Random(list.length);
  for (let last = list.length - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [list[last], list[other]] = [list[other]!, list[last]!];
  }
  return list;
}

/** Routes in the main table of a namespace that are neither of its own addresses nor set by hand; the bench goes on meanwhile. */
export async function routesIn(namespace: string, family: Family): Promise<number> {
  const flag = family === "ipv4" ? "-4" : "-6";
  const count = `ip -n ${namespace} ${flag} -o route show | awk '!/proto kernel|dev lo/ { n++ } END { print n + 0 }'`;
  const { stdout } = await promisify(execFile)("bash", ["-o", "pipefail", "-c", count]);
  return Number(stdout);
}
