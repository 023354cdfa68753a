import { conflist } from "#cni/conflist.ts";
import { installPlugins } from "#cni/io/plugins.ts";
import { writeFileAtomically } from "#cni/io/write-file.ts";
import { command, configured, type NodeFlags } from "./configured.ts";
import { UsageError } from "./flags.ts";
import { uplinkMtu } from "./node-kernel.ts";

/** `linnet cni install`: writes the CNI network configuration of the node once. */
export function install(flags: NodeFlags): Promise<number> {
  return command(async () => {
    const config = await configured(flags);
    const { cni } = config;
    if (cni === undefined) throw new UsageError("BGPConfiguration/default: spec.cni.enabled is not true");
    const changed = await writeFileAtomically(cni.path, conflist(cni, await uplinkMtu(config)));
    console.log(`${cni.path}: ${changed ? "written" : "is already as it should be"}`);
  });
}

/** `linnet cni plugins`: puts the plugins that the network configuration calls where the container runtime finds them. */
export function plugins({ from, to }: { readonly from: string; readonly to: string }): Promise<number> {
  return command(async () => {
    for (const [name, outcome] of await installPlugins(from, to)) console.log(`${to}/${name}: ${outcome}`);
  });
}
