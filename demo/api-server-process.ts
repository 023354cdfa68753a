/** The demo's Kubernetes API server: `api-server-process.ts OBJECTS.json PORT`. */
import { readFileSync } from "node:fs";
import type { JsonObject } from "../test/support/api-server/patch.ts";
import { ApiServer } from "../test/support/api-server/server.ts";

const [objects = "", port = ""] = process.argv.slice(2);
const server = await new ApiServer({ listen: { host: "::", port: Number(port) } }).start();
for (const object of JSON.parse(readFileSync(objects, "utf8")) as JsonObject[]) server.put(object);
