import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ApiProvider } from "#k8s/io/api-provider.ts";
import type { ObservedNode } from "#k8s/ports.ts";
import type { NodeWriter } from "#k8s/writes/node-writer.ts";
import { silentLog } from "#lib/log.ts";
import { configuration, node, peer, secret, service } from "../support/api-server/cluster.ts";
import { ApiServer } from "../support/api-server/server.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { down, observedNode, session, writerOf } from "../support/observed-node.ts";
import { permissionFor, permissionsOf, rolesFile } from "./roles.ts";

const allowed = new Set(permissionsOf(rolesFile));
const used = new Set<string>();
const refused = new Set<string>();
let server: ApiServer;
let directory: string;
let clock: FakeClock;
let provider: ApiProvider;
let writer: NodeWriter;
let observed: ObservedNode;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "linnet-rbac-"));
  server = await new ApiServer({
    user: () => "system:serviceaccount:kube-system:linnet",
    may: (_user, verb, target) => {
      const needed = permissionFor(verb, target);
      const granted = allowed.has(needed);
      (granted ? used : refused).add(needed);
      return granted;
    },
  }).start();
  clock = new FakeClock();
});

afterEach(async () => {
  await writer.stop();
  await provider.close();
  await server.stop();
  rmSync(directory, { recursive: true });
});

/** Everything that makes a daemon ask or write: Services, passwords, valid and invalid objects of each kind of ours. */
function fill(): void {
  const password = { secretKeyRef: { namespace: "kube-system", name: "bgp-passwords", key: "tor" } };
  const invalid = (kind: string, name: string): object => ({
    apiVersion: "linnet.dev/v1alpha1",
    kind,
    metadata: { name },
    spec: { nonsense: true },
  });
  const objects = [
    node("n1", 1),
    node("n2", 2),
    configuration({ serviceAdvertisements: [{ addresses: ["LoadBalancerIP"] }] }),
    peer("tor", { password }),
    invalid("BGPPeer", "broken"),
    invalid("BGPPolicy", "broken"),
    secret("kube-system", "bgp-passwords", { tor: "s3cret" }),
    service("default", "web"),
  ];
  for (const object of objects) server.put(object as Parameters<typeof server.put>[0]);
}

function start(): void {
  const kubeconfig = join(directory, "kubeconfig");
  const config = {
    "current-context": "x",
    contexts: [{ name: "x", context: { cluster: "x", user: "x" } }],
    clusters: [{ name: "x", cluster: { server: server.url } }],
    users: [{ name: "x", user: { token: "t" } }],
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
  provider = new ApiProvider({
    kubeconfig,
    userAgent: "test",
    nodeName: "n1",
    cacheFile: undefined,
    clock,
    log: silentLog,
    changed: () => {},
    failed: (text) => {
      throw new Error(text);
    },
  });
  const send = provider.write.bind(provider);
  writer = writerOf(() => observed, { clock, send });
  observed = observedNode({ sessions: [session("tor")] });
  writer.start();
}

/** Lets time pass until `done`, or nothing refused is asked for again. */
async function until(done: () => boolean): Promise<void> {
  for (let round = 0; !done() && refused.size === 0 && round < 20_000; round++) {
    clock.advance(100);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

const written = (method: string, end: string): number =>
  server.seen.filter((each) => each.method === method && each.path.endsWith(end)).length;

test("the daemon asks for nothing that deploy/base/rbac.yaml forbids, and uses every verb that it grants", async () => {
  fill();
  start();
  const watched = (plural: string): boolean =>
    server.seen.some(({ path, query }) => path.endsWith(`/${plural}`) && query.has("watch"));
  const plurals = ["nodes", "bgpconfigurations", "bgppeers", "bgppolicies", "services", "endpointslices", "secrets"];
  await until(() => plurals.every(watched));
  await until(() => ["bgpconfigurations", "bgppeers", "bgppolicies"].every((kind) => conditionsOf(kind) > 0));
  // A session that goes down again and again is one Event, which is continued.
  for (let flaps = 1; written("PATCH", "") === 0 || !server.seen.some(isContinuedEvent); flaps++) {
    observed = { ...observed, sessions: [flaps % 2 ? down("tor", { flaps }) : session("tor", { flaps })] };
    const before = server.seen.length;
    await until(() => server.seen.length > before);
    if (flaps > 20 || refused.size > 0) break;
  }
  // Server-side apply of an object that is not there needs create as well (recorded: 403 otherwise).
  if (server.seen.some(makesStatus)) used.add("create linnet.dev/bgpnodestatuses");
  expect([...refused]).toEqual([]);
  expect([...allowed].filter((permission) => !used.has(permission))).toEqual([]);
});

type Request = (typeof server.seen)[number];
const isContinuedEvent = ({ method, path }: Request): boolean => method === "PATCH" && path.includes("/events/");
const makesStatus = ({ method, path }: Request): boolean =>
  method === "PATCH" && path.endsWith("/bgpnodestatuses/n1") && server.get("BGPNodeStatus", "n1") !== undefined;
const conditionsOf = (plural: string): number =>
  server.seen.filter(({ method, path }) => method === "PATCH" && path.includes(`/${plural}/`)).length;

test("Secrets are asked for by name alone: that is all that the Role grants", async () => {
  fill();
  start();
  const secrets = (): Request[] => server.seen.filter(({ path }) => path.endsWith("/secrets"));
  await until(() => secrets().some(({ query }) => query.has("watch")));
  expect(secrets().map(({ path, query }) => [path, query.get("fieldSelector")])).toEqual(
    secrets().map(() => ["/api/v1/namespaces/kube-system/secrets", "metadata.name=bgp-passwords"]),
  );
  expect(secrets().length).toBeGreaterThan(1);
});
