import { Frr } from "../support/lab/frr.ts";
import { scenarios } from "../support/lab/scenarios/all.ts";
import { meet } from "../support/lab/scenarios/scenario.ts";

await meet(Frr, scenarios);
