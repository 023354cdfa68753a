import { ApiHost, kubeconfigOf } from "../test/support/lab/api-host.ts";
import type { Host } from "../test/support/lab/host.ts";
import type { Lab } from "../test/support/lab/lab.ts";
import { LinnetProcess } from "../test/support/lab/linnet-process.ts";
import type { RouterMaker, Timers } from "./data-centre.ts";
import { routerOf } from "./linnet-node.ts";
import { manifests } from "./manifests.ts";

const subnet = { tor: "172.30.9.1", server: "172.30.9.10" };

/** A Kubernetes API server with the demo's objects, on a machine of its own behind the ToR router. */
export async function apiServer(lab: Lab, tor: Host, timers: Timers): Promise<void> {
  const host = await lab.host("api");
  await lab.cable(
    { host: tor, device: "api", addresses: [`${subnet.tor}/24`] },
    { host, device: "eth0", addresses: [`${subnet.server}/24`] },
  );
  await host.ip("route", "add", "default", "via", subnet.tor);
  await ApiHost.start(host, manifests(timers));
}

/** A node that Linnet routes for, told by the API server. */
export const linnetApiNode: RouterMaker = (host, plan) =>
  routerOf(host, plan, LinnetProcess.ofApiServer(host, plan.name, kubeconfigOf(host, subnet.server)));
