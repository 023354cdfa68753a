import { closeSync, fstatSync, readSync, writeSync } from "node:fs";
import { ended, memoryFile, must, SystemCallError, start } from "./libc.ts";

/** How a program ended, and what it said. */
export interface Outcome {
  /** undefined: by a signal, as where it took too long. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program beside the daemon. `child_process` would fork on the main thread, which holds that for 10 to 30 ms where the
 * daemon has a large table: page tables are copied before the program is there (docs/adr/0048). In- and output are files in
 * memory, read when the program has ended.
 * @param input of the program
 * @throws SystemCallError ENOENT where it is not installed
 */
export async function runProgram(
  name: string,
  args: readonly string[],
  input: string,
  timeoutMs: number,
): Promise<Outcome> {
  const files: number[] = [];
  const file = (): number => {
    const fd = must("memfd_create", memoryFile(name));
    files.push(fd);
    return fd;
  };
  try {
    const [stdin, stdout, stderr] = [file(), file(), file()];
    writeSync(stdin, input, 0); // at a position: the program reads from the beginning
    const pid = await start(name, args, { ...process.env, LC_ALL: "C" }, [stdin, stdout, stderr]);
    if (pid < 0) throw new SystemCallError(name, pid);
    const timeout = setTimeout(() => process.kill(pid, "SIGKILL"), timeoutMs);
    const status = await ended(pid).finally(() => clearTimeout(timeout));
    return { status, stdout: textOf(stdout), stderr: textOf(stderr) };
  } finally {
    for (const fd of files) closeSync(fd);
  }
}

function textOf(fd: number): string {
  const octets = Buffer.alloc(fstatSync(fd).size);
  return octets.toString("utf8", 0, readSync(fd, octets, 0, octets.length, 0));
}
