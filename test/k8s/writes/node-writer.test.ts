import { afterEach, beforeEach, expect, test } from "vitest";
import { ApiClient, ApiError } from "#k8s/io/api-client.ts";
import type { WriteOutcome, WriteRequest } from "#k8s/messages.ts";
import type { ObservedNode } from "#k8s/ports.ts";
import type { NodeWriter } from "#k8s/writes/node-writer.ts";
import { failedWrite } from "#k8s/writes/outcome.ts";
import type { Steps } from "#lib/steps.ts";
import { anonymous } from "../../support/api-server/anonymous.ts";
import { heartbeat, node } from "../../support/api-server/cluster.ts";
import type { JsonObject } from "../../support/api-server/patch.ts";
import { ApiServer } from "../../support/api-server/server.ts";
import { failure, notServed, tooMany } from "../../support/api-server/status.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { down, lookAt, observedNode, START_MS, session, writerOf } from "../../support/observed-node.ts";

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
  client = new ApiClient(anonymous(server.url), "test");
  observed = observedNode({ startedMs: START_MS, routesReady: false, sessions: [session("tor")] });
  answered = 0;
  writer = writerOf(() => observed, { clock, send });
});

afterEach(async () => {
  client.close();
  await server.stop();
});

async function send(request: WriteRequest): Promise<WriteOutcome> {
  const outcome = await client.request(request).then(
    (body): WriteOutcome => ({ ok: true, body }),
    (error: unknown) => failedWrite(error instanceof ApiError ? error.fault : undefined, String(error)),
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

/** Node and its condition; status, which is not there, Node, object, status; event. */
const AT_START = 7;

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

test("while roles are loading, then while our kinds are not defined, nothing that is to be written is lost", async () => {
  const passing = async (done: () => boolean): Promise<void> => {
    while (!done()) {
      clock.advance(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  server.interfere = () => failure(403, "Forbidden", "nodes is forbidden");
  writer.start();
  await quiet(3);
  server.interfere = ({ path }) => (path.includes("bgpnodestatuses") ? notServed : undefined);
  const asked = server.seen.length;
  await passing(() => unavailable() === "True" && server.seen.slice(asked).some(({ method }) => method === "POST"));
  expect(status()).toBeUndefined();
  server.interfere = undefined;
  await passing(() => status() !== undefined);
  expect(server.get("BGPNodeStatus", "n1")?.metadata.ownerReferences).toHaveLength(1);
  await writer.stop();
});

test("what an earlier daemon said stays said, and since when it is so stays true", async () => {
  observed = { ...observed, routesReady: true };
  writer.start();
  await quiet(AT_START);
  const since = () => [
    (conditions().find(({ type }) => type === "NetworkUnavailable") as unknown as JsonObject).lastTransitionTime,
    (status() as { conditions?: JsonObject[] } | undefined)?.conditions?.[0]?.lastTransitionTime,
  ];
  const before = since();
  const asked = server.seen.length;
  clock.advance(60_000);
  const next = writerOf(() => observed, { clock, send });
  next.start();
  await quiet(AT_START + 4);
  expect(since()).toEqual(before);
  expect(
    server.seen.slice(asked).map(({ method, path }) => `${method} ${path.split("/").slice(-2).join("/")}`),
  ).toEqual(["GET nodes/n1", "GET bgpnodestatuses/n1", "POST default/events", "PATCH n1/status"]);
});

test("thousands of sessions are looked at in turns, and nothing is written before all were", async () => {
  const sessions = Array.from({ length: 5_000 }, (_, index) => session(`n${index}`));
  function* slowly(): Steps<ObservedNode> {
    const steps = lookAt({ ...observed, sessions });
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done === true) return step.value;
      clock.advanceOnly(1);
      yield;
    }
  }
  const patient = writerOf(() => observed, { clock, send, observe: slowly });
  patient.start();
  clock.turn();
  expect(clock.nowMs()).toBeLessThan(10);
  expect(answered).toBe(0);
  clock.settle();
  await quiet(AT_START);
  expect(status()).toMatchObject({ sessions: { configured: 5_000 } });
  await patient.stop();
});

test("an invalid object is told of once while it lasts, by an event on it that others would make alike", async () => {
  const trouble = {
    object: "BGPPeer/tor",
    reason: "InvalidObject",
    note: "spec.password: there is no Secret",
  } as const;
  observed = { ...observed, routesReady: true, troubles: [trouble] };
  writer.start();
  await quiet(AT_START + 1);
  const second = writerOf(() => observed, { clock, send, nodeName: "n2", rank: () => 1 });
  second.start();
  clock.advance(28_000);
  const events = () => server.seen.filter(({ method, body }) => method === "POST" && body.includes("InvalidObject"));
  expect(events()).toHaveLength(1);
  clock.advance(4_000);
  await server.until(() => events().length === 2);
  const made = events().map(({ body }) => JSON.parse(body) as { metadata: { name: string } });
  expect(made[0]).toMatchObject({
    type: "Warning",
    note: trouble.note,
    regarding: { apiVersion: "linnet.dev/v1alpha1", kind: "BGPPeer", name: "tor" },
  });
  expect(made[0]?.metadata.name).toBe(made[1]?.metadata.name);
  clock.advance(600_000);
  expect(events()).toHaveLength(2);
});

test("events of a node with a long name, about a text in another script, are what the server takes", async () => {
  const nodeName = `${"n1.".repeat(80)}example`;
  const note = "маршрут ".repeat(100);
  server.put(node(nodeName, 2));
  observed = { ...observed, troubles: [{ object: undefined, reason: "RouteRefused", note }] };
  const long = writerOf(() => observed, { clock, send, nodeName });
  long.start();
  const events = () => server.seen.filter(({ path }) => path.endsWith("/events"));
  await server.until(() => events().length === 2);
  await long.stop();
  const { code, body } = await answerTo("GET", "/apis/events.k8s.io/v1/namespaces/default/events");
  expect(code).toBe(200);
  const { items } = body as { items: { note: string; regarding: { name: string } }[] };
  expect(items.map(({ regarding }) => regarding.name)).toEqual([nodeName, nodeName]);
  expect(items.map((event) => event.note).filter((text) => note.startsWith(text))).toHaveLength(1);
});

async function answerTo(method: string, path: string): Promise<{ code: number; body: unknown }> {
  const response = await fetch(server.url + path, { method });
  return { code: response.status, body: await response.json() };
}
