import { parentPort, workerData } from "node:worker_threads";
import { bug } from "#lib/bug.ts";
import { systemClock } from "#lib/io/system-clock.ts";
import type { FromWorker, ToWorker, WorkerStart, WriteOutcome, WriteRequest } from "../messages.ts";
import { Pace } from "../pace.ts";
import { failedWrite } from "../writes/outcome.ts";
import { apiAccess } from "./api-access.ts";
import { ApiClient, ApiError } from "./api-client.ts";
import { Followers } from "./followers.ts";
import { ObjectKeeper } from "./object-keeper.ts";

/** The thread that speaks with the API server: what it parses never stalls the sessions. */
const port = parentPort ?? bug("not a worker");
const tell = (message: FromWorker): void => port.postMessage(message);
/** For what may be much; answers to writes go out at once. */
const pace = new Pace(tell);
const start = workerData as WorkerStart;

/** What there is once it is known how to reach the server. */
interface Work {
  take(message: Exclude<ToWorker, { is: "stop" }>): void;
  stop(): void;
}

let work: Work | undefined;
const begun = begin();
port.on("message", (message: ToWorker) => {
  if (message.is === "stop") {
    work?.stop();
    process.exit(); // this thread only: a command that shall give credentials may never end
  }
  void begun.then(() => work?.take(message));
});

async function begin(): Promise<void> {
  try {
    work = workWith(new ApiClient(await apiAccess(start.kubeconfig, process.env), start.userAgent));
  } catch (error) {
    tell({ is: "failed", text: error instanceof Error ? error.message : String(error) });
    port.close();
  }
}

function workWith(client: ApiClient): Work {
  const keeper = new ObjectKeeper({ path: start.cacheFile, clock: systemClock, tell: (message) => pace.put(message) });
  const restored = keeper.restore();
  const told = (message: FromWorker): void => {
    pace.put(message);
    keeper.changed(followers);
  };
  const followers = new Followers(client, systemClock, told, restored);
  pace.put({ is: "begun", restored: restored.length });
  return {
    take(message) {
      switch (message.is) {
        case "write":
          void write(client, message.request).then((outcome) =>
            tell({ is: "written", number: message.number, outcome }),
          );
          return;
        case "follow":
          followers.follow(message.resources);
          return;
        case "taken":
          pace.taken();
      }
    },
    stop() {
      keeper.close(followers);
      followers.follow([]);
      client.close();
    },
  };
}

async function write(client: ApiClient, request: WriteRequest): Promise<WriteOutcome> {
  try {
    return { ok: true, body: await client.request(request) };
  } catch (error) {
    const fault = error instanceof ApiError ? error.fault : undefined;
    return failedWrite(fault, error instanceof Error ? error.message : String(error));
  }
}
