import { parentPort, workerData } from "node:worker_threads";
import { bug } from "#lib/bug.ts";
import { systemClock } from "#lib/io/system-clock.ts";
import type { FromWorker, ToWorker, WorkerStart, WriteOutcome, WriteRequest } from "../messages.ts";
import { resources } from "../resources.ts";
import { ApiClient, ApiError } from "./api-client.ts";
import { Follower } from "./follower.ts";
import { apiAccess } from "./kubeconfig.ts";

/** The thread that speaks with the API server: what it parses never stalls the sessions. */
const port = parentPort ?? bug("not a worker");
const tell = (message: FromWorker): void => port.postMessage(message);
const start = workerData as WorkerStart;

try {
  const client = new ApiClient(apiAccess(start.kubeconfig, process.env), start.userAgent);
  const followers = resources
    .filter(({ kind }) => start.kinds.includes(kind))
    .map((resource) => new Follower(resource, client, systemClock, tell));
  for (const follower of followers) follower.start();
  port.on("message", (message: ToWorker) => {
    if (message.is === "write") {
      void write(client, message.request).then((outcome) => tell({ is: "written", number: message.number, outcome }));
      return;
    }
    for (const follower of followers) follower.stop();
    client.close();
    port.close();
  });
} catch (error) {
  tell({ is: "failed", text: error instanceof Error ? error.message : String(error) });
}

async function write(client: ApiClient, request: WriteRequest): Promise<WriteOutcome> {
  try {
    await client.request(request);
    return { ok: true };
  } catch (error) {
    const fault = error instanceof ApiError ? error.fault : undefined;
    const code = fault?.kind === "status" ? fault.code : undefined;
    const retryable = code === undefined || code === 429 || code === 409 || code >= 500;
    return { ok: false, code, text: error instanceof Error ? error.message : String(error), retryable };
  }
}
