import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "./host.ts";

/** Where Debian puts the plugins. */
const pluginFolder = "/usr/lib/cni";

interface PluginConf {
  readonly type: string;
  readonly capabilities?: Readonly<Record<string, boolean>>;
  readonly [key: string]: unknown;
}

interface Conflist {
  readonly cniVersion: string;
  readonly name: string;
  readonly plugins: readonly PluginConf[];
}

/** What a plugin answers (CNI 1.0.0, "Success"); the fields that callers ask for. */
export interface CniResult {
  readonly cniVersion: string;
  readonly interfaces?: readonly { readonly name: string; readonly sandbox?: string; readonly mtu?: number }[];
  readonly ips?: readonly { readonly address: string; readonly gateway?: string; readonly interface?: number }[];
  readonly routes?: readonly { readonly dst: string; readonly gw?: string }[];
}

/** Arguments that the container capabilities of a runtime carry, by capability. */
export type RuntimeConfig = Readonly<Record<string, unknown>>;

/**
 * A runtime's part of the CNI protocol (CNI 1.0.0, sections 2 and 3): runs a chain of plugins on a node for one pod.
 * Plugins run in the node's namespace, with the node's own `/var/lib/cni`.
 */
export class CniRuntime {
  readonly #node: Host;
  readonly #conflist: Conflist;

  /** @param file network configuration list, as the node's daemon wrote it */
  constructor(node: Host, file: string) {
    this.#node = node;
    this.#conflist = JSON.parse(readFileSync(file, "utf8")) as Conflist;
    node.ownFolder("/var/lib/cni");
  }

  /** ADD: every plugin in order, each given the result of the one before it. @returns the last result */
  async add(containerId: string, pod: Host, runtime: RuntimeConfig = {}): Promise<CniResult> {
    let previous: CniResult | undefined;
    for (const plugin of this.#conflist.plugins) {
      previous = await this.#call("ADD", plugin, containerId, pod, runtime, previous);
    }
    if (!previous) throw new Error("the configuration list names no plugin");
    return previous;
  }

  /** DEL: every plugin in reverse order, each given the final result of ADD. */
  async delete(containerId: string, pod: Host, added: CniResult, runtime: RuntimeConfig = {}): Promise<void> {
    for (const plugin of [...this.#conflist.plugins].reverse()) {
      await this.#call("DEL", plugin, containerId, pod, runtime, added);
    }
  }

  async #call(
    command: "ADD" | "DEL",
    plugin: PluginConf,
    containerId: string,
    pod: Host,
    runtime: RuntimeConfig,
    previous: CniResult | undefined,
  ): Promise<CniResult | undefined> {
    const { capabilities, ...conf } = plugin;
    const asked = Object.entries(runtime).filter(([name]) => capabilities?.[name]);
    const { code, stdout, stderr } = await this.#node.tryRun([join(pluginFolder, plugin.type)], {
      input: JSON.stringify({
        ...conf,
        cniVersion: this.#conflist.cniVersion,
        name: this.#conflist.name,
        ...(asked.length > 0 && { runtimeConfig: Object.fromEntries(asked) }),
        ...(previous && { prevResult: previous }),
      }),
      env: {
        CNI_COMMAND: command,
        CNI_CONTAINERID: containerId,
        CNI_NETNS: `/run/netns/${pod.netns}`,
        CNI_IFNAME: "eth0",
        CNI_PATH: pluginFolder,
      },
    });
    if (code !== 0) throw new Error(`CNI plugin ${plugin.type} ${command}: ${stdout.trim() || stderr.trim()}`);
    return stdout.trim() === "" ? undefined : (JSON.parse(stdout) as CniResult);
  }
}
