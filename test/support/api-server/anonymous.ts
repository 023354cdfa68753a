import http from "node:http";
import type { ApiAccess } from "#k8s/io/api-client.ts";

/** Access to a server that speaks plain HTTP and asks nobody who they are. */
export function anonymous(server: string): ApiAccess {
  const agent = new http.Agent({ keepAlive: true });
  return {
    server,
    authorise: () => Promise.resolve({ agent, headers: {} }),
    refused: () => {},
    close: () => agent.destroy(),
  };
}
