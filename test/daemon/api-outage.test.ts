import { afterEach, beforeEach, expect, test } from "vitest";
import type { NodeConfig } from "#config/node-config.ts";
import { Configuration } from "#daemon/configuration.ts";
import { ApiClient } from "#k8s/io/api-client.ts";
import { Followers } from "#k8s/io/followers.ts";
import type { FromWorker } from "#k8s/messages.ts";
import { ObjectCache } from "#k8s/object-cache.ts";
import { always } from "#k8s/resources.ts";
import { silentLog } from "#lib/log.ts";
import { anonymous } from "../support/api-server/anonymous.ts";
import { configuration, heartbeat, node, peer } from "../support/api-server/cluster.ts";
import { ApiServer } from "../support/api-server/server.ts";
import { FakeClock } from "../support/fake-clock.ts";

const HOUR_MS = 3_600_000;

let clock: FakeClock;
let server: ApiServer;
let client: ApiClient;
let followers: Followers;
let applied: NodeConfig[];
let synced: Set<string>;

beforeEach(async () => {
  clock = new FakeClock();
  server = await new ApiServer({ clock }).start();
  for (const index of [1, 2, 3]) server.put(heartbeat(node(`n${index}`, index), "2026-11-21T00:00:00Z"));
  server.put(configuration());
  server.put(peer("tor", {}));
  client = new ApiClient(anonymous(server.url), "test");
  follow();
  await passing(() => applied.length > 0 && server.watches === always.length);
});
afterEach(async () => {
  followers.follow([]);
  client.close();
  await server.stop();
});

/** What the worker tells, put in force as the main thread does it. */
function follow(): void {
  const cache = new ObjectCache();
  applied = [];
  synced = new Set();
  const nothing = {
    title: "test",
    refresh: () => Promise.resolve(cache.state()),
    read: () => Promise.resolve(cache.state()),
  };
  const apply = (config: NodeConfig): void => void applied.push(config);
  const inForce = new Configuration({ nodeName: "n1", source: nothing, clock, log: silentLog, apply });
  const tell = (message: FromWorker): void => {
    if (message.is === "changes") cache.apply(message.id, message.changes);
    if (message.is === "synced") synced.add(message.id);
    if (synced.size === always.length) inForce.provided(cache.state());
  };
  followers = new Followers(client, clock, tell);
  followers.follow(always);
}

/** Lets time pass, and the sockets have their turns, until `done`. */
async function passing(done: () => boolean): Promise<void> {
  while (!done()) await passes(1_000);
}

async function passes(ms: number): Promise<void> {
  clock.advance(ms);
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** The server is gone for an hour and comes back with an empty watch cache and a compacted etcd. */
async function outage(meanwhile: () => void): Promise<void> {
  await server.stop();
  for (let minute = 0; minute < HOUR_MS / 60_000; minute++) await passes(60_000);
  meanwhile();
  server.store.compact();
  await server.start();
  await passing(() => server.watches === always.length);
  await passes(60_000);
}

test("an hour without the API server, restarted empty and compacted: nothing is applied, so no session and no route changes", async () => {
  const [before] = applied;
  expect(before?.peers.map(({ name }) => name)).toEqual(["Global_192_0_2_254", "Mesh_192_0_2_2", "Mesh_192_0_2_3"]);
  await outage(() => {
    for (const index of [1, 2, 3]) server.put(heartbeat(node(`n${index}`, index), "2026-11-21T01:00:00Z"));
  });
  expect(applied).toEqual([before]);
});

test("what changed during the hour is applied after it, and leaves everything else the very same", async () => {
  const [before] = applied;
  await outage(() => {
    server.remove("Node", "n3");
    server.put(node("n4", 4));
  });
  const after = applied.at(-1);
  expect(after?.peers.map(({ name }) => name)).toEqual(["Global_192_0_2_254", "Mesh_192_0_2_2", "Mesh_192_0_2_4"]);
  for (const index of [0, 1]) expect(after?.peers[index]).toBe(before?.peers[index]);
  expect(after?.originated).toBe(before?.originated);
});

test("147 heartbeats of nodes are no change, and no reason to ask anything", async () => {
  const asked = server.seen.length;
  for (let beat = 0; beat < 147; beat++) {
    server.put(heartbeat(node(`n${(beat % 3) + 1}`, (beat % 3) + 1), `2026-11-21T00:02:${beat % 60}Z`));
    await passes(816);
  }
  expect(applied).toHaveLength(1);
  expect(server.seen.length).toBe(asked);
  server.put(node("n4", 4));
  await passing(() => applied.length === 2);
  expect(server.seen.length).toBe(asked);
});
