import { restartScenarios } from "./restarts.ts";
import { routeScenarios } from "./routes.ts";
import type { Scenario } from "./scenario.ts";
import { sessionScenarios } from "./sessions.ts";

/** What every neighbour is met with. */
export const scenarios: readonly Scenario[] = [...sessionScenarios, ...routeScenarios, ...restartScenarios];
