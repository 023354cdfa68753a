import { OpenBgpd } from "../support/lab/openbgpd.ts";
import { scenarios } from "../support/lab/scenarios/all.ts";
import { meet } from "../support/lab/scenarios/scenario.ts";

await meet(OpenBgpd, scenarios);
