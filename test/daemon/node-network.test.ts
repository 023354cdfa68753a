import { expect, test } from "vitest";
import type { NodeConfig } from "#config/node-config.ts";
import { NodeNetwork } from "#daemon/node-network.ts";
import { silentLog } from "#lib/log.ts";
import { parsePrefix } from "#route/prefix.ts";
import { FakeClock } from "../support/fake-clock.ts";

const cni = (mtu: number | undefined, path = "/cni/10-linnet.conflist") =>
  ({
    cni: {
      plugin: "ptp",
      networkName: "linnet",
      path,
      podCidrs: [parsePrefix("10.244.1.0/24")],
      mtu,
      portmap: true,
    },
    masquerade: undefined,
  }) as unknown as NodeConfig;

/** Files that fail as often as told, and an nft without a table. */
function begin(failures: number) {
  const clock = new FakeClock();
  const writes: string[] = [];
  const files = {
    write: (path: string, text: string) => {
      writes.push(`${path} ${(JSON.parse(text) as { plugins: { mtu?: number }[] }).plugins[0]?.mtu}`);
      return failures-- > 0 ? Promise.reject(new Error("no space left")) : Promise.resolve(true);
    },
  };
  const nft = { run: () => Promise.resolve(), list: () => Promise.resolve(undefined) };
  return { clock, writes, network: new NodeNetwork(files, nft, clock, silentLog) };
}

/** Lets promises that are settled run on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("the uplink's MTU stands in where none is configured, and an unchanged file is not written again", async () => {
  const { network, writes } = begin(0);
  network.apply(cni(undefined), 9000);
  await turn();
  network.apply(cni(undefined), 9000);
  await turn();
  network.apply(cni(1400), 9000);
  await turn();
  expect(writes).toEqual(["/cni/10-linnet.conflist 9000", "/cni/10-linnet.conflist 1400"]);
});

test("the same text at another path is another file", async () => {
  const { network, writes } = begin(0);
  for (const path of ["/cni/10-linnet.conflist", "/cni/05-linnet.conflist"]) {
    network.apply(cni(1400, path), undefined);
    await turn();
  }
  expect(writes).toEqual(["/cni/10-linnet.conflist 1400", "/cni/05-linnet.conflist 1400"]);
});

test("a file that cannot be written is tried again, later and later", async () => {
  const { network, clock, writes } = begin(2);
  network.apply(cni(1500), undefined);
  await turn();
  clock.advance(999);
  expect(writes).toHaveLength(1);
  clock.advance(1);
  await turn();
  clock.advance(1_999);
  expect(writes).toHaveLength(2);
  clock.advance(1);
  await turn();
  clock.advance(600_000);
  expect(writes).toHaveLength(3);
});

/** Files whose writes end when told. */
function beginSlow() {
  const clock = new FakeClock();
  const writes: { mtu: number | undefined; done: PromiseWithResolvers<boolean> }[] = [];
  const files = {
    write: (_: string, text: string) => {
      const done = Promise.withResolvers<boolean>();
      writes.push({ mtu: (JSON.parse(text) as { plugins: { mtu?: number }[] }).plugins[0]?.mtu, done });
      return done.promise;
    },
  };
  const nft = { run: () => Promise.resolve(), list: () => Promise.resolve(undefined) };
  return { clock, writes, network: new NodeNetwork(files, nft, clock, silentLog) };
}

test("one write at a time: what is wanted meanwhile is written after it, and only the newest of it", async () => {
  const { network, writes } = beginSlow();
  for (const mtu of [1400, 1400, 1500, 1450]) network.apply(cni(mtu), undefined);
  await turn();
  expect(writes.map(({ mtu }) => mtu)).toEqual([1400]);
  writes[0]?.done.resolve(true);
  await turn();
  expect(writes.map(({ mtu }) => mtu)).toEqual([1400, 1450]);
  writes[1]?.done.resolve(true);
  await turn();
  network.apply(cni(1450), undefined);
  await turn();
  expect(writes).toHaveLength(2);
});

test("a write that fails after the end is not tried again", async () => {
  const { network, writes, clock } = beginSlow();
  network.apply(cni(1400), undefined);
  await turn();
  await network.stop();
  writes[0]?.done.reject(new Error("no space left"));
  await turn();
  expect(clock.pending).toBe(0);
});
