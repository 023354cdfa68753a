import { parentPort, workerData } from "node:worker_threads";
import { bug } from "#lib/bug.ts";
import { systemClock } from "#lib/io/system-clock.ts";
import type { FromWorker, ToWorker, WorkerStart, WriteOutcome, WriteRequest } from "../messages.ts";
import { Pace } from "../pace.ts";
import { failedWrite } from "../writes/outcome.ts";
import { ApiClient, ApiError } from "./api-client.ts";
import { Followers } from "./followers.ts";
import { apiAccess } from "./kubeconfig.ts";

/** The thread that speaks with the API server: what it parses never stalls the sessions. */
const port = parentPort ?? bug("not a worker");
const tell = (message: FromWorker): void => port.postMessage(message);
/** For what may be much; answers to writes go out at once. */
const pace = new Pace(tell);
const start = workerData as WorkerStart;

try {
  const client = new ApiClient(apiAccess(start.kubeconfig, process.env), start.userAgent);
  const followers = new Followers(client, systemClock, (message) => pace.put(message));
  followers.follow(start.resources);
  port.on("message", (message: ToWorker) => {
    switch (message.is) {
      case "write":
        void write(client, message.request).then((outcome) => tell({ is: "written", number: message.number, outcome }));
        return;
      case "follow":
        followers.follow(message.resources);
        return;
      case "taken":
        pace.taken();
        return;
      case "stop":
        followers.follow([]);
        client.close();
        port.close();
    }
  });
} catch (error) {
  tell({ is: "failed", text: error instanceof Error ? error.message : String(error) });
}

async function write(client: ApiClient, request: WriteRequest): Promise<WriteOutcome> {
  try {
    return { ok: true, body: await client.request(request) };
  } catch (error) {
    const fault = error instanceof ApiError ? error.fault : undefined;
    return failedWrite(fault, error instanceof Error ? error.message : String(error));
  }
}
