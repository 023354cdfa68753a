import { join } from "node:path";
import { LinnetProcess } from "../test/support/lab/linnet-process.ts";
import { nodePlans, type RouterMaker } from "./data-centre.ts";
import { manifests } from "./manifests.ts";

/** A node that Linnet routes for. */
export const linnetNode: RouterMaker = (host, plan, timers) => {
  const linnet = new LinnetProcess(host, plan.name, manifests(timers));
  // The ToR router, and the other nodes of the rack.
  const sessions = nodePlans.filter(({ rack }) => rack === plan.rack).length;
  return {
    conflist: join(host.mounts.get("/etc/cni/net.d") ?? "", "10-linnet.conflist"),
    start: async () => {
      await linnet.start();
    },
    kill: () => linnet.daemon.end("SIGKILL"),
    stop: () => linnet.daemon.end("SIGTERM"),
    freeze: () => linnet.daemon.signal("SIGSTOP"),
    established: async () => {
      const states = [...(await linnet.states()).values()];
      return { up: states.filter((state) => state === "established").length, all: sessions };
    },
  };
};
