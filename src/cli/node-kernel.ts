import type { KernelConfig, NodeConfig } from "#config/node-config.ts";
import { KernelPort } from "#kernel/io/kernel-port.ts";
import type { KernelMode } from "#kernel/io/messages.ts";
import { Kernel } from "#kernel/kernel.ts";
import { textLog } from "#lib/io/logs.ts";
import { systemClock } from "#lib/io/system-clock.ts";
import { HopSetTable } from "#route/hop-set.ts";

/** MTU of the link that leads out of the node; nothing is changed. */
export async function uplinkMtu({ kernel: config, addresses }: NodeConfig): Promise<number | undefined> {
  const { kernel, port } = await nodeKernel(config, "readonly");
  const mtu = kernel.uplinkMtu(addresses.ipv4 ?? addresses.ipv6);
  await port.close();
  return mtu;
}

/** The node's kernel, read once, for commands that do one thing. @throws where it cannot be reached */
export async function nodeKernel(
  config: KernelConfig,
  mode: KernelMode,
): Promise<{ kernel: Kernel; port: KernelPort }> {
  const port = await KernelPort.open(mode);
  const kernel = new Kernel({
    config,
    port,
    hopSets: new HopSetTable(),
    clock: systemClock,
    log: textLog("warn"),
    seed: Math.floor(Math.random() * 2 ** 32),
  });
  await new Promise<void>((resolve) => kernel.start(resolve));
  return { kernel, port };
}
