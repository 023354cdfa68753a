import { execFileSync } from "node:child_process";

/** Network namespaces for tests of one file: made with a prefix of its own, and always removed. */
export class Namespaces {
  readonly #prefix: string;
  readonly #names = new Set<string>();

  constructor(prefix: string) {
    this.#prefix = `${prefix}-${process.pid}`;
  }

  /** @returns the full name, for `ip netns` */
  add(name: string): string {
    const full = this.nameOf(name);
    run(["ip", "netns", "add", full]);
    this.#names.add(full);
    this.run(name, ["ip", "link", "set", "lo", "up"]);
    return full;
  }

  nameOf(name: string): string {
    return `${this.#prefix}-${name}`;
  }

  pathOf(name: string): string {
    return `/run/netns/${this.nameOf(name)}`;
  }

  /** @returns what the command said. @throws where it fails, with its error output */
  run(name: string, command: readonly string[], input = "", env: Readonly<Record<string, string>> = {}): string {
    return run(["ip", "netns", "exec", this.nameOf(name), ...command], input, env);
  }

  removeAll(): void {
    for (const name of this.#names) run(["ip", "netns", "del", name]);
    this.#names.clear();
  }
}

function run(
  [program = "", ...args]: readonly string[],
  input = "",
  env: Readonly<Record<string, string>> = {},
): string {
  return execFileSync(program, args, { input, env: { ...process.env, ...env }, encoding: "utf8", stdio: "pipe" });
}

const isRoot = process.getuid?.() === 0;
if (!isRoot) process.stderr.write("NOT TESTED: network namespaces need root\n");

/** Without root these tests cannot run; that is said on the terminal and in the report. */
export const needsRoot = { skip: !isRoot, timeout: 60_000 };
