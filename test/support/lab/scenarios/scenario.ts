import { describe, test } from "vitest";
import type { Announcement, Feature, ReceivedRoute } from "../neighbour.ts";
import { type Product, places, SessionLab, type SessionLabOptions } from "../session-lab.ts";
import { until } from "../until.ts";

/** Something that must be so between us and a neighbour of any product. */
export interface Scenario {
  /** The fact, as a test names it. */
  readonly name: string;
  readonly needs?: readonly Feature[];
  readonly options?: SessionLabOptions;
  readonly run: (session: SessionLab) => Promise<void>;
}

/**
 * A test a scenario, some at a time: each has hosts of its own, and waits most of the time. Those that a product cannot do
 * stand in the report with the reason.
 */
export async function meet(product: Product, scenarios: readonly Scenario[]): Promise<void> {
  const version = await product.version();
  describe(version, () => {
    for (const { name, needs = [], options = {}, run } of scenarios) {
      const missing = needs.find((feature) => product.lacks[feature] !== undefined);
      const why = missing === undefined ? "" : ` (not applicable to ${version}: ${product.lacks[missing]})`;
      const meeting = () => SessionLab.run(product, options, run);
      test.runIf(missing === undefined)(`${name}${why}`, { concurrent: true }, meeting);
    }
  });
}

export const ours4: Announcement = {
  prefix: "198.51.100.0/24",
  communities: ["64500:1", "64500:2"],
  largeCommunities: ["64500:4:5"],
};
export const ours6: Announcement = { ...ours4, prefix: "2001:db8:1::/48" };
export const theirs4: Announcement = {
  prefix: "203.0.113.0/24",
  origin: "egp",
  med: 7,
  communities: ["64500:1", "64500:2"],
  extendedCommunities: ["rt:64500:3"],
  largeCommunities: ["4200000000:4:5"],
};
export const theirs6: Announcement = { ...theirs4, prefix: "2001:db8:2::/48" };

/** Two routes each way. */
export const bothWays = { ourRoutes: [ours4, ours6], theirRoutes: [theirs4, theirs6] };
export const ourPrefixes = bothWays.ourRoutes.map(({ prefix }) => prefix);
export const theirPrefixes = bothWays.theirRoutes.map(({ prefix }) => prefix);

/** What must arrive of an announcement. */
export function arrived(
  route: Announcement,
  from: keyof typeof places,
  asPath: readonly number[],
): Partial<ReceivedRoute> {
  return {
    prefix: route.prefix,
    origin: route.origin ?? "igp",
    asPath,
    nextHop: places[from].address[route.prefix.includes(":") ? 6 : 4],
    communities: route.communities ?? [],
    extendedCommunities: route.extendedCommunities ?? [],
    largeCommunities: route.largeCommunities ?? [],
    ...(route.med !== undefined && { med: route.med }),
    ...(route.localPref !== undefined && { localPref: route.localPref }),
  };
}

/** Waits until the routes of `bothWays` are at the other ends. */
export async function exchanged({ us, them, ourAddress, theirAddress }: SessionLab): Promise<void> {
  for (const prefix of theirPrefixes) await us.route(theirAddress, prefix);
  for (const prefix of ourPrefixes) await them.route(ourAddress, prefix);
}

/** Waits until our kernel has routes for `prefixes`. */
export async function installed(session: SessionLab, prefixes: readonly string[] = theirPrefixes): Promise<void> {
  for (const prefix of prefixes) await until(`${prefix} in our kernel`, 10, () => session.inKernel(prefix));
}

/** Whether our kernel has routes for all of `prefixes`. */
export async function allInKernel(session: SessionLab, prefixes: readonly string[] = theirPrefixes): Promise<boolean> {
  return (await Promise.all(prefixes.map((prefix) => session.inKernel(prefix)))).every(Boolean);
}
