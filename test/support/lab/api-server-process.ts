/** The labs' Kubernetes API server: `api-server-process.ts OBJECTS.json PORT SOCKET`; it answers on the socket as well. */
import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { JsonObject } from "../api-server/patch.ts";
import { ApiServer } from "../api-server/server.ts";

const [objects = "", port = "", socket = ""] = process.argv.slice(2);
const server = await new ApiServer({ listen: { host: "::", port: Number(port) } }).start();
for (const object of JSON.parse(readFileSync(objects, "utf8")) as JsonObject[]) server.put(object);
createServer((test) => {
  const inside = connect(Number(port));
  test.pipe(inside).pipe(test);
  for (const end of [test, inside]) end.on("error", () => end.destroy());
}).listen(socket);
