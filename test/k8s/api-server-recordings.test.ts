import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../support/api-server/patch.ts";
import { builtIn, custom } from "../support/api-server/resources.ts";
import { ApiServer } from "../support/api-server/server.ts";
import { FakeClock } from "../support/fake-clock.ts";

/**
 * The in-memory API server beside kube-apiserver 1.36.2, as recorded: same request, same status, reason, message and
 * order of events. Requests that Linnet does not make are not sent; what they changed is taken over as it was answered.
 */
const recordings = process.env.K8S_TRANSCRIPTS ?? join(import.meta.dirname, "../../../shared/k8s-transcripts");
const folder = join(recordings, "v1.36.2");

interface Recording {
  readonly name: string;
  readonly status: number;
  readonly user: string | null;
  readonly startMs: number;
  readonly endMs: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly sent: string;
  readonly received: string;
}

function read(directory: string): Recording {
  const file = (name: string): string => readFileSync(join(directory, name), "utf8");
  const meta = JSON.parse(file("meta.json")) as Record<string, unknown>;
  const [head = "", sent = ""] = file("request.http").split("\r\n\r\n");
  const [line = "", ...fields] = head.split("\r\n");
  const [method = "", path = ""] = line.split(" ");
  const startMs = Date.parse(meta.started as string);
  return {
    name: meta.name as string,
    status: meta.status as number,
    user: (meta.user as string | undefined) ?? null,
    startMs,
    endMs: startMs + Number(meta.duration_ms ?? 0),
    method,
    path,
    headers: Object.fromEntries(
      fields.map((field) => {
        const [name = "", value = ""] = field.split(": ");
        return [name.toLowerCase(), value];
      }),
    ),
    sent,
    received: file("body"),
  };
}

const peers = custom("net.example.test", "v1alpha1", "bgppeers", "BGPPeer");
const resources = [...builtIn, peers];
const services = builtIn.find(({ kind }) => kind === "Service")!;

/** Of requests as Linnet makes them, by number; the others are other representations, JSON patches, foreign resources. */
const replayed = new Set(
  `009 010 011 012 013 014 015 016 017 018 022 023 024 025 026 027 030 031 032 034 035 036 037 038 039 040 041 042 043 044
  045 046 047 049 050 053 054 055 056 057 058 059 060 062 065 067 068 069 073 074 088 089 090 091 094 095 096 097 101 103
  104 105 106 109 112 113 115 116 117 119 120 127 131 198 199 200 201 202 233 235`.split(/\s+/),
);

/** What the recorder did to the server itself. */
const incidents: Readonly<Record<string, (server: ApiServer) => void>> = {
  /** A cluster is born with this Service. */
  "009": ({ store }) => {
    store.revision = 204;
    const metadata = {
      name: "kubernetes",
      namespace: "default",
      labels: { component: "apiserver", provider: "kubernetes" },
    };
    store.put(services, "default/kubernetes", { kind: "Service", apiVersion: "v1", metadata });
  },
  /** Its last finalizer was removed. */
  100: ({ store }) => {
    store.remove(peers, "tor2");
  },
  /** Others wrote, as always. */
  "042": ({ store }) => {
    store.revision = 237;
  },
  /** Restarted: watches know nothing from before. */
  199: ({ store }) => {
    store.oldest = 305;
  },
  /** etcd was compacted. */
  233: ({ store }) => {
    store.revision = 393;
    store.compact();
  },
};

const clock = new FakeClock();
let bound = false;
const server = new ApiServer({
  clock,
  resources,
  user: (token) => (token === "not-a-token" ? undefined : token === "agent" ? "lab-agent" : token),
  may: (user, verb, { subresource }) => {
    if (user !== "lab-agent") return true;
    return bound && (verb === "patch" ? subresource === "status" : ["get", "list", "watch"].includes(verb));
  },
});

beforeAll(() => server.start());
afterAll(() => server.stop());

interface Reply {
  readonly status: number;
  readonly body: string;
}

/** Sends it as it was recorded, and returns once the server saw it; `over` when the answer is whole. */
async function send({ method, path, headers, sent, user }: Recording): Promise<{ readonly over: Promise<Reply> }> {
  const before = server.seen.length;
  const over = fetch(server.url + path, {
    method,
    headers: {
      authorization: headers.authorization ?? `Bearer ${user}`,
      ...(headers["content-type"] !== undefined && { "content-type": headers["content-type"] }),
    },
    ...(sent !== "" && { body: sent }),
  }).then(async (response) => ({ status: response.status, body: await response.text() }));
  await server.until(({ seen }) => seen.length > before);
  return { over };
}

type Body = {
  kind?: string | undefined;
  metadata?: JsonObject;
  items?: Body[];
  type?: string;
  object?: Body;
  [field: string]: unknown;
};

/** What is compared of an answer: all but ids, times, managed fields, and the defaults that only a real server fills in. */
function essence(body: Body): unknown {
  const { kind, metadata = {}, items } = body;
  if (kind === "Status") {
    const { status, reason, code, message, details } = body as Record<string, JsonObject>;
    return { status, reason, code, message, details: { ...details, uid: undefined }, continue: metadata.continue };
  }
  const { name, namespace, resourceVersion, labels, annotations, continue: token, remainingItemCount } = metadata;
  const { conditions } = (body.status ?? {}) as JsonObject;
  const sorted = Array.isArray(conditions)
    ? (JSON.parse(JSON.stringify(conditions), (_, value) => value ?? undefined) as { type: string }[]).sort((a, b) =>
        a.type < b.type ? -1 : 1,
      )
    : undefined;
  const { series, note, reason } = body;
  const own = { kind, name, namespace, resourceVersion, labels, annotations, conditions: sorted, series, note, reason };
  return { ...own, token, remainingItemCount, items: items?.map(essence) };
}

/** The events of a watch in order; how many bookmarks stand in a row is a matter of time. */
function events(text: string): unknown[] {
  const all = text.split("\n").filter((line) => line !== "");
  const shown = all.map((line) => {
    const { type, object = {} } = JSON.parse(line) as Body;
    return [type, type === "BOOKMARK" ? undefined : essence(object)];
  });
  return shown.filter(([type], index) => type !== "BOOKMARK" || shown[index - 1]?.[0] !== "BOOKMARK");
}

const isJson = (text: string): boolean => text.startsWith("{");

/** Moves the counter to where the real server's stood, and takes over what was written unseen. */
function catchUp({ method, status, received, path }: Recording, unseen: boolean): void {
  if (status > 299 || !isJson(received) || path.includes("watch=true") || path.includes("dryRun")) return;
  const body = JSON.parse(received) as Body;
  const version = Number(body.metadata?.resourceVersion ?? 0);
  if (method === "GET") {
    for (const item of body.items ?? []) {
      const kind = item.kind ?? body.kind?.replace(/List$/, "");
      const revision = Number(item.metadata?.resourceVersion);
      if (revision > server.store.revision) takeOver({ ...item, kind }, revision);
    }
    if (body.items !== undefined) server.store.revision = Math.max(server.store.revision, version);
  } else if (unseen) takeOver(body, version);
  else if (version > server.store.revision) server.store.revision = version - 1;
}

function takeOver(object: Body, revision: number): void {
  const resource = resources.find(({ kind }) => kind === object.kind);
  const { name, namespace } = (object.metadata ?? {}) as { name: string; namespace?: string };
  if (resource === undefined || !(revision > server.store.revision)) return;
  server.store.revision = revision - 1;
  server.store.put(resource, namespace === undefined ? name : `${namespace}/${name}`, object as JsonObject);
}

describe.skipIf(!existsSync(folder))("the API server of the tests", () => {
  const all = existsSync(folder)
    ? globSync("*/meta.json", { cwd: folder })
        .sort()
        .map((path) => ({ number: path.slice(0, 3), ...read(join(folder, dirname(path))) }))
    : [];
  const firstMs = Math.min(...all.map(({ startMs }) => startMs));
  const answers = new Map<string, Promise<Reply>>();

  beforeAll(async () => {
    for (const recording of all) {
      const { number, startMs, path } = recording;
      clock.advance(Math.max(0, startMs - firstMs - clock.nowMs()));
      incidents[number]?.(server);
      if (number === "072") bound = true;
      catchUp(recording, !replayed.has(number));
      if (!replayed.has(number)) continue;
      const { over } = await send(recording);
      answers.set(number, over);
      if (!path.includes("watch=true")) await over;
    }
    clock.advance(600_000);
  });

  test("sees as many requests as were chosen", () => {
    expect(answers.size).toBe(replayed.size);
  });

  test.for(all.filter(({ number }) => replayed.has(number)))(
    "$number $name: answers as recorded",
    async (recording) => {
      const { status, body } = (await answers.get(recording.number)) ?? { status: 0, body: "" };
      expect(status).toBe(recording.status);
      if (recording.path.includes("watch=true") && status === 200)
        expect(events(body)).toEqual(events(recording.received));
      else if (isJson(recording.received)) {
        expect(essence(JSON.parse(body) as Body)).toEqual(essence(JSON.parse(recording.received) as Body));
      } else expect(body).toBe(recording.received);
    },
  );
});
