import { afterEach, beforeEach, expect, test } from "vitest";
import type { Change } from "#k8s/changes.ts";
import { ApiClient } from "#k8s/io/api-client.ts";
import { Followers } from "#k8s/io/followers.ts";
import type { FromWorker } from "#k8s/messages.ts";
import { always, type Resource, secretNamed } from "#k8s/resources.ts";
import { anonymous } from "../../support/api-server/anonymous.ts";
import { heartbeat, node, secret } from "../../support/api-server/cluster.ts";
import { ApiServer } from "../../support/api-server/server.ts";
import { failure, initializing, tooMany } from "../../support/api-server/status.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { Inbox } from "../../support/inbox.ts";

const nodes = always.find(({ id }) => id === "Node") as Resource;

let server: ApiServer;
let client: ApiClient;
let clock: FakeClock;
let inbox: Inbox<FromWorker>;
let followers: Followers;

beforeEach(async () => {
  server = await new ApiServer().start();
  clock = new FakeClock();
  inbox = new Inbox();
  client = clientOf(server);
  followers = new Followers(client, clock, inbox.put);
});

afterEach(async () => {
  followers.follow([]);
  client.close();
  await server.stop();
});

const clientOf = ({ url }: ApiServer): ApiClient => new ApiClient(anonymous(url), "test");

const changes = (): Change[] => inbox.all.flatMap((message) => (message.is === "changes" ? message.changes : []));
const objects = (): unknown[] => changes().map((change) => (change.is === "put" ? JSON.parse(change.text) : undefined));
const told = (): string[] => changes().map(({ is, key }) => `${is} ${key}`);
const outages = (): (string | undefined)[] =>
  inbox.all.flatMap((message) => (message.is === "outage" ? [message.text] : []));
const isSynced = (message: FromWorker): boolean => message.is === "synced";
const lists = (): number => server.seen.filter(({ query }) => query.get("watch") !== "true").length;

/** Follows the nodes until the first list is told and the watch stands. */
async function settled(): Promise<void> {
  followers.follow([nodes]);
  await inbox.first(isSynced);
  await server.until(({ watches }) => watches === 1);
}

/** Lets the waits of the follower pass, one after the other, until `done`. */
async function passing(done: Promise<unknown>): Promise<void> {
  let over = false;
  void done.then(() => {
    over = true;
  });
  while (!over) {
    clock.advance(60_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("a large list comes in pages, and is told before it is called complete", async () => {
  for (let index = 0; index < 1203; index++) server.put(node(`n${`${index}`.padStart(4, "0")}`, 1));
  await settled();
  expect(lists()).toBe(3);
  expect(changes().length).toBe(1203);
  expect(inbox.all.map(({ is }) => is)).toEqual(["changes", "synced"]);
});

test("changes of meaning are told, heartbeats are not", async () => {
  server.put(node("n1", 1));
  await settled();
  inbox.clear();
  for (let second = 0; second < 50; second++) server.put(heartbeat(node("n1", 1), `${second}`));
  server.put(node("n2", 2));
  await inbox.until(() => changes().length === 1);
  server.remove("Node", "n1");
  await inbox.until(() => changes().length === 2);
  expect(told()).toEqual(["put n2", "gone n1"]);
});

test("a version that the server forgot leads to a list, of which only the difference is told", async () => {
  server.put(node("n1", 1));
  server.put(node("n2", 2));
  await settled();
  inbox.clear();
  server.interfere = ({ query }) => (query.get("watch") === "true" ? initializing : undefined);
  server.endWatches();
  await server.until(({ watches }) => watches === 0);
  server.put(node("n3", 3));
  server.remove("Node", "n1");
  server.store.compact();
  server.interfere = undefined;
  await passing(inbox.until(() => changes().length === 2));
  expect(told()).toEqual(["put n3", "gone n1"]);
  expect(lists()).toBe(2);
});

test("410 as the status of a watch leads to a list as well", async () => {
  await settled();
  server.interfere = ({ query }) => {
    server.interfere = undefined;
    return query.get("watch") === "true" ? failure(410, "Expired", "too old resource version") : undefined;
  };
  server.bookmark();
  server.endWatches();
  await passing(server.until(() => lists() === 2));
  await server.until(({ watches }) => watches === 1);
});

test("a page that expired begins a new list, and nothing of the old one is told", async () => {
  for (let index = 0; index < 600; index++) server.put(node(`n${index}`, 1));
  server.interfere = ({ query }) => {
    if (!query.has("continue")) return undefined;
    server.interfere = undefined;
    server.remove("Node", "n1");
    server.store.compact();
    return undefined;
  };
  followers.follow([nodes]);
  await inbox.first(isSynced);
  expect(changes().length).toBe(599);
  expect(outages()).toEqual([]);
});

test.for([
  { what: "too many requests, as text", answer: tooMany },
  { what: "too many requests, as an object", answer: initializing },
  { what: "roles not loaded yet", answer: failure(403, "Forbidden", "nodes is forbidden") },
  { what: "resource not defined yet", answer: { code: 404, body: "404 page not found\n" } },
])("$what: said once, tried again, and said when it is over", async ({ answer }) => {
  let refusals = 3;
  server.interfere = () => (refusals-- > 0 ? answer : undefined);
  followers.follow([nodes]);
  await passing(inbox.first(isSynced));
  expect(outages().length).toBe(2);
  expect(outages()[1]).toBe(undefined);
  expect(lists()).toBe(4);
});

test("what Retry-After asks for is waited", async () => {
  server.interfere = () => ({ ...tooMany, headers: { "retry-after": "60" } });
  followers.follow([nodes]);
  await inbox.until(() => outages().length === 1);
  clock.advance(44_000); // a quarter less, by the jitter
  expect(clock.pending).toBe(1);
  server.interfere = undefined;
  clock.advance(31_000);
  await inbox.first(isSynced);
});

test("a server that goes away takes nothing with it, and after its restart only the difference is told", async () => {
  server.put(node("n1", 1));
  server.put(node("n2", 2));
  await settled();
  inbox.clear();
  await server.stop();
  await inbox.until(() => outages().length === 1);
  clock.advance(3_600_000);
  expect(changes()).toEqual([]);
  server.put(node("n3", 3));
  server.store.compact();
  await server.start();
  await passing(inbox.until(() => outages().includes(undefined) && changes().length === 1));
  expect(told()).toEqual(["put n3"]);
});

test("connections that break are made again, without a list", async () => {
  await settled();
  server.cut();
  await passing(server.until(({ seen }) => seen.length === 3));
  server.put(node("n1", 1));
  await inbox.until(() => changes().length === 1);
  expect(lists()).toBe(1);
});

test("a bookmark moves the version on, so that an idle watch survives compaction", async () => {
  await settled();
  server.store.revision = 1000;
  server.bookmark();
  server.store.compact();
  server.endWatches();
  await server.until(({ seen }) => seen.length === 3);
  expect(server.seen[2]?.query.get("resourceVersion")).toBe("1000");
});

test("of a Secret nothing but the named object is asked for, and nothing but the named key kept", async () => {
  server.put(secret("net", "bgp", { tor: "s3cret", other: "x" }));
  server.put(secret("net", "foreign", { tor: "x" }));
  followers.follow([secretNamed("net", "bgp", ["tor"])]);
  await inbox.first(isSynced);
  await server.until(({ watches }) => watches === 1);
  expect(server.seen.map(({ path, query }) => [path, query.get("fieldSelector")])).toEqual([
    ["/api/v1/namespaces/net/secrets", "metadata.name=bgp"],
    ["/api/v1/namespaces/net/secrets", "metadata.name=bgp"],
  ]);
  expect(objects()).toMatchObject([{ data: { tor: "czNjcmV0" } }]);
  expect(JSON.stringify(changes())).not.toContain("other");
  server.put(secret("net", "bgp", { tor: "changed" }));
  await inbox.until(() => changes().length === 2);
});

test("a Secret of which other keys are wanted, and that is gone meanwhile, is told to be gone", async () => {
  server.put(secret("net", "bgp", { tor: "s3cret" }));
  followers.follow([secretNamed("net", "bgp", ["tor"])]);
  await inbox.first(isSynced);
  inbox.clear();
  server.remove("Secret", "net/bgp");
  followers.follow([secretNamed("net", "bgp", ["leaf", "tor"])]);
  await inbox.first(isSynced);
  expect(told()).toEqual(["gone net/bgp"]);
});

test("what is no longer followed is not watched, and the rest goes on undisturbed", async () => {
  followers.follow([nodes, secretNamed("net", "bgp", ["tor"])]);
  await server.until(({ watches }) => watches === 2);
  followers.follow([nodes]);
  await server.until(({ watches }) => watches === 1);
  expect(server.seen.length).toBe(4);
  server.put(node("n1", 1));
  await inbox.until(() => changes().length === 1);
});
