import { spawn } from "node:child_process";
import { TABLE } from "../masquerade.ts";
import type { Nft } from "../masquerade-keeper.ts";

/** nft does nothing that takes longer. */
const TIMEOUT_MS = 30_000;

/** The machine's `nft`. */
export const nft: Nft = {
  async run(commands) {
    const { status, stderr } = await execute(["-f", "-"], commands);
    if (status !== 0) throw new Error(`nft failed: ${stderr.trim()}`);
  },
  /** Without an nft there is no table of ours either. */
  async list() {
    const { status, stdout, stderr } = await execute(["list", "table", ...TABLE.split(" ")], "").catch(absent);
    if (status === 0) return stdout;
    if (/No such file or directory/.test(stderr)) return undefined;
    throw new Error(`nft failed: ${stderr.trim()}`);
  },
};

const NOT_INSTALLED = "nft is not installed (Debian package nftables)";

function absent(error: unknown): Outcome {
  if (error instanceof Error && error.message === NOT_INSTALLED) {
    return { status: 1, stdout: "", stderr: "No such file or directory" };
  }
  throw error;
}

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function execute(args: readonly string[], input: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn("nft", args, {
      stdio: ["pipe", "pipe", "pipe"],
      timeout: TIMEOUT_MS,
      env: { ...process.env, LC_ALL: "C" },
    });
    const parts = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    child.stdout.on("data", (part: Buffer) => parts.stdout.push(part));
    child.stderr.on("data", (part: Buffer) => parts.stderr.push(part));
    child.on("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "ENOENT" ? new Error(NOT_INSTALLED) : error);
    });
    child.on("close", (status) => {
      const [stdout, stderr] = [Buffer.concat(parts.stdout).toString(), Buffer.concat(parts.stderr).toString()];
      resolve({ status, stdout, stderr });
    });
    child.stdin.on("error", () => {}); // nft that ends early says why on stderr
    child.stdin.end(input);
  });
}
