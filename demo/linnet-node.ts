import { join } from "node:path";
import type { Host } from "../test/support/lab/host.ts";
import { LinnetProcess } from "../test/support/lab/linnet-process.ts";
import { type NodePlan, type NodeRouter, nodePlans, type RouterMaker } from "./data-centre.ts";
import { manifests } from "./manifests.ts";

/** A node that Linnet routes for, told by a directory of manifests. */
export const linnetNode: RouterMaker = (host, plan, timers) => {
  const linnet = LinnetProcess.ofManifests(host, plan.name);
  linnet.write(manifests(timers));
  return routerOf(host, plan, linnet);
};

export function routerOf(host: Host, plan: NodePlan, linnet: LinnetProcess): NodeRouter {
  // The ToR router, and the other nodes of the rack.
  const sessions = nodePlans.filter(({ rack }) => rack === plan.rack).length;
  return {
    conflist: join(host.mounts.get("/etc/cni/net.d") ?? "", "10-linnet.conflist"),
    start: async () => {
      await linnet.start();
    },
    kill: () => linnet.daemon.end("SIGKILL"),
    stop: () => linnet.daemon.end("SIGTERM"),
    established: async () => {
      const states = [...(await linnet.states()).values()];
      return { up: states.filter((state) => state === "established").length, all: sessions };
    },
  };
}
