import { Lab } from "./bench.ts";
import type { Daemon } from "./daemons/daemon.ts";
import type { Failure, Result } from "./results.ts";
import type { Scenario } from "./scenario.ts";

export interface Plan {
  readonly scenarios: readonly Scenario[];
  readonly daemons: readonly Daemon[];
  readonly rounds: number;
  /** In place of each scenario's own sizes. */
  readonly sizes: readonly number[] | undefined;
}

export interface Outcome {
  readonly results: readonly Result[];
  readonly failures: readonly Failure[];
}

/** Runs everything; rounds alternate between the daemons, so that a slow minute of the machine is shared by all. */
export async function run(plan: Plan, progress: (line: string) => void): Promise<Outcome> {
  const results: Result[] = [];
  const failures: Failure[] = [];
  for (const scenario of plan.scenarios) {
    const able = plan.daemons.filter((daemon) => suits(scenario, daemon));
    for (const size of plan.sizes ?? scenario.defaultSizes) {
      for (let round = 1; round <= plan.rounds; round++) {
        for (const daemon of able) {
          const what = { scenario: scenario.name, size, daemon: daemon.name, round };
          try {
            const measured = await once(scenario, daemon, size);
            results.push(...measured.map((measurement) => ({ ...what, ...measurement })));
            progress(
              `${describe(what)}: ${measured.map(({ metric, value, unit }) => `${metric} ${value.toFixed(3)} ${unit}`).join(", ")}`,
            );
          } catch (error) {
            const reason = error instanceof Error ? error.message : String(error);
            failures.push({ ...what, reason });
            progress(`${describe(what)}: FAILED: ${reason}`);
          }
        }
      }
    }
  }
  return { results, failures };
}

const suits = (scenario: Scenario, { yardstick, features }: Daemon): boolean =>
  yardstick === undefined ? scenario.needs.every((need) => features.has(need)) : yardstick === scenario.yardstick;

const describe = ({ scenario, size, daemon, round }: Omit<Failure, "reason">): string =>
  `${scenario} ${size} ${daemon} #${round}`;

async function once(scenario: Scenario, daemon: Daemon, size: number): Promise<ReturnType<Scenario["run"]>> {
  const lab = await Lab.make();
  try {
    return await scenario.run(lab, daemon, size);
  } catch (error) {
    const log = lab.logTail();
    throw log === "" ? error : new Error(`${String(error)}\n${log}`, { cause: error });
  } finally {
    await lab.end();
  }
}
