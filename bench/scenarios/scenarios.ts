import type { Scenario } from "../scenario.ts";
import { ingest } from "./ingest.ts";
import { reflector } from "./reflector.ts";
import { ten } from "./ten.ts";
import { transit, transit6 } from "./transit.ts";

/** Every scenario, in the order of the report. */
export const scenarios: readonly Scenario[] = [ingest, transit, transit6, ten, reflector];
