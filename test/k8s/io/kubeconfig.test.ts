import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { apiAccess } from "#k8s/io/api-access.ts";
import { ApiClient } from "#k8s/io/api-client.ts";
import { node } from "../../support/api-server/cluster.ts";
import { ApiServer } from "../../support/api-server/server.ts";

let directory: string;
let server: ApiServer;
let client: ApiClient | undefined;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "linnet-"));
  server = await new ApiServer().start();
  server.put(node("n1", 1));
});
afterEach(async () => {
  client?.close();
  await server.stop();
  rmSync(directory, { recursive: true });
});

const path = (name: string): string => join(directory, name);

/** A kubeconfig whose context `c` joins cluster `k` and user `u`; `changes` replace whole fields. */
function write(name: string, cluster: object, user: object, changes: object = {}): string {
  const config = {
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
    clusters: [{ name: "k", cluster: { server: server.url, ...cluster } }],
    users: [{ name: "u", user }],
    ...changes,
  };
  writeFileSync(path(name), JSON.stringify(config));
  return path(name);
}

async function connect(file: string | undefined, environment: NodeJS.ProcessEnv = {}): Promise<void> {
  client = new ApiClient(await apiAccess(file, environment), "test");
  await client.request({ method: "GET", path: "/api/v1/nodes/n1" });
}

const tokens = (): (string | undefined)[] => server.seen.map(({ token }) => token);
const refusal = (file: string): Promise<string> =>
  apiAccess(file, {}).then(
    () => "none",
    (error: Error) => error.message,
  );

test("the file of a token counts before a token beside it", async () => {
  writeFileSync(path("token"), "from a file\n");
  await connect(write("kubeconfig", {}, { token: "inline", tokenFile: "token" }));
  await connect(write("other", {}, { token: "inline" }));
  expect(tokens()).toEqual(["from a file", "inline"]);
});

test("a context without a user asks as nobody; one that impersonates says whom", async () => {
  await connect(
    write("kubeconfig", {}, {}, { contexts: [{ name: "c", context: { cluster: "k" } }], users: undefined }),
  );
  expect(tokens()).toEqual([undefined]);
  const access = await apiAccess(write("as", {}, { token: "t", as: "jane" }), {});
  expect((await access.authorise()).headers).toEqual({ authorization: "Bearer t", "impersonate-user": "jane" });
});

test("a user with a password sends both", async () => {
  const access = await apiAccess(write("kubeconfig", {}, { username: "jane", password: "s3cret" }), {});
  const basic = Buffer.from("jane:s3cret").toString("base64");
  expect((await access.authorise()).headers).toEqual({ authorization: `Basic ${basic}` });
});

test("files in $KUBECONFIG are one: the first that has a name says what it is, paths count from their own folders", async () => {
  const [none, first, second] = [path("none"), path("first"), path("folder/second")];
  mkdirSync(path("folder"));
  writeFileSync(path("folder/token"), "second");
  write("first", {}, {}, { users: [], clusters: [{ name: "k", cluster: { server: server.url } }] });
  const elsewhere = [{ name: "k", cluster: { server: "http://192.0.2.1" } }];
  write("folder/second", {}, { tokenFile: "token" }, { "current-context": "other", clusters: elsewhere });
  await connect(undefined, { KUBECONFIG: [none, "", first, second].join(delimiter) });
  expect(tokens()).toEqual(["second"]);
});

test("--kubeconfig counts, and $KUBECONFIG does not", async () => {
  await connect(write("kubeconfig", {}, { token: "t" }), { KUBECONFIG: "/nowhere" });
  expect(tokens()).toEqual(["t"]);
});

test("entries that the context does not name may lack what they want", async () => {
  const clusters = [{ name: "empty" }, { name: "k", cluster: { server: server.url } }, null];
  await connect(write("kubeconfig", {}, { token: "t" }, { clusters }));
  expect(tokens()).toEqual(["t"]);
});

test("a kubeconfig, or a file that it names, that cannot be read is named, with why", async () => {
  expect(await refusal("/nowhere")).toBe("kubeconfig /nowhere cannot be read: it does not exist");
  const two = apiAccess(undefined, { KUBECONFIG: `/nowhere${delimiter}/none` });
  await expect(two).rejects.toThrow("kubeconfig /nowhere:/none cannot be read: it does not exist");
  writeFileSync(path("other"), "a: [\n");
  expect(await refusal(path("other"))).toContain(`kubeconfig ${path("other")} is no YAML: `);
  for (const [field, cluster, user] of [
    ["certificate-authority", { "certificate-authority": "x" }, {}],
    ["client-certificate", {}, { "client-certificate": "x", "client-key": "x" }],
    ["client-key", {}, { "client-certificate": "there", "client-key": "x" }],
    ["tokenFile", {}, { tokenFile: "x" }],
  ] as const) {
    writeFileSync(path("there"), "");
    expect(await refusal(write("k", cluster, user))).toBe(`${field} ${path("x")} cannot be read: it does not exist`);
  }
});

test.each([
  ["", "no context named in current-context"],
  ["text", "no context named in current-context"],
  [{ "current-context": undefined }, "no context named in current-context"],
  [{ "current-context": "d" }, "no context named d"],
  [{ contexts: [{ name: "c", context: {} }] }, "no context named c: contexts[0].context.cluster is missing"],
  [{ clusters: [] }, "no cluster named k"],
  [{ clusters: [{ name: "k", cluster: {} }] }, "no cluster named k: clusters[0].cluster.server is missing"],
  [{ clusters: [{ name: "k", cluster: { server: "here" } }] }, "cluster k: server must be a URL"],
  [
    { clusters: [{ name: "k", cluster: { server: "http://x", "proxy-url": "y" } }] },
    "cluster k: proxy-url must be a URL",
  ],
  [{ users: [] }, "no user named u"],
  [
    { users: [{ name: "u", user: { "auth-provider": { name: "openstack" } } }] },
    "user u: auth-provider openstack is not supported",
  ],
  [{ users: [{ name: "u", user: { as: "x", "as-groups": ["y"] } }] }, "user u: as-groups is not supported"],
  [
    { users: [{ name: "u", user: { exec: { command: "login", interactiveMode: "Always" } } }] },
    "user u: exec login with interactiveMode Always is not supported",
  ],
  [
    { users: [{ name: "u", user: { "auth-provider": { name: "gcp", config: {} } } }] },
    "user u: auth-provider gcp: Token is expired!",
  ],
])("%j: one sentence that names the file and the field", async (changes, said) => {
  const file = typeof changes === "string" ? path("k") : write("k", {}, {}, changes);
  if (typeof changes === "string") writeFileSync(file, changes);
  expect(await refusal(file)).toBe(`${file}: ${said}`);
});
