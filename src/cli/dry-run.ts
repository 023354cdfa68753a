import { conflist } from "#cni/conflist.ts";
import { TABLE, table } from "#cni/masquerade.ts";
import { compile } from "#config/compile/compile.ts";
import { loadDirectory } from "#config/io/manifest-directory.ts";
import { formatRemark } from "#config/manifests.ts";
import type { NodeConfig, PeerConfig } from "#config/node-config.ts";
import { formatAddress, formatRouterId } from "#route/address.ts";
import { formatPrefix } from "#route/prefix.ts";
import { type RunFlags, UsageError } from "./flags.ts";
import { uplinkMtu } from "./node-kernel.ts";

/** `linnet run --dry-run`: what the daemon would do, on standard output. @returns 1 where it could not run at all */
export async function dryRun(flags: RunFlags): Promise<number> {
  if (flags.manifests === undefined) throw new UsageError("--manifests must be given");
  const state = await loadDirectory(flags.manifests);
  const { config, remarks } = compile(state.objects, flags.node);
  for (const remark of [...state.remarks, ...remarks]) console.error(`${remark.severity}: ${formatRemark(remark)}`);
  if (config === undefined) return 1;
  console.log(describe(config, await uplinkMtu(config)).join("\n"));
  return 0;
}

/** The desired state in lines for people. */
function describe(config: NodeConfig, mtu: number | undefined): string[] {
  const { nodeName, localAs, routerId, listen, peers, originated, kernel, cni, masquerade } = config;
  const blocks = originated.map(({ prefix, source, blackhole }) => {
    return `  ${formatPrefix(prefix)} from ${source}${blackhole ? ", blackhole in the kernel" : ""}`;
  });
  const cniLines = cni === undefined ? ["CNI: not installed"] : [`CNI file ${cni.path}:`, conflist(cni, mtu).trimEnd()];
  const nftLines =
    masquerade === undefined ? ["masquerade: no"] : [`nftables table ${TABLE}:`, table(masquerade).trimEnd()];
  return [
    `node ${nodeName}: AS ${localAs}, router id ${formatRouterId(routerId)}, port ${listen.port}`,
    `kernel: table ${kernel.table}, metric ${kernel.metric}, protocol ${kernel.protocol}, up to ${kernel.maxPaths} equal paths`,
    `sessions (${peers.length}):`,
    ...peers.map(describePeer),
    `own prefixes (${originated.length}):`,
    ...blocks,
    ...cniLines,
    ...nftLines,
  ];
}

function describePeer(peer: PeerConfig): string {
  const { name, address, remoteAs, families, passive, password, importPolicies, exportPolicies, advertise } = peer;
  const details = [
    `families ${families.join(" ")}`,
    ...(passive ? ["waits for the neighbour to dial"] : []),
    ...(password === undefined ? [] : ["TCP-MD5"]),
    `import ${importPolicies.join(", ") || "by default"}`,
    `export ${[...advertise.map((kind) => `own ${kind}`), ...exportPolicies].join(", ") || "by default"}`,
  ];
  const where = peer.unnumbered ? `whoever is found on ${peer.interface}` : formatAddress(address);
  return `  ${name}: ${where} AS ${remoteAs}; ${details.join("; ")}`;
}
