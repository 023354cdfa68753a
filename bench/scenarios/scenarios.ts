import type { Scenario } from "../scenario.ts";
import { transit } from "./transit.ts";

/** Every scenario, in the order of the report. */
export const scenarios: readonly Scenario[] = [transit];
