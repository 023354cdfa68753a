import { gatewayPeer } from "#config/compile/peer-config.ts";
import type { NodeConfig, PeerConfig } from "#config/node-config.ts";
import type { Log } from "#lib/log.ts";
import { type Address, formatAddress } from "#route/address.ts";
import type { Family } from "#route/family.ts";

/** A gateway of the node's default route, as the kernel has it. */
export interface Gateway {
  readonly address: Address;
  /** Name of the interface that it is on. */
  readonly interface: string | undefined;
}

/**
 * Puts the gateways of the kernel's default routes in the place of neighbours that are configured as such. While there is
 * no default route the last gateways stand: a link that flaps must not cost their sessions more than that.
 */
export class Gateways {
  readonly #of: (family: Family) => readonly Gateway[];
  readonly #log: Log;
  readonly #last = new Map<Family, readonly Gateway[]>();
  /** By name, for as long as nothing about them changes. */
  #peers = new Map<string, PeerConfig>();
  #templates: NodeConfig["gatewayPeers"] = [];
  #said = "";

  /** @param of what the default route of a family goes through now */
  constructor(of: (family: Family) => readonly Gateway[], log: Log) {
    this.#of = of;
    this.#log = log;
  }

  /** Has the kernel another default route than when `resolve` was called last? */
  haveMoved({ gatewayPeers }: NodeConfig): boolean {
    return gatewayPeers.some(({ family }) => {
      const now = this.#of(family);
      return now.length > 0 && keyOf(now) !== keyOf(this.#last.get(family) ?? []);
    });
  }

  /** @returns `config` with the gateways among its neighbours; itself where none are wanted */
  resolve(config: NodeConfig): NodeConfig {
    const { gatewayPeers, peers } = config;
    if (gatewayPeers.length === 0) return config;
    if (gatewayPeers !== this.#templates) this.#peers.clear();
    this.#templates = gatewayPeers;
    const known = this.#peers;
    this.#peers = new Map();
    const taken = new Set(peers.map(({ address }) => formatAddress(address)));
    for (const template of gatewayPeers) {
      for (const gateway of this.#current(template.family)) {
        const made = gatewayPeer(template, gateway.address, gateway.interface);
        const where = formatAddress(made.address);
        if (taken.has(where)) continue;
        taken.add(where);
        this.#peers.set(made.name, known.get(made.name) ?? made);
      }
    }
    this.#say();
    return { ...config, peers: [...peers, ...this.#peers.values()] };
  }

  #current(family: Family): readonly Gateway[] {
    const now = this.#of(family);
    if (now.length > 0) this.#last.set(family, now);
    return this.#last.get(family) ?? [];
  }

  #say(): void {
    const names = Array.from(this.#peers.keys()).join(", ");
    if (names === this.#said) return;
    this.#said = names;
    this.#log.info(names === "" ? "no default route, so no neighbour by it" : `neighbours by default route: ${names}`);
  }
}

const keyOf = (gateways: readonly Gateway[]): string =>
  gateways.map((gateway) => `${formatAddress(gateway.address)}%${gateway.interface}`).join();
