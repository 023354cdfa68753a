import type { Host } from "./host.ts";
import { Lab } from "./lab.ts";
import { Linnet } from "./linnet.ts";
import type { Announcement, Speaker } from "./neighbour.ts";
import type { Product } from "./session-lab.ts";
import { until } from "./until.ts";

/** A host at one end of a cable without addresses, with an address of each family behind it. */
interface End {
  readonly speaker: Speaker;
  readonly host: Host;
  /** An address in each of its prefixes. */
  readonly addresses: readonly [string, string];
  readonly routes: readonly Announcement[];
}

const DEVICE = "eth0";

/** Linnet and a neighbour of a product on a cable that has link-local addresses alone. */
export class UnnumberedLab {
  readonly lab: Lab;
  readonly us: End;
  readonly them: End;

  private constructor(lab: Lab, us: End, them: End) {
    this.lab = lab;
    this.us = us;
    this.them = them;
  }

  static async run(product: Product, scenario: (lab: UnnumberedLab) => Promise<void>): Promise<void> {
    const lab = await Lab.create("unnumbered");
    try {
      const [us, them] = [await lab.host("us"), await lab.host("them")];
      await lab.cable({ host: us, device: DEVICE }, { host: them, device: DEVICE });
      const ends = [await endOf(us, Linnet, 1), await endOf(them, product, 2)] as const;
      await scenario(new UnnumberedLab(lab, ...ends));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(`${message}\n${lab.logs()}`, { cause: error });
    } finally {
      await lab.close();
    }
  }

  async establish(): Promise<void> {
    await Promise.all([this.us.speaker.start(), this.them.speaker.start()]);
    await this.established();
  }

  async established(): Promise<void> {
    await this.us.speaker.established(DEVICE);
    await this.them.speaker.established(DEVICE);
  }

  /** Gives an end another link-local address in the place of the one it has. */
  async move(end: End, address: string): Promise<void> {
    const before = await this.linkLocal(end);
    await end.host.ipBatch([`address add ${address}/64 dev ${DEVICE}`, `address del ${before}/64 dev ${DEVICE}`]);
  }

  /** Takes the cable out while `then` looks, and puts it back. */
  async unplugged(then: () => Promise<void>): Promise<void> {
    await this.them.host.ip("link", "set", DEVICE, "down");
    for (const { host, speaker } of [this.us, this.them]) {
      await until(`${host.name}: no session`, 5, async () => (await speaker.state(DEVICE)) !== "established");
    }
    await then();
    await this.them.host.ip("link", "set", DEVICE, "up");
    await this.established();
  }

  async withdrawn(end: End, prefix: string): Promise<void> {
    await until(`${end.host.name} has no ${prefix}`, 5, async () => (await this.via(end, prefix)) === undefined);
  }

  /** Waits until both kernels have ways to all prefixes of the other end, by its address of now. */
  async routed(): Promise<void> {
    for (const [from, to] of [
      [this.us, this.them],
      [this.them, this.us],
    ] as const) {
      const gateway = `${await this.linkLocal(to)} ${DEVICE}`;
      for (const { prefix } of to.routes) {
        await until(`${from.host.name} has ${prefix}`, 10, async () => (await this.via(from, prefix)) === gateway);
      }
    }
  }

  /** Device and gateway of a learned route, as the kernel has it. */
  async via({ host }: End, prefix: string): Promise<string | undefined> {
    const routes = await host.routes(prefix.includes(":") ? 6 : 4, [prefix]);
    const route = routes.find(({ protocol }) => protocol === "bgp");
    return route && `${route.via?.host ?? route.gateway} ${route.dev}`;
  }

  /** From an address behind us to one behind them, in both families. */
  async ping(): Promise<void> {
    for (const [at, from] of this.us.addresses.entries()) {
      const to = this.them.addresses[at] ?? "";
      await until(`${from} reaches ${to}`, 5, async () => {
        return (await this.us.host.tryRun(["ping", "-c1", "-W1", "-I", from, to])).code === 0;
      });
    }
  }

  /** The link-local address of an end. */
  async linkLocal({ host }: End): Promise<string> {
    const text = await host.ip("-6", "-o", "address", "show", "dev", DEVICE, "scope", "link");
    return /inet6 (\S+)\//.exec(text)?.[1] ?? "";
  }
}

async function endOf(host: Host, Kind: Product, number: number): Promise<End> {
  const addresses = [`198.51.${100 + number}.1`, `2001:db8:${number}::1`] as const;
  await host.ipBatch(
    addresses.map((address) => `address add ${address}${address.includes(":") ? "/128" : "/32"} dev lo`),
  );
  await host.forward();
  const routes = [{ prefix: `198.51.${100 + number}.0/24` }, { prefix: `2001:db8:${number}::/48` }];
  const session = { local: DEVICE, remote: DEVICE, remoteAs: 64_500 + (3 - number), unnumbered: true };
  const speaker = new Kind(host, {
    ...{
      as: 64_500 + number,
      routerId: `10.0.0.${number}`,
      nextHops: { 4: addresses[0], 6: addresses[1] },
      kernel: true,
    },
    ...{ sessions: [session], routes },
  });
  return { speaker, host, addresses, routes };
}
