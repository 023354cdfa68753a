import { ExaBgp } from "../support/lab/exabgp.ts";
import { scenarios } from "../support/lab/scenarios/all.ts";
import { meet } from "../support/lab/scenarios/scenario.ts";

await meet(ExaBgp, scenarios);
