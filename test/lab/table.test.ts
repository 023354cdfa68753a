import { expect, test } from "vitest";
import { Bird } from "../support/lab/bird.ts";
import type { Host, IpFamily } from "../support/lab/host.ts";
import type { Speaker } from "../support/lab/neighbour.ts";
import { run } from "../support/lab/run.ts";
import { SessionLab } from "../support/lab/session-lab.ts";
import { until } from "../support/lab/until.ts";

/** Of each family; the million is in `bench/`. */
const size = 100_000;
const ours = 64_501;

const prefixes: Readonly<Record<IpFamily, readonly string[]>> = {
  4: Array.from({ length: size }, (_, index) => `${20 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}.0/24`),
  6: Array.from(
    { length: size },
    (_, index) => `2001:${(0x1000 + (index >> 8)).toString(16)}:${(index & 255).toString(16)}::/48`,
  ),
};

/** What `ip` writes of an IPv6 prefix whose third group is 0. */
const shortest = (prefix: string): string => prefix.replace(/:0::\//, "::/");

/** Prefixes of the routes in a kernel that a routing daemon put there. */
async function held(host: Host, family: IpFamily, protocol: string): Promise<string[]> {
  const text = await run(host.command(["ip", `-${family}`, "-o", "route", "show", "proto", protocol]));
  return text.split("\n").flatMap((line) => (line === "" ? [] : [line.split(" ")[0]!]));
}

async function eventually(
  what: string,
  host: Host,
  protocol: string,
  counts: readonly [number, number],
): Promise<void> {
  await until(`${host.name}: ${what}`, 60, async () => {
    const found = await Promise.all(
      ([4, 6] as const).map(async (family) => (await held(host, family, protocol)).length),
    );
    return `${found}` === `${counts}`;
  });
}

test(`${size} routes of each family go from one neighbour to another, into the kernel and out of it`, async () => {
  const theirRoutes = [...prefixes[4], ...prefixes[6]].map((prefix) => ({ prefix }));
  const options = { usAs: ours, themAs: ours, us: { client: true }, theirRoutes, third: [] };
  await SessionLab.run(Bird, options, async (session) => {
    await session.establish();
    const { us, them, third } = session as SessionLab & { readonly them: Bird; readonly third: Speaker };
    await eventually("all routes", us.host, "bgp", [size, size]);
    await eventually("all routes", third.host, "bird", [size, size]);
    for (const family of [4, 6] as const) {
      const wanted = prefixes[family].map(shortest).sort();
      expect((await held(us.host, family, "bgp")).sort()).toEqual(wanted);
      expect((await held(third.host, family, "bird")).sort()).toEqual(wanted);
    }
    await them.birdc("disable", "static4"); // withdraws them
    await eventually("IPv6 routes only", us.host, "bgp", [0, size]);
    await eventually("IPv6 routes only", third.host, "bird", [0, size]);
    await them.birdc("enable", "static4");
    await eventually("all routes again", us.host, "bgp", [size, size]);
    await them.stop();
    await eventually("no route", us.host, "bgp", [0, 0]);
    await eventually("no route", third.host, "bird", [0, 0]);
    expect(await us.state(session.theirAddress)).not.toBe("established");
  });
});
