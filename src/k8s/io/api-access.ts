import { existsSync, readFileSync } from "node:fs";
import https from "node:https";
import type { ApiAccess } from "./api-client.ts";

const POD_SECRETS = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Access by `path` (a kubeconfig file), else by the files in $KUBECONFIG, else as a pod. What reads a kubeconfig is loaded
 * only where there is one: it is of no use to a pod, and large.
 * @throws Error (rejects) naming the file and the field that is missing or of a kind we do not speak, or the command that fails
 */
export async function apiAccess(path: string | undefined, environment: NodeJS.ProcessEnv): Promise<ApiAccess> {
  const files = path === undefined || path === "" ? (environment.KUBECONFIG ?? "").split(":") : [path];
  const named = files.filter((file) => file !== "");
  if (named.length === 0) return podAccess(environment);
  const { KubeconfigAccess } = await import("./kubeconfig-access.ts");
  return KubeconfigAccess.open(named);
}

function podAccess(environment: NodeJS.ProcessEnv): ApiAccess {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = "443" } = environment;
  if (host === undefined || !existsSync(`${POD_SECRETS}/token`)) {
    throw new Error("no API server: not in a pod, and neither --kubeconfig nor $KUBECONFIG names a file");
  }
  const agent = new https.Agent({ keepAlive: true, ca: readFileSync(`${POD_SECRETS}/ca.crt`, "utf8") });
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    async authorise() {
      const token = readFileSync(`${POD_SECRETS}/token`, "utf8").trim();
      return { agent, headers: { authorization: `Bearer ${token}` } };
    },
    refused() {},
    close: () => agent.destroy(),
  };
}
