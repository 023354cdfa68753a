import { SystemCallError } from "#lib/io/libc.ts";
import { type Outcome, runProgram } from "#lib/io/program.ts";
import { TABLE } from "../masquerade.ts";
import type { Nft } from "../masquerade-keeper.ts";

/** nft does nothing that takes longer. */
const TIMEOUT_MS = 30_000;

/** The machine's `nft`. */
export const nft: Nft = {
  async run(commands) {
    const outcome = await execute(["-f", "-"], commands);
    if (outcome === undefined) throw new Error("nft is not installed (Debian package nftables)");
    if (outcome.status !== 0) throw failed(outcome);
  },
  async list() {
    const outcome = await execute(["list", "table", ...TABLE.split(" ")], "");
    if (outcome === undefined) return undefined; // there is no table of ours either
    if (outcome.status === 0) return outcome.stdout;
    if (/No such file or directory/.test(outcome.stderr)) return undefined;
    throw failed(outcome);
  },
};

const failed = ({ status, stderr }: Outcome): Error =>
  new Error(`nft failed: ${status === undefined ? `no answer in ${TIMEOUT_MS / 1000} s` : stderr.trim()}`);

/** @returns undefined where nft is not installed */
async function execute(args: readonly string[], input: string): Promise<Outcome | undefined> {
  try {
    return await runProgram("nft", args, input, TIMEOUT_MS);
  } catch (error) {
    if (error instanceof SystemCallError && error.code === "ENOENT") return undefined;
    throw error;
  }
}
