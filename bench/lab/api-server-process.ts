/**
 * A Kubernetes API server with a large cluster: `api-server-process.ts PORT NODES SERVICES`. Lines of standard input:
 * `change` begins ten changes a second, beside the heartbeats that so many nodes send; `forget` loses the history, so that
 * everything is listed again; `report` is answered by one line.
 */
import { createInterface } from "node:readline";
import type { JsonObject } from "../../test/support/api-server/patch.ts";
import { ApiServer } from "../../test/support/api-server/server.ts";

const [port = 0, nodes = 0, services = 0] = process.argv.slice(2).map(Number);
const changesPerSecond = 10;
/** A kubelet that has nothing to say says so every five minutes. */
const heartbeatsPerSecond = nodes / 300;

/** Nodes after the first that reflect for the others. */
const REFLECTORS = 2;

const server = await new ApiServer({ listen: { host: "127.0.0.1", port } }).start();
const time = (): string => new Date().toISOString();
const quads = (first: number, index: number): string => `${first}.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;

function node(index: number, round = 0): JsonObject {
  const name = index === 0 ? "bench" : `node-${index}`;
  const place = { "kubernetes.io/hostname": name, ...(index > 0 && index <= REFLECTORS && { reflector: "" }) };
  const address = index === 0 ? "172.16.0.1" : quads(11, index);
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { ...place, zone: `z${index % 5}`, round: `${round}` } },
    spec: { podCIDRs: [`${quads(10, index << 8)}/24`] },
    status: {
      addresses: [
        { type: "InternalIP", address },
        { type: "Hostname", address: name },
      ],
      conditions: [{ type: "Ready", status: "True", reason: "KubeletReady", lastHeartbeatTime: time() }],
    },
  };
}

const service = (index: number): JsonObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: `service-${index}`, namespace: "bench" },
  spec: { type: "ClusterIP", clusterIPs: [quads(100, index)] },
});

const slice = (index: number, ready: boolean): JsonObject => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: {
    name: `service-${index}-a`,
    namespace: "bench",
    labels: { "kubernetes.io/service-name": `service-${index}` },
  },
  addressType: "IPv4",
  endpoints: [{ nodeName: `node-${(index % (nodes - 1)) + 1}`, addresses: ["10.0.0.9"], conditions: { ready } }],
});

server.put({
  apiVersion: "linnet.dev/v1alpha1",
  kind: "BGPConfiguration",
  metadata: { name: "default" },
  spec: {
    nodeMesh: "Disabled",
    reflectors: [{ nodeSelector: { matchLabels: { reflector: "" } } }],
    serviceAdvertisements: services === 0 ? [] : [{ addresses: ["ClusterIP"] }],
  },
});
for (let index = 0; index < nodes; index++) server.put(node(index));
for (let index = 0; index < services; index++) {
  server.put(service(index));
  server.put(slice(index, true));
}

let round = 0;
/** Labels of a node and readiness of an endpoint by turns. */
function change(): void {
  round++;
  if (round % 2 === 0 || services === 0) server.put(node(1 + (round % (nodes - 1)), round));
  else server.put(slice(round % services, round % 4 === 1));
}

let beats = 0;
createInterface({ input: process.stdin }).on("line", (line) => {
  if (line === "change") {
    setInterval(change, 1000 / changesPerSecond);
    setInterval(() => server.put(node(1 + (beats++ % (nodes - 1)))), 1000 / heartbeatsPerSecond);
  }
  if (line === "forget") {
    server.put(node(1)); // watches are now of an older version than the oldest that is known
    server.store.compact();
    server.cut();
  }
  if (line === "report") console.log(JSON.stringify({ requests: server.seen.length, watches: server.watches, round }));
});
console.log(JSON.stringify({ requests: 0, watches: 0, round: 0 }));
