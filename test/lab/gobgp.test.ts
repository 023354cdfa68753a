import { GoBgp } from "../support/lab/gobgp.ts";
import { scenarios } from "../support/lab/scenarios/all.ts";
import { meet } from "../support/lab/scenarios/scenario.ts";

await meet(GoBgp, scenarios);
