import { existsSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { stringify } from "yaml";
import type { JsonObject } from "../api-server/patch.ts";
import type { Host } from "./host.ts";
import { until } from "./until.ts";

/** What an API server said: a status below 300, and the object. */
export interface ApiReply {
  readonly code: number;
  readonly body: JsonObject;
}

const program = join(import.meta.dirname, "api-server-process.ts");
const port = 6443;

/** Writes what a daemon on `node` needs to find the API server that runs on `address`. @returns the file */
export function kubeconfigOf(node: Host, address: string): string {
  const file = node.path("kubeconfig");
  const config = {
    ...{ apiVersion: "v1", kind: "Config", "current-context": "lab" },
    contexts: [{ name: "lab", context: { cluster: "lab" } }],
    clusters: [{ name: "lab", cluster: { server: `http://${address}:${port}` } }],
  };
  writeFileSync(file, stringify(config));
  return file;
}

/** A lab's host on which the API server in memory runs; the test reaches it by a socket in the host's folder. */
export class ApiHost {
  readonly #socket: string;

  private constructor(host: Host) {
    this.#socket = host.path("api.sock");
  }

  /** @param objects that are there from the beginning */
  static async start(host: Host, objects: readonly object[]): Promise<ApiHost> {
    const api = new ApiHost(host);
    const file = host.path("objects.json");
    writeFileSync(file, JSON.stringify(objects));
    const node = [process.execPath, "--disable-warning=ExperimentalWarning"];
    host.spawn("api-server", [...node, program, file, String(port), api.#socket]);
    await until(`${host.name}: the API server answers`, 10, () => existsSync(api.#socket));
    return api;
  }

  /** @param body of the request, a merge patch where the method is PATCH */
  ask(method: string, path: string, body?: object): Promise<ApiReply> {
    const { promise, resolve, reject } = Promise.withResolvers<ApiReply>();
    const contentType = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const asked = { socketPath: this.#socket, method, path, agent: false, headers: { "content-type": contentType } };
    const outgoing = request(asked, (response) => {
      const read = json(response).then((body) => ({ code: response.statusCode ?? 0, body: body as JsonObject }));
      void read.then(resolve, reject);
    });
    outgoing.on("error", reject).end(body && JSON.stringify(body));
    return promise;
  }

  /** @throws Error with what the server said where it refused */
  async done(method: string, path: string, body?: object): Promise<JsonObject> {
    const reply = await this.ask(method, path, body);
    if (reply.code > 299) throw new Error(`${method} ${path}: ${JSON.stringify(reply.body)}`);
    return reply.body;
  }
}
