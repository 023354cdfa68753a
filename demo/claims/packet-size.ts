import { familyOf } from "../../test/support/lab/neighbour.ts";
import { type DataCentre, mtu, type Pod } from "../data-centre.ts";
import { type Claim, claimOf, inParallel } from "./claim.ts";

export const fullMtu = `packets of ${mtu} octets pass between nodes unfragmented`;

/** Finds the largest packet that passes between pods of different nodes while nobody may fragment it. */
export async function packetSize({ nodes }: DataCentre): Promise<Claim[]> {
  const pods = nodes.flatMap((node) => node.pods.slice(0, 1));
  const paths = pods.flatMap((from) =>
    pods.filter((to) => to !== from).flatMap((to) => to.addresses.map((address) => ({ from, to, address }))),
  );
  const findings = await inParallel(paths, 6, async ({ from, to, address }) => {
    const largest = await largestPacket(from, address);
    const what = `${from.name} to ${to.name} (${address})`;
    return { what, wrong: largest === mtu ? undefined : `at most ${largest} octets` };
  });
  return [claimOf(fullMtu, findings, paths.length, "paths")];
}

/** In octets, IP header included; 0 where not even small ones pass. */
async function largestPacket(from: Pod, address: string): Promise<number> {
  if (await passes(from, address, mtu)) return mtu;
  let [passing, tooLarge] = [0, mtu];
  for (let size = 1280; tooLarge - passing > 1; size = Math.floor((passing + tooLarge) / 2)) {
    if (await passes(from, address, size)) passing = size;
    else if (size === 1280) return 0;
    else tooLarge = size;
  }
  return passing;
}

/** An echo request with "don't fragment" set. */
async function passes(from: Pod, address: string, octets: number): Promise<boolean> {
  const headers = familyOf(address) === 4 ? 20 + 8 : 40 + 8;
  const argv = ["ping", "-n", "-c", "1", "-W", "1", "-M", "do", "-s", String(octets - headers), address];
  return (await from.host.tryRun(argv)).code === 0;
}
