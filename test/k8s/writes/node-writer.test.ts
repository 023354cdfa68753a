import { afterEach, beforeEach, expect, test } from "vitest";
import { ApiClient, ApiError } from "#k8s/io/api-client.ts";
import type { WriteOutcome, WriteRequest } from "#k8s/messages.ts";
import type { ObservedNode } from "#k8s/ports.ts";
import { NodeWriter } from "#k8s/writes/node-writer.ts";
import { silentLog } from "#lib/log.ts";
import { heartbeat, node } from "../../support/api-server/cluster.ts";
import type { JsonObject } from "../../support/api-server/patch.ts";
import { ApiServer } from "../../support/api-server/server.ts";
import { tooMany } from "../../support/api-server/status.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { down, observedNode, START_MS, session } from "../../support/observed-node.ts";

let server: ApiServer;
let client: ApiClient;
let clock: FakeClock;
let observed: ObservedNode;
let writer: NodeWriter;
let answered = 0;

beforeEach(async () => {
  server = await new ApiServer().start();
  server.put(heartbeat(node("n1", 1), "2026-11-20T00:00:00Z"));
  clock = new FakeClock();
  const certificates = { ca: undefined, clientCertificate: undefined, clientKey: undefined };
  const access = { server: server.url, ...certificates, insecureSkipTlsVerify: false, token: () => undefined };
  client = new ApiClient(access, "test");
  observed = observedNode({ startedMs: START_MS, routesReady: false, sessions: [session("tor")] });
  answered = 0;
  writer = new NodeWriter({ nodeName: "n1", clock, log: silentLog, observe: () => observed, send });
});

afterEach(async () => {
  client.close();
  await server.stop();
});

async function send(request: WriteRequest): Promise<WriteOutcome> {
  const outcome = await client.request(request).then(
    (body): WriteOutcome => ({ ok: true, body }),
    (error: unknown): WriteOutcome => {
      const fault = error instanceof ApiError ? error.fault : undefined;
      const code = fault?.kind === "status" ? fault.code : undefined;
      return { ok: false, code, text: String(error), retryable: code === undefined || code === 429 };
    },
  );
  answered++;
  return outcome;
}

/** Lets requests on their way come to their end. */
async function quiet(requests: number): Promise<void> {
  while (answered < requests) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}

type Conditions = readonly { readonly type: string; readonly status: string }[];
const conditions = (): Conditions => {
  const { conditions: all = [] } = (server.get("Node", "n1")?.status ?? {}) as { conditions?: Conditions };
  return all;
};
const unavailable = () => conditions().find(({ type }) => type === "NetworkUnavailable")?.status;
const status = () => server.get("BGPNodeStatus", "n1")?.status as JsonObject | undefined;

/** Condition; status, which is not there, Node, object, status again; event. */
const AT_START = 6;

test("at start the node is unavailable, its status is made with the Node as owner, and no condition of others is lost", async () => {
  writer.start();
  await quiet(AT_START);
  expect(unavailable()).toBe("True");
  expect(
    conditions()
      .map(({ type }) => type)
      .sort(),
  ).toEqual(["NetworkUnavailable", "Ready"]);
  expect(status()).toMatchObject({ sessions: { configured: 1, established: 1 } });
  expect(server.get("BGPNodeStatus", "n1")?.metadata.ownerReferences).toEqual([
    { apiVersion: "v1", kind: "Node", name: "n1", uid: "uid-n1" },
  ]);
  await writer.stop();
});

test("with the routes the node becomes available, and at the end unavailable again", async () => {
  writer.start();
  await quiet(AT_START);
  observed = { ...observed, routesReady: true };
  clock.advance(2_000);
  await quiet(AT_START + 1);
  expect(unavailable()).toBe("False");
  await writer.stop();
  expect(unavailable()).toBe("True");
  expect(status()).toMatchObject({ conditions: [{ type: "Ready", status: "False", reason: "DaemonStopped" }] });
});

test("while nothing changes nothing is written", async () => {
  observed = { ...observed, routesReady: true };
  writer.start();
  await quiet(AT_START);
  clock.advance(3_600_000);
  await quiet(AT_START);
  expect(server.seen.length).toBe(AT_START);
  await writer.stop();
});

test("numbers are written once a minute at most, a lost session within seconds", async () => {
  observed = { ...observed, routesReady: true };
  writer.start();
  await quiet(AT_START);
  for (let second = 0; second < 50; second += 2) {
    const tables = { ...observed.tables, ipv4: { selected: second, installed: second, failed: 0 } };
    observed = { ...observed, tables };
    clock.advance(2_000);
  }
  expect(server.seen.length).toBe(AT_START);
  clock.advance(12_000);
  await quiet(AT_START + 1);
  observed = { ...observed, sessions: [down("tor")] };
  clock.advance(6_000);
  await quiet(AT_START + 3);
  expect(status()).toMatchObject({ sessions: { established: 0 } });
  await writer.stop();
});

test("a server that refuses is asked again, and gets the newest state", async () => {
  server.interfere = () => tooMany;
  writer.start();
  await quiet(3);
  observed = { ...observed, routesReady: true };
  server.interfere = undefined;
  while (unavailable() !== "False" || status() === undefined) {
    clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const written = server.seen.filter(({ path, method }) => path.endsWith("/n1/status") && method === "PATCH");
  expect(written.some(({ body }) => body.includes("RoutesInstalled"))).toBe(true);
  await writer.stop();
});
