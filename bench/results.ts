import { yardsticks } from "./daemons/daemons.ts";
import type { Measurement } from "./scenario.ts";

/** One measurement of one daemon in one round. */
export interface Result extends Measurement {
  readonly scenario: string;
  readonly size: number;
  readonly daemon: string;
  readonly round: number;
}

/** A run that came to nothing. */
export interface Failure {
  readonly scenario: string;
  readonly size: number;
  readonly daemon: string;
  readonly round: number;
  readonly reason: string;
}

/** All measurements of one number of one daemon. */
export interface Row {
  readonly scenario: string;
  readonly size: number;
  readonly metric: string;
  readonly unit: Measurement["unit"];
  readonly daemon: string;
  readonly rounds: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Median processor time, seconds. */
  readonly cpuSeconds: number | undefined;
  /** Median over that of the best of the other daemons; undefined where there is none, and for the null relay. */
  readonly ratio: number | undefined;
  /** The same over BIRD 2. */
  readonly ratioToBird: number | undefined;
  /** Checksums that it ended in; more than one, or others than its neighbours' rows have, is a mistake somewhere. */
  readonly checksums: readonly string[];
}

export function rowsOf(results: readonly Result[]): Row[] {
  const groups = Map.groupBy(results, ({ scenario, size, metric }) => `${scenario} ${size} ${metric}`);
  return [...groups.values()].flatMap(rowsOfMetric);
}

function rowsOfMetric(results: readonly Result[]): Row[] {
  const byDaemon = Map.groupBy(results, ({ daemon }) => daemon);
  const medians = new Map([...byDaemon].map(([daemon, list]) => [daemon, median(list.map(({ value }) => value))]));
  return [...byDaemon].map(([daemon, list]) => row(daemon, list, medians));
}

function row(daemon: string, results: readonly Result[], medians: ReadonlyMap<string, number>): Row {
  const { scenario, size, metric, unit } = results[0]!;
  const values = results.map(({ value }) => value);
  const cpu = results.flatMap(({ cpuSeconds }) => (cpuSeconds === undefined ? [] : [cpuSeconds]));
  const others = [...medians].filter(([name]) => name !== daemon && !yardsticks.has(name)).map(([, value]) => value);
  const own = median(values);
  const bird = daemon === "bird2" ? undefined : medians.get("bird2");
  return {
    scenario,
    size,
    metric,
    unit,
    daemon,
    rounds: values.length,
    median: own,
    min: Math.min(...values),
    max: Math.max(...values),
    cpuSeconds: cpu.length === 0 ? undefined : median(cpu),
    ratio: others.length === 0 || yardsticks.has(daemon) ? undefined : own / Math.min(...others),
    ratioToBird: bird === undefined || yardsticks.has(daemon) ? undefined : own / bird,
    checksums: [...new Set(results.flatMap(({ checksum }) => (checksum === undefined ? [] : [checksum])))],
  };
}

/** @param values at least one */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
