import type { Result } from "./results.ts";

/** Linnet's cost over BIRD's, by scenario and metric. */
export type Ratios = Readonly<Record<string, number>>;

/** How often its floor a ratio may be. */
const tolerance = 4 / 3;
/** The same for times, in which what others take of a busy machine shows: whatever is lost there is lost tenfold. */
const toleranceOfTimes = 3;

/** Scenarios that are about time; processor time is what counts in all others. */
const timed: ReadonlySet<string> = new Set(["failover"]);

/** What a daemon needed for something that has a floor, in seconds. */
const costOf = ({ scenario, unit, value, cpuSeconds }: Result): number | undefined => {
  if (unit !== "s") return undefined;
  return timed.has(scenario) ? value : cpuSeconds;
};

/** Costs of Linnet and BIRD 2 for the same work. */
interface Costs {
  readonly own: readonly number[];
  readonly other: readonly number[];
}

/** By scenario and metric, in the order of rounds; what one of them lacks is left out. */
function costsOf(results: readonly Result[]): [string, Costs][] {
  const groups = Map.groupBy(results, ({ scenario, metric }) => `${scenario}: ${metric}`);
  return [...groups].flatMap(([name, list]) => {
    const of = (daemon: string): number[] =>
      list.flatMap((result) => (result.daemon === daemon ? (costOf(result) ?? []) : []));
    const costs = { own: of("linnet"), other: of("bird2") };
    return costs.own.length === 0 || costs.other.length === 0 ? [] : [[name, costs] as [string, Costs]];
  });
}

/** What a run is judged by: the best round of each daemon, since what disturbs a round makes it dearer, never cheaper. */
export function bestRatios(results: readonly Result[]): Ratios {
  const entries = costsOf(results).map(([name, { own, other }]) => [name, Math.min(...own) / Math.min(...other)]);
  return Object.fromEntries(entries);
}

/** What a floor is: the dearest of some ordinary rounds, since another machine's ordinary ones differ as these do. */
export function dearestRatios(results: readonly Result[]): Ratios {
  const entries = costsOf(results).map(([name, { own, other }]) => {
    const rounds = Math.min(own.length, other.length);
    return [name, Math.max(...own.slice(0, rounds).map((cost, round) => cost / other[round]!))];
  });
  return Object.fromEntries(entries);
}

/** What got worse by more than is tolerated, or is not there any more. */
export function regressions(ratios: Ratios, floors: Ratios): string[] {
  return Object.entries(floors).flatMap(([name, floor]) => {
    const ratio = ratios[name];
    if (ratio === undefined) return [`${name}: not measured`];
    const most = floor * (timed.has(name.split(":")[0]!) ? toleranceOfTimes : tolerance);
    return ratio > most ? [`${name}: ${ratio.toFixed(2)} x BIRD, was ${floor.toFixed(2)} x`] : [];
  });
}
