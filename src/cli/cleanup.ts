import { nft } from "#cni/io/nft.ts";
import { removeFile } from "#cni/io/write-file.ts";
import { removal } from "#cni/masquerade.ts";
import { compile } from "#config/compile/compile.ts";
import { Defaults } from "#config/defaults.ts";
import { readDirectory } from "#config/directory.ts";
import { loadDirectory } from "#config/io/manifest-directory.ts";
import type { NodeConfig } from "#config/node-config.ts";
import { emptySet, type ObjectSet } from "#config/objects.ts";
import { readObjects } from "#k8s/io/object-file.ts";
import { ObjectCache } from "#k8s/object-cache.ts";
import { bug } from "#lib/bug.ts";
import { command, configured, type NodeFlags } from "./configured.ts";
import { defaultNode } from "./flags.ts";
import { nodeKernel } from "./node-kernel.ts";

export interface CleanupFlags extends NodeFlags {
  /** The daemon's cache of the API server's objects: what was in force here last. */
  readonly cache?: string;
  readonly defaults?: string;
}

/** `linnet cleanup`: takes everything of ours off the node; nothing without our mark is touched. */
export function cleanup(flags: CleanupFlags): Promise<number> {
  return command(async () => {
    const { kernel: kernelConfig, cni } = await lastInForce(flags);
    const { kernel, port } = await nodeKernel(kernelConfig, "write");
    kernel.installer.clearAll();
    await new Promise<void>((resolve) => kernel.whenQuiet(resolve));
    await port.close();
    console.log(`routes of protocol ${kernelConfig.protocol} in table ${kernelConfig.table}: removed`);
    // The usual one as well: who turned CNI off later has the file still.
    for (const path of new Set([cni?.path, asDefault().cni?.path])) if (path !== undefined) await remove(path);
    if ((await nft.list()) !== undefined) {
      await nft.run(removal);
      console.log("masquerade table: removed");
    }
    if (flags.cache !== undefined) await remove(flags.cache);
  });
}

async function remove(path: string): Promise<void> {
  console.log(`${path}: ${(await removeFile(path)) ? "removed" : "is not there"}`);
}

/** By manifests, else by what the daemon kept of the API server's objects, else as a node is where nobody says anything. */
async function lastInForce(flags: CleanupFlags): Promise<NodeConfig> {
  if (flags.manifests !== undefined) return configured(flags);
  const own = flags.cache === undefined ? emptySet : cachedObjects(flags.cache);
  const defaults = flags.defaults === undefined ? emptySet : (await loadDirectory(flags.defaults)).objects;
  return compile(new Defaults().beside(own, defaults), flags.node ?? defaultNode()).config ?? asDefault();
}

function cachedObjects(path: string): ObjectSet {
  const cache = new ObjectCache();
  try {
    for (const { kind, key, text } of readObjects(path)) cache.apply(kind, [{ is: "put", key, text }]);
  } catch (error) {
    console.error(`${path} is not used: ${error instanceof Error ? error.message : String(error)}`);
  }
  return cache.state().objects;
}

/** What a node is configured as where nobody says anything. */
function asDefault(): NodeConfig {
  const text = [
    "apiVersion: v1",
    "kind: Node",
    "metadata: { name: any }",
    "spec: { podCIDRs: [192.0.2.0/24] }",
    "status: { addresses: [{ type: InternalIP, address: 192.0.2.1 }] }",
    "---",
    "apiVersion: linnet.dev/v1alpha1",
    "kind: BGPConfiguration",
    "metadata: { name: default }",
    "spec: { asNumber: 64512, cni: { enabled: true } }",
  ].join("\n");
  return (
    compile(readDirectory([{ path: "defaults", text }]).objects, "any").config ?? bug("the defaults do not compile")
  );
}
