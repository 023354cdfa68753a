import { readdirSync, readFileSync, statSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandTable, written, wrongCodes } from "../control/support/command-table.ts";
import { missing, type Recording, recordings } from "../control/support/recordings.ts";
import { askRaw, asPrinted, codesOf, family, printed, recordedLines, shape } from "../support/lab/answers.ts";
import { Bird } from "../support/lab/bird.ts";
import { scrape, series } from "../support/lab/exporter.ts";
import { Lab } from "../support/lab/lab.ts";
import { LinnetProcess, type Manifest } from "../support/lab/linnet-process.ts";
import { tryRun } from "../support/lab/run.ts";
import { until } from "../support/lab/until.ts";

/**
 * What was written for Calico's BIRD, and for BIRD in general, against a live daemon with the neighbours that Calico's BIRD
 * had when it was recorded: a node of the mesh, a ToR with a password, and a node's own neighbour that is not there.
 */

const AS = 64512;
const v4 = (host: number): string => `172.17.0.${host}`;
const v6 = (host: number): string => `fd00:172:17::${host}`;

const object = (kind: string, name: string, spec: object): Manifest => ({
  apiVersion: "linnet.dev/v1alpha1",
  kind,
  metadata: { name },
  spec,
});

const node = (name: string, host: number): Manifest => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, labels: { name }, annotations: { "linnet.dev/router-id": v4(host) } },
  status: { addresses: [v4(host), v6(host)].map((address) => ({ type: "InternalIP", address })) },
});

const open = {
  importPolicies: ["everything"],
  exportPolicies: ["everything"],
  timers: { holdTime: "240s", connectRetryTime: "2s" },
};
const global = (name: string, peerAddress: string, family: string): Manifest =>
  object("BGPPeer", name, {
    ...open,
    peerAddress,
    asNumber: 65001,
    families: [family],
    password: { secretKeyRef: { name: "tor", key: "password" } },
  });
const absent = (name: string, peerAddress: string): Manifest =>
  object("BGPPeer", name, {
    ...open,
    peerAddress,
    asNumber: AS,
    families: [peerAddress.includes(":") ? "IPv6" : "IPv4"],
    nodeSelector: { matchLabels: { name: "k1" } },
  });

const manifests: readonly Manifest[] = [
  node("k1", 2),
  node("k2", 3),
  object("BGPConfiguration", "default", {
    asNumber: AS,
    nodeMesh: "Full",
    timers: { holdTime: "240s" },
    advertisements: [{ cidr: "10.244.1.0/24" }, { cidr: "fd00:10:244:1::/64" }],
  }),
  object("BGPPolicy", "everything", { statements: [{ action: "Accept" }] }),
  {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "tor", namespace: "kube-system" },
    stringData: { password: "calico-pw" },
  },
  global("tor4", v4(4), "IPv4"),
  global("tor6", v6(4), "IPv6"),
  absent("absent4", v4(99)),
  absent("absent6", v6(99)),
];

let lab: Lab;
let linnet: LinnetProcess;
let mesh: Bird;
let tor: Bird;
/** Of the sockets in default time format, and of those for the exporter. */
const folder = (): string => linnet.host.path("calico");
const exported = (): string => linnet.host.path("exported");

const bothUp = async (): Promise<boolean> => {
  const states = await linnet.states();
  const names = ["Mesh_172_17_0_3", "Global_172_17_0_4", "Global_fd00_172_17__4"];
  const text = await linnet.birdc("show", "protocols", "all");
  const imported = [...text.matchAll(/^ +Routes: +(\d+) imported/gm)].filter(([, count]) => Number(count) > 0);
  return names.every((name) => states.get(name) === "established") && imported.length >= 6;
};

beforeAll(async () => {
  lab = await Lab.create("calico");
  const hosts = await Promise.all(["k1", "k2", "tor"].map((name) => lab.host(name)));
  await lab.switch(
    "switch",
    hosts.map((host, index) => ({ host, device: "eth0", addresses: [`${v4(index + 2)}/24`, `${v6(index + 2)}/64`] })),
  );
  const [ours, other, third] = hosts as [(typeof hosts)[number], (typeof hosts)[number], (typeof hosts)[number]];
  linnet = LinnetProcess.ofManifests(ours, "k1", [
    ...["--calico-compat", ours.path("calico")],
    ...["--calico-compat", `${ours.path("exported")},timeformat=iso long`],
    ...["--control", `${ours.path("exported.ctl")},timeformat=iso long,restricted`],
  ]);
  linnet.write(manifests);
  const common = { remoteAs: AS, gracefulRestart: 120, holdSeconds: 240 };
  mesh = new Bird(other, {
    as: AS,
    routerId: v4(3),
    nextHops: { 4: v4(3), 6: v6(3) },
    sessions: [{ ...common, local: v4(3), remote: v4(2) }],
    routes: [{ prefix: "10.244.2.0/24" }, { prefix: "fd00:10:244:2::/64" }],
  });
  tor = new Bird(third, {
    as: 65001,
    routerId: v4(4),
    nextHops: { 4: v4(4), 6: v6(4) },
    sessions: [
      { ...common, local: v4(4), remote: v4(2), families: [4], password: "calico-pw" },
      { ...common, local: v6(4), remote: v6(2), families: [6], password: "calico-pw" },
    ],
    routes: ["10.200.0.0/16", "0.0.0.0/0", "10.244.2.0/24", "fd00:10:200::/48", "::/0", "fd00:10:244:2::/64"].map(
      (prefix) => ({ prefix }),
    ),
  });
  await Promise.all([mesh.start(), tor.start()]);
  await linnet.start();
  await until("all sessions with their routes", 60, bothUp).catch(async (error: unknown) => {
    throw new Error(`${await linnet.birdc("show", "protocols", "all")}\n${lab.logs()}`, { cause: error });
  });
});

afterAll(() => lab?.close());

const ask = (socket: string, command: string): Promise<string> => askRaw(`${folder()}/${socket}`, command);
/** Without the greeting. */
const linesOf = (reply: string): string[] => reply.trimEnd().split("\n").slice(1);

describe("calicoctl node status", () => {
  test("finds processes of the names that it looks for", () => {
    const named = readdirSync("/proc")
      .filter((id) => /^\d+$/.test(id))
      .flatMap((id) => {
        try {
          const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1];
          const [name = ""] = readFileSync(`/proc/${id}/cmdline`, "utf8").split("\0");
          return Number(parent) === linnet.daemon.child.pid ? [name] : [];
        } catch {
          return [];
        }
      });
    expect(named.toSorted()).toEqual(expect.arrayContaining(["bird", "bird6"]));
  });

  test.each([
    ["bird.ctl", ["Global_172_17_0_4", "Mesh_172_17_0_3", "Node_172_17_0_99"]],
    ["bird6.ctl", ["Global_fd00_172_17__4", "Mesh_172_17_0_3", "Node_fd00_172_17__99"]],
  ])("reads the peers of %s", async (socket, names) => {
    expect(statSync(`${folder()}/${socket}`).mode & 0o777).toBe(0o660);
    const reply = await ask(socket, "show protocols");
    expect(reply).toMatch(/^0001 BIRD v\S+ ready\.\n/);
    const [header = "", ...rows] = linesOf(reply);
    expect(header.split(/\s+/)).toEqual(["2002-name", "proto", "table", "state", "since", "info"]);
    expect(rows.at(-1)).toBe("0000");
    for (const row of rows.slice(0, -1)) expect(row).toMatch(/^(1002-| )\S/);
    const peers = rows
      .map((row) => row.replace(/^(1002-| )/, "").split(/\s+/))
      .filter((words) => words.length >= 6 && words[1] === "BGP" && /^(Global|Node|Mesh)_(.+)$/.test(words[0] ?? ""));
    expect(peers.map(([name]) => name).toSorted()).toEqual(names);
    for (const [name = "", , table, state, since, session] of peers) {
      expect([table, state, since]).toEqual([
        "master",
        name.startsWith("Node") ? "start" : "up",
        expect.stringMatching(/^[\d:]{8}$/),
      ]);
      expect(session === "Established", name).toBe(!name.startsWith("Node"));
    }
  });
});

test.each(["bird.ctl", "bird6.ctl"])("CalicoNodeStatus recognises every route of %s", async (socket) => {
  const shapes = [
    /^(\S+)? +via \S+ on \S+ \[(\S+) .*\](?: \*)? /,
    /^(\S+)? +dev \S+ \[(\S+) /,
    /^(\S+)? +blackhole \[(\S+) /,
    /^(\S+)? +unreachable \[(\S+) /,
  ];
  const lines = linesOf(await ask(socket, "show route"));
  expect(lines.length).toBeGreaterThan(4);
  for (const line of lines.slice(0, -1).map((text) => text.replace(/^(1007-| )/, ""))) {
    const learnedFrom = shapes.map((one) => one.exec(line)?.[2]).find((name) => name !== undefined);
    expect(learnedFrom, line).toMatch(/^(kernel|static|direct)\d|^(Mesh|Node|Global)_/);
  }
  const peer = await ask(socket, "show protocols all Mesh_172_17_0_3");
  expect(peer).toMatch(/BGP state: +Established\n.*Neighbor address: +172\.17\.0\.3\n/);
});

describe.skipIf(missing)(`answers as Calico's BIRD was recorded ${missing ?? ""}`, () => {
  const rows = commandTable("BIRD 1.6 as Calico has it");
  const groups = ["basic", "route", "errors", "restricted", "control"];

  /** Codes of what was recorded while recovery was in progress. */
  const later: Readonly<Record<string, string>> = { "show status": "1000 1011 0013" };

  test.each([
    ["bird", "bird.ctl"],
    ["bird6", "bird6.ctl"],
  ])("%s", async (version, socket) => {
    const all = groups.flatMap((group) => recordings(`calico-1.6.8/${version}`, group));
    const shapes = new Map<string, Set<string>>();
    for (const recording of all) {
      const known = shapes.get(family(recording.sent)) ?? new Set();
      shapes.set(family(recording.sent), known);
      for (const line of recordedLines({ ...recording, group: "errors" })) known.add(shape(line));
    }
    const wrong: string[] = [];
    for (const recording of all.filter(({ sent }) => sent !== "down")) {
      const { sent, group } = recording;
      const command = translated(sent);
      const restricting = group === "restricted" && sent !== "restrict" ? "restrict\n" : "";
      const lines = printed(asPrinted(await ask(socket, restricting + command)));
      for (const text of judged(recording, lines, shapes)) wrong.push(`${group}: ${written(sent)}: ${text}`);
    }
    expect(wrong.join("\n")).toBe("");
    expect(all).toHaveLength(140);
    await until("all is as it was", 30, bothUp);
  });

  /** Sessions of both families have one name here, and policies have no underscores. */
  const translated = (sent: string): string =>
    sent.replaceAll("Mesh_fd00_172_17__3", "Mesh_172_17_0_3").replaceAll("calico_kernel_programming", "everything");

  function judged({ sent, ...rest }: Recording, lines: string[], shapes: Map<string, Set<string>>): string[] {
    const row = rows.get(written(sent));
    if (row === undefined) return ["is in no row of docs/birdc.md"];
    const codes = codesOf(lines);
    const expected = codesOf(recordedLines({ ...rest, sent, group: "errors" }));
    if (row.answer !== "same") return wrongCodes(row, codes, expected);
    const strange = lines.filter((line) => shapes.get(family(sent))?.has(shape(line)) !== true);
    return [
      ...([expected.join(" "), later[sent.trim()]].includes(codes.join(" "))
        ? []
        : [`codes ${codes}, not ${expected}`]),
      ...strange.map((line) => `${line}   is like no line of BIRD's: ${shape(line)}`),
    ];
  }
});

describe("prometheus-bird-exporter", () => {
  const sessions = [
    ["Mesh_172_17_0_3", "4"],
    ["Mesh_172_17_0_3", "6"],
    ["Global_172_17_0_4", "4"],
    ["Global_fd00_172_17__4", "6"],
  ].map(([name, version]) => ({ name, labels: [`name="${name}"`, `ip_version="${version}"`] }));
  const uptime = (metrics: ReadonlyMap<string, number>, labels: readonly string[]): number =>
    series(metrics, "bird_protocol_uptime", ...labels);

  const up = async (args: readonly string[]): Promise<ReadonlyMap<string, number>> => {
    const metrics = await until("every session is up for a second", 10, async () => {
      const scraped = await scrape(args);
      return sessions.every(({ labels }) => uptime(scraped, labels) > 0) && scraped;
    });
    for (const { name, labels } of sessions) {
      expect(series(metrics, "bird_protocol_up", ...labels)).toBe(1);
      expect(uptime(metrics, labels)).toBeLessThan(600);
      expect(series(metrics, "bird_protocol_prefix_import_count", ...labels)).toBe(name?.startsWith("Mesh") ? 1 : 3);
      expect(series(metrics, "bird_protocol_prefix_preferred_count", ...labels)).toBe(name?.startsWith("Mesh") ? 1 : 2);
      expect(series(metrics, "bird_protocol_changes_update_import_receive_count", ...labels)).toBeGreaterThan(0);
      expect(series(metrics, "bird_protocol_changes_update_export_accept_count", ...labels)).toBeGreaterThan(0);
    }
    expect(series(metrics, "bird_protocol_up", 'name="Node_172_17_0_99"', 'ip_version="4"')).toBe(0);
    return metrics;
  };

  test("scrapes the dialect of BIRD 2", async () => {
    await up(["-bird.v2", "-bird.socket", linnet.host.path("exported.ctl")]);
  });

  test("scrapes the dialect of BIRD 1.6, a socket for each family", async () => {
    await up(["-bird.socket", `${exported()}/bird.ctl`, "-bird.socket6", `${exported()}/bird6.ctl`]);
  });
});

test("readiness: a restart is seen as in progress, and then not any more", async () => {
  const lines = async (): Promise<string[]> => linesOf(await ask("bird.ctl", "show status"));
  for (const line of await lines()) expect(line).toMatch(/^(0013|0001|1000|1011|0024| )/);
  expect((await lines()).some((line) => line.startsWith("0024"))).toBe(false);
  linnet.daemon.signal("SIGKILL");
  tor.host.daemons.at(-1)?.signal("SIGKILL");
  await until("it is gone", 10, () => !linnet.daemon.running);
  await linnet.start();
  const recovering = await lines();
  for (const line of recovering) expect(line).toMatch(/^(0013|0001|1000|1011|0024| )/);
  expect(recovering.some((line) => line.startsWith("0024-Graceful restart recovery in progress"))).toBe(true);
  await tor.start();
  await until("it has recovered", 60, async () => !(await lines()).some((line) => line.startsWith("0024")));
  // Liveness: `birdcl -s … show status` must print what begins with BIRD.
  const { stdout } = await tryRun(["birdcl", "-s", `${folder()}/bird.ctl`, "show", "status"]);
  expect(stdout).toMatch(/^BIRD v/);
});
