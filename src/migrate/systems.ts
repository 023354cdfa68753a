import { migrateCalico } from "./calico.ts";
import type { ForeignObject } from "./foreign.ts";
import { migrateKubeRouter } from "./kube-router.ts";
import { migrateMetallb } from "./metallb.ts";
import type { Migration } from "./outcome.ts";

/** A system that clusters come from. */
export interface System {
  migrate(objects: readonly ForeignObject[]): Migration;
  /** Collections of the API server that hold its objects. */
  readonly collections: readonly string[];
}

const NODES = "/api/v1/nodes";
/** Where Calico's own definitions stand, and where its API server, or newer definitions, do. */
const CALICO = ["crd.projectcalico.org/v1", "projectcalico.org/v3"];
const calico = (plural: string): string[] => CALICO.map((version) => `/apis/${version}/${plural}`);
const metallb = (plural: string, version = "v1beta1"): string => `/apis/metallb.io/${version}/${plural}`;

export const systems: Readonly<Record<string, System>> = {
  calico: {
    migrate: migrateCalico,
    collections: [...["bgpconfigurations", "bgppeers", "bgpfilters", "ippools"].flatMap(calico), NODES],
  },
  "kube-router": {
    migrate: migrateKubeRouter,
    collections: ["/apis/apps/v1/daemonsets", NODES, "/api/v1/services"],
  },
  metallb: {
    migrate: migrateMetallb,
    collections: [
      metallb("bgppeers", "v1beta2"),
      ...["bgpadvertisements", "communities", "ipaddresspools", "bfdprofiles", "l2advertisements"].map((each) =>
        metallb(each),
      ),
    ],
  },
};
