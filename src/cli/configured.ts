import { compile } from "#config/compile/compile.ts";
import { loadDirectory } from "#config/io/manifest-directory.ts";
import { formatRemark } from "#config/manifests.ts";
import type { NodeConfig } from "#config/node-config.ts";
import { defaultNode, UsageError } from "./flags.ts";

/** Which node's configuration a command works on. */
export interface NodeFlags {
  readonly node?: string;
  readonly manifests?: string;
}

/**
 * The configuration of one node from a directory of manifests; what is wrong goes to standard error.
 * @throws UsageError where there is none
 */
export async function configured({ node = defaultNode(), manifests }: NodeFlags): Promise<NodeConfig> {
  if (manifests === undefined) throw new UsageError("--manifests must be given");
  const state = await loadDirectory(manifests);
  const { config, remarks } = compile(state.objects, node);
  const all = [...state.remarks, ...remarks];
  const fatal = config === undefined ? remarks.find(({ severity }) => severity === "error") : undefined;
  for (const one of all) if (one !== fatal) console.error(`${one.severity}: ${formatRemark(one)}`);
  if (config === undefined) throw new UsageError(fatal === undefined ? `no node ${node}` : formatRemark(fatal));
  return config;
}

/** What is the world's or the caller's fault is one line; a fault of ours has its stack. */
export const isExpected = (error: unknown): error is Error =>
  error instanceof UsageError ||
  (error instanceof Error && ["UnreadableDirectory", "SystemCallError", "KernelUnavailable"].includes(error.name));

/** A file that is missing, full disks, permissions: its message says what and where. */
const isSystemError = (error: unknown): error is Error => error instanceof Error && "syscall" in error;

/** Runs a command for people: what they can mend is one line on standard error. @returns the exit status */
export async function command(act: () => Promise<void>): Promise<number> {
  try {
    await act();
    return 0;
  } catch (error) {
    if (!isExpected(error) && !isSystemError(error)) throw error;
    console.error(error.message);
    return 1;
  }
}
