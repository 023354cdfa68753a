import { Bird } from "../support/lab/bird.ts";
import { scenarios } from "../support/lab/scenarios/all.ts";
import { meet } from "../support/lab/scenarios/scenario.ts";

await meet(Bird, scenarios);
