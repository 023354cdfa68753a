import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ApiProvider, type ApiState } from "#k8s/io/api-provider.ts";
import type { ObservedNode } from "#k8s/ports.ts";
import { NodeWriter } from "#k8s/writes/node-writer.ts";
import { systemClock } from "#lib/io/system-clock.ts";
import { silentLog } from "#lib/log.ts";
import { configuration, heartbeat, node, peer, secret, service } from "../support/api-server/cluster.ts";
import type { JsonObject } from "../support/api-server/patch.ts";
import {
  inMemory,
  realServer,
  realServerOrWhyNot,
  realUnused,
  type ServerUnderTest,
} from "../support/api-server/under-test.ts";
import { Inbox } from "../support/inbox.ts";
import { down, lookAt, observedNode, session } from "../support/observed-node.ts";

/** Names that no object of a cluster has that is lent to us. */
const named = <T extends JsonObject>(object: T): T => ({
  ...object,
  metadata: { ...(object.metadata as JsonObject), name: `linnet-test-${String((object.metadata as JsonObject).name)}` },
});
const n1 = named(node("n1", 1));
const n2 = named(node("n2", 2));
const nameOf = (object: JsonObject): string => (object.metadata as { name: string }).name;

const servers = [
  ["in memory", true, inMemory],
  [`real: ${realServerOrWhyNot}`, realServer !== undefined, realUnused],
] as const;

describe.each(servers)("an API server %s", (_, isThere, make) => {
  let server: ServerUnderTest;
  let directory: string;
  let provider: ApiProvider;
  let states: Inbox<ApiState>;

  beforeAll(async () => {
    if (isThere) server = await make();
  }, 60_000);
  afterAll(async () => {
    if (isThere) await server.stop();
  });

  beforeEach(async () => {
    if (!isThere) return;
    directory = mkdtempSync(join(tmpdir(), "linnet-"));
    states = new Inbox();
    await server.put(n1);
    await server.put(n2);
    provider = new ApiProvider({
      kubeconfig: server.kubeconfig,
      userAgent: "linnet-test",
      nodeName: nameOf(n1),
      cacheFile: join(directory, "objects.cache"),
      clock: systemClock,
      log: silentLog,
      changed: states.put,
      failed: (text) => {
        throw new Error(text);
      },
    });
    await states.first(({ objects }) => objects.Node.has(nameOf(n1)) && objects.Node.has(nameOf(n2)));
  });
  afterEach(async () => {
    if (!isThere) return;
    await provider.close();
    await server.clear();
    rmSync(directory, { recursive: true });
  });

  test.runIf(isThere)("objects that come, change and go are told", async () => {
    const tor = named(peer("tor", {}));
    await server.put(tor);
    await states.first(({ objects }) => objects.BGPPeer.get(nameOf(tor))?.value.spec.asNumber === 64_500);
    await server.put({ ...tor, spec: { ...(tor.spec as JsonObject), asNumber: 64_501 } });
    await states.first(({ objects }) => objects.BGPPeer.get(nameOf(tor))?.value.spec.asNumber === 64_501);
    await server.remove(tor);
    await states.first(({ objects }) => objects.BGPPeer.size === 0 || !objects.BGPPeer.has(nameOf(tor)));
  });

  test.runIf(isThere)("heartbeats are no news", async () => {
    const before = states.all.length;
    for (let beat = 0; beat < 20; beat++)
      await server.put(heartbeat(n2, new Date(1_790_000_000_000 + beat * 1000).toISOString()));
    const n3 = named(node("n3", 3));
    await server.put(n3);
    await states.first(({ objects }) => objects.Node.has(nameOf(n3)));
    expect(states.all.length).toBe(before + 1);
  });

  test.runIf(isThere)("Services and Secrets are followed once something asks for them", async () => {
    const web = { ...service("default", "web") };
    await server.put(named(web));
    await server.put(configuration({ serviceAdvertisements: [{ addresses: ["ClusterIP"] }] }));
    await states.first(({ objects }) => objects.Service.has(`default/${nameOf(named(web))}`));
    const password = named(secret("default", "bgp", { tor: "s3cret" }));
    const secretKeyRef = { namespace: "default", name: nameOf(password), key: "tor" };
    await server.put(password);
    await server.put(named(peer("tor", { password: { secretKeyRef } })));
    const state = await states.first(({ objects }) => objects.Secret.size > 0);
    expect(state.objects.Secret.get(`default/${nameOf(password)}`)?.value.data).toEqual({ tor: "s3cret" });
  });

  test.runIf(isThere)("what is written about the node stands there, and nobody else's condition is lost", async () => {
    await server.put(heartbeat(n1, "2026-11-21T00:00:00Z"));
    let observed: ObservedNode = observedNode({ routesReady: false, sessions: [session("tor")] });
    const writer = new NodeWriter({
      nodeName: nameOf(n1),
      clock: systemClock,
      log: silentLog,
      observe: () => lookAt(observed),
      rank: () => undefined,
      send: (request) => provider.write(request),
    });
    writer.start();
    const status = { apiVersion: "linnet.dev/v1alpha1", kind: "BGPNodeStatus", metadata: { name: nameOf(n1) } };
    await written(async () => (await server.get(status)).status);
    observed = { ...observed, routesReady: true, sessions: [down("tor")] };
    await written(async () => (await conditionsOf(server)).find(({ status: is }) => is === "False"));
    const reasons = ["BGPSessionEstablished", "BGPSessionLost"];
    await written(async () => {
      const told = (await server.events(nameOf(n1))).map(({ reason }) => reason);
      return reasons.every((reason) => told.includes(reason)) || undefined;
    });
    await writer.stop();
    const conditions = await conditionsOf(server);
    expect(conditions.map(({ type, status: is }) => `${type} ${is}`).sort()).toEqual([
      "NetworkUnavailable True",
      "Ready True",
    ]);
    expect((await server.get(status)).status).toMatchObject({ sessions: { configured: 1, established: 0 } });
    await server.remove(status);
  });

  test.runIf(isThere).each([
    [{ reportingInstance: "n".repeat(129) }, 'reportingInstance: Invalid value: "": can have at most 128 characters'],
    [{ note: "ж".repeat(513) }, 'message: Invalid value: "": can have at most 1024 characters'],
    [{ action: "" }, "action: Required value"],
    [{ type: "Bad" }, 'type: Invalid value: "": has invalid value: Bad'],
    [{ series: { count: 1, lastObservedTime: "2026-11-21T00:00:00.000000Z" } }, "should be at least 2"],
    [{ metadata: { name: "n1-.x", namespace: "default" } }, "metadata.name: Invalid value: "],
  ])("an Event is refused where it does not fit: %j", async (wrong, sentence) => {
    const name = "linnet-test.refused";
    const event = {
      ...{ apiVersion: "events.k8s.io/v1", kind: "Event", metadata: { name, namespace: "default" }, type: "Normal" },
      ...{ reason: "BGPSessionLost", action: "Peering", note: "", eventTime: "2026-11-21T00:00:00.000000Z" },
      ...{ reportingController: "linnet.dev/linnet", reportingInstance: "n1" },
      regarding: { apiVersion: "v1", kind: "Node", name: "n1", uid: "n1" },
    };
    const path = "/apis/events.k8s.io/v1/namespaces/default/events";
    const asked = { method: "POST", path, query: { dryRun: "All" } } as const;
    await expect(server.client.request({ ...asked, body: { ...event, ...wrong } })).rejects.toThrow(sentence);
    await server.client.request({ ...asked, body: event });
  });

  test.runIf(isThere)("our objects are told that they are accepted", async () => {
    const tor = named(peer("tor", {}));
    await server.put(tor);
    const accepted = await written(async () => {
      const { status } = (await server.get(tor)) as { status?: { conditions?: readonly JsonObject[] } };
      return status?.conditions?.find(({ type }) => type === "Accepted");
    });
    expect(accepted).toMatchObject({ status: "True", reason: "Valid", observedGeneration: 1 });
  });
});

async function conditionsOf(server: ServerUnderTest): Promise<readonly { type: string; status: string }[]> {
  const { status } = (await server.get(n1)) as {
    status?: { conditions?: readonly { type: string; status: string }[] };
  };
  return (status?.conditions ?? []).filter(({ type }) => type === "NetworkUnavailable" || type === "Ready");
}

/** Asks until there is something: writes take their time, which is the system's here. */
async function written<T>(ask: () => Promise<T>): Promise<NonNullable<T>> {
  for (;;) {
    const found = await ask().catch(() => undefined);
    if (found !== undefined && found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
