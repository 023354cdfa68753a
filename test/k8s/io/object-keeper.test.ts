import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ApiClient } from "#k8s/io/api-client.ts";
import { Followers } from "#k8s/io/followers.ts";
import { type KeptObject, readObjects } from "#k8s/io/object-file.ts";
import { ObjectKeeper } from "#k8s/io/object-keeper.ts";
import type { FromWorker } from "#k8s/messages.ts";
import { always } from "#k8s/resources.ts";
import { anonymous } from "../../support/api-server/anonymous.ts";
import { configuration, node, peer } from "../../support/api-server/cluster.ts";
import { ApiServer } from "../../support/api-server/server.ts";
import { failure } from "../../support/api-server/status.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { Inbox } from "../../support/inbox.ts";

let server: ApiServer;
let directory: string;
let clock: FakeClock;
let inbox: Inbox<FromWorker>;
let client: ApiClient;
let followers: Followers;

beforeEach(async () => {
  server = await new ApiServer().start();
  directory = mkdtempSync(join(tmpdir(), "linnet-"));
  clock = new FakeClock();
  inbox = new Inbox();
  for (const index of [1, 2]) server.put(node(`n${index}`, index));
  server.put(configuration());
  server.put(peer("tor", {}));
});
afterEach(async () => {
  followers.follow([]);
  client.close();
  await server.stop();
  rmSync(directory, { recursive: true });
});

const path = (): string => join(directory, "objects");
const keeper = (): ObjectKeeper => new ObjectKeeper({ path: path(), clock, tell: inbox.put });
const synced = (): number => inbox.all.filter(({ is }) => is === "synced").length;
const told = (): string[] =>
  inbox.all.flatMap((message) =>
    message.is === "changes" ? message.changes.map(({ is, key }) => `${is} ${key}`) : [],
  );

/** A client of the server, in the state that a worker begins with. */
function follow(restored: readonly KeptObject[] = []): void {
  client = new ApiClient(anonymous(server.url), "test");
  followers = new Followers(client, clock, inbox.put, restored);
  followers.follow(always);
}

/** Follows the server until all is known, saves it, and ends. */
async function saved(): Promise<void> {
  follow();
  await inbox.until(() => synced() === always.length);
  keeper().close(followers);
  followers.follow([]);
  client.close();
  inbox.clear();
}

test("what is followed is saved half a minute after a change, and told when it is restored", async () => {
  follow();
  await inbox.until(() => synced() === always.length);
  const kept = keeper();
  kept.changed(followers);
  clock.advance(29_000);
  expect(() => readObjects(path())).toThrow("ENOENT");
  clock.advance(1_000);
  clock.settle();
  const objects = readObjects(path());
  expect(objects.map(({ kind, key }) => `${kind}/${key}`).sort()).toEqual([
    "BGPConfiguration/default",
    "BGPPeer/tor",
    "Node/n1",
    "Node/n2",
  ]);
  inbox.clear();
  expect(keeper().restore()).toEqual(objects);
  expect(inbox.all.map((message) => message.is === "restored" && [message.kind, message.changes.length])).toEqual([
    ["Node", 2],
    ["BGPConfiguration", 1],
    ["BGPPeer", 1],
  ]);
});

test("restored objects are told again only where the server has others", async () => {
  await saved();
  server.put(node("n2", 7));
  server.put(node("n3", 3));
  server.remove("BGPPeer", "tor");
  follow(keeper().restore());
  await inbox.until(() => synced() === always.length);
  expect(told().sort()).toEqual(["gone tor", "put n2", "put n3"]);
});

test("half of what the server has is not saved; what was restored is, also while the server refuses", async () => {
  server.interfere = ({ path: asked }) => (asked.endsWith("/nodes") ? failure(403, "Forbidden", "no") : undefined);
  follow();
  await inbox.until(() => synced() === always.length - 1);
  keeper().close(followers);
  expect(() => readObjects(path())).toThrow("ENOENT");
  followers.follow([]);
  client.close();
  inbox.clear();
  server.interfere = () => undefined;
  await saved();
  server.interfere = ({ path: asked }) => (asked.endsWith("/nodes") ? failure(403, "Forbidden", "no") : undefined);
  follow(keeper().restore());
  await inbox.until(() => synced() === always.length - 1);
  keeper().close(followers);
  expect(readObjects(path()).filter(({ kind }) => kind === "Node")).toHaveLength(2);
});

test("a file that holds something else is not used, and that is told", () => {
  writeFileSync(path(), "{}\n[");
  follow();
  expect(keeper().restore()).toEqual([]);
  expect(inbox.all.map((message) => message.is === "fileFailed" && message.text)).toEqual([
    expect.stringContaining("objects is not used: SyntaxError"),
  ]);
});
