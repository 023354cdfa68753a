import type { Scenario } from "../scenario.ts";
import { api, services } from "./api.ts";
import { failover } from "./failover.ts";
import { idle } from "./idle.ts";
import { ingest } from "./ingest.ts";
import { kernel, kernel6 } from "./kernel.ts";
import { idlemesh, mesh } from "./mesh.ts";
import { reflector } from "./reflector.ts";
import { show } from "./show.ts";
import { startup } from "./startup.ts";
import { ten } from "./ten.ts";
import { transit, transit6 } from "./transit.ts";

/** Every scenario, in the order of the report. */
export const scenarios: readonly Scenario[] = [
  ingest,
  transit,
  transit6,
  ten,
  reflector,
  mesh,
  kernel,
  kernel6,
  failover,
  show,
  startup,
  idle,
  idlemesh,
  api,
  services,
];
