import { nft } from "#cni/io/nft.ts";
import { removeFile } from "#cni/io/write-file.ts";
import { removal } from "#cni/masquerade.ts";
import { compile } from "#config/compile/compile.ts";
import { readDirectory } from "#config/directory.ts";
import type { NodeConfig } from "#config/node-config.ts";
import { bug } from "#lib/bug.ts";
import { command, configured, type NodeFlags } from "./configured.ts";
import { nodeKernel } from "./node-kernel.ts";

/** `linnet cleanup`: takes everything of ours off the node; nothing without our mark is touched. */
export function cleanup(flags: NodeFlags): Promise<number> {
  return command(async () => {
    const { kernel: kernelConfig, cni } = flags.manifests === undefined ? defaults() : await configured(flags);
    const { kernel, port } = await nodeKernel(kernelConfig, "write");
    kernel.installer.clearAll();
    await new Promise<void>((resolve) => kernel.installer.whenQuiet(resolve));
    await port.close();
    console.log(`routes of protocol ${kernelConfig.protocol} in table ${kernelConfig.table}: removed`);
    if (cni !== undefined) console.log(`${cni.path}: ${(await removeFile(cni.path)) ? "removed" : "is not there"}`);
    if ((await nft.list()) !== undefined) {
      await nft.run(removal);
      console.log("masquerade table: removed");
    }
  });
}

/** What a node is configured as where nobody says anything. */
function defaults(): NodeConfig {
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
