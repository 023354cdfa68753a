import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { missing, type Recording, recordings } from "../control/support/recordings.ts";
import { Bird } from "../support/lab/bird.ts";
import { Lab } from "../support/lab/lab.ts";
import { LinnetProcess, linnetCommand, type Manifest } from "../support/lab/linnet-process.ts";
import type { Announcement, SessionConfig } from "../support/lab/neighbour.ts";
import { type RunResult, run, tryRun } from "../support/lab/run.ts";
import { until } from "../support/lab/until.ts";

/**
 * A live daemon with the neighbours that BIRD had when it was recorded: an internal route reflector client, a ToR with
 * MD5 and both families over one session, another ToR. Real `birdc` and `birdcl` ask it everything that applies.
 */

const AS = 64512;
const addressOf = (host: number, family: 4 | 6): string => (family === 4 ? `172.30.0.${host}` : `fd00:172:30::${host}`);

const neighbours = [
  {
    name: "b",
    host: 2,
    as: AS,
    routes: routesOf("10.244.2.0/24", "10.244.22.0/24", "10.0.0.2/32", "fd00:10:244:2::/64"),
  },
  {
    name: "c",
    host: 3,
    as: 64513,
    password: "s3cret-md5",
    routes: [
      ...routesOf("0.0.0.0/0", "10.244.3.0/24", "10.100.0.0/24", "198.51.100.0/24", "fd00:10:244:3::/64"),
      { prefix: "10.244.30.0/24", communities: ["64513:30", "65535:666"], largeCommunities: ["64513:1:30"] },
      { prefix: "10.244.31.0/24", origin: "egp" as const },
      { prefix: "10.244.33.0/24", origin: "incomplete" as const },
    ],
  },
  { name: "d", host: 4, as: 64514, routes: routesOf("10.244.4.0/24", "10.100.0.0/24", "fd00:10:244:4::/64") },
];

function routesOf(...prefixes: readonly string[]): Announcement[] {
  return prefixes.map((prefix) => ({ prefix }));
}

const object = (kind: string, name: string, spec: object): Manifest => ({
  apiVersion: "linnet.dev/v1alpha1",
  kind,
  metadata: { name },
  spec,
});

const peer = (name: string, host: number, as: number, more: object = {}): Manifest =>
  object("BGPPeer", name, {
    peerAddress: addressOf(host, 4),
    asNumber: as,
    importPolicies: ["pods-only"],
    exportPolicies: ["pods-only"],
    advertise: ["Static"],
    timers: { holdTime: "240s", connectRetryTime: "2s" },
    ...more,
  });

const manifests: readonly Manifest[] = [
  {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "a", annotations: { "linnet.dev/router-id": "10.0.0.1" } },
    status: { addresses: [4, 6].map((family) => ({ type: "InternalIP", address: addressOf(1, family as 4 | 6) })) },
  },
  object("BGPConfiguration", "default", {
    asNumber: AS,
    nodeMesh: "Disabled",
    advertisements: [{ cidr: "10.244.1.0/24" }, { cidr: "fd00:10:244:1::/64" }],
  }),
  object("BGPPolicy", "pods-only", {
    statements: [
      { match: { prefixes: [{ cidr: "198.51.100.0/24", le: 32 }] }, action: "Reject" },
      { action: "Accept" },
    ],
  }),
  {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "tor-c", namespace: "kube-system" },
    stringData: { password: "s3cret-md5" },
  },
  peer("b", 2, AS, { reflectorClient: true }),
  peer("c", 3, 64513, { password: { secretKeyRef: { name: "tor-c", key: "password" } } }),
  peer("d", 4, 64514),
  // Nobody is there.
  peer("refused", 9, 64530),
];

/** Names of the recordings' protocols here; commands about any other are not asked. */
const names: Readonly<Record<string, string>> = {
  ibgp_b4: "Global_172_30_0_2",
  ibgp_b6: "Global_172_30_0_2",
  ibgp_ptp: "Global_172_30_0_2",
  ebgp_c: "Global_172_30_0_3",
  ebgp_d4: "Global_172_30_0_4",
  ebgp_d6: "Global_172_30_0_4",
  ebgp_d_ll: "Global_172_30_0_4",
  refused: "Global_172_30_0_9",
  kernel4: "kernel1",
  kernel6: "kernel2",
  static4: "static1",
  static6: "static2",
  pods_only: "'pods-only'",
};

const foreign =
  /lim_|bad_|noproto|nohost|passive1|disabled1|nolink|mhop|dyn_|roa|flow|pipe|t_pods|table (r4|fl4)|POD_CIDR|MYAS|is_pod|Mesh_|bfd1|from_c|timeformat|ebgp-c|import table|export table/;

/** A recorded command as it is asked here; undefined: it is about something that is not here. */
function translated(sent: string): string | undefined {
  if (foreign.test(sent) || sent.length > 500 || /^(help|quit|exit|down|graceful restart)$/.test(sent))
    return undefined;
  return sent.replaceAll(/\b[a-z]+_?[a-z0-9_]+\b/g, (word) => names[word] ?? word).replace(/"ebgp\w*\*"/, '"Global*"');
}

/** What remains of a line when names, addresses, times and numbers are taken out. */
function shape(line: string): string {
  return line
    .replace(/(Hostname is ).*/, "$1H")
    .replace(/\S+ *(\t(protocol|filter|routing table)$|: Not a)/, "P$1")
    .replace(/^(\d{4}-| {5})lo .*/, "$1loopback")
    .replace(/\w+:? +(Socket|BGP Error|Received|Error): .*/, "E")
    .replace(/^ +[A-Z][\w ]+: +[\d.]+ +[kMG]?B .*/, "memory")
    .replaceAll(/\b(?:Description|Message): .*/g, (text) => text.slice(0, text.indexOf(":")))
    .replaceAll(/\b\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d+)?)?|\b\d\d:\d\d:\d\d\.\d+/g, "T")
    .replaceAll(/\b[\da-f]*:[\da-f:]*:[\da-f:.]*(%\w+)?/g, "A")
    .replaceAll(/\b\d+\.\d+\.\d+\.\d+\b/g, "A")
    .replaceAll(/A(\/\d+)/g, "A/N")
    .replaceAll(/(in|put|Output) filter: .*/g, "$1 filter: F")
    .replaceAll(/\b(on|dev) \S+/g, "$1 IF")
    .replaceAll(/\bAS\d+/g, "ASN")
    .replaceAll(/(^|[^\w.])\d+(\.\d+)?\b/g, "$1N")
    .replaceAll(/( N)+$/g, " N")
    .replaceAll(/(\([^)]*\) ?)+$/g, "(C)")
    .replaceAll(/\[\w+ T/g, "[P T")
    .replaceAll(/\S+ +(BGP|Kernel|Static|Device|Direct|BFD) +\S+/g, "P $1")
    .replaceAll(/ {2,}/g, " ")
    .replace(/( from A)?(\] .*)\[(ASN)?[ie?]\]$/, "$2[I]")
    .trimEnd();
}

/** Lines of `birdc -v` as they were recorded. */
function recordedShapes(all: readonly Recording[]): Set<string> {
  const lines = all.flatMap(({ text }) => (/^## birdc -v rendering.*\n([\s\S]*)/m.exec(text)?.[1] ?? "").split("\n"));
  // Recorded with BIRD 1.6 only.
  const recovery = ["pending", "waiting", "pending waiting"].map((word) => `         GR recovery:    ${word}`);
  // Its text was only seen of other protocols.
  const noBfd = "9001 There is no BFD protocol running";
  return new Set([...lines, ...recovery, noBfd].map(shape));
}

describe.skipIf(missing)(`a live daemon answers as BIRD was recorded ${missing ?? ""}`, () => {
  let lab: Lab;
  let linnet: LinnetProcess;
  const all = ["basic", "route", "restricted"].flatMap((group) => recordings("2.0.12", group));
  const states = ["errors", "control", "states", "shutdown"].flatMap((group) => recordings("2.0.12", group));
  const shapes = recordedShapes([...all, ...states]);

  beforeAll(async () => {
    lab = await Lab.create("birdc");
    const hosts = await Promise.all(["us", "client", "tor-c", "tor-d"].map((name) => lab.host(name)));
    const onLink = (number: number): string[] => [`${addressOf(number, 4)}/24`, `${addressOf(number, 6)}/64`];
    await lab.switch(
      "switch",
      hosts.map((host, index) => ({ host, device: "eth0", addresses: onLink(index + 1) })),
    );
    const [ours, ...others] = hosts;
    linnet = LinnetProcess.ofManifests(ours!, "a");
    linnet.write(manifests);
    await Promise.all(
      neighbours.map(async ({ host, as, routes, password }, index) => {
        const towardsUs: SessionConfig = {
          local: addressOf(host, 4),
          remote: addressOf(1, 4),
          remoteAs: AS,
          gracefulRestart: 120,
          ...(password !== undefined && { password }),
        };
        const settings = { as, routerId: `10.0.0.${host}`, nextHops: { 4: addressOf(host, 4), 6: addressOf(host, 6) } };
        await new Bird(others[index]!, { ...settings, sessions: [towardsUs], routes }).start();
      }),
    );
    await linnet.start();
    try {
      await until("three sessions with their routes", 60, async () => {
        const text = await linnet.birdc("show", "protocols", "all");
        return [...text.matchAll(/Routes: +(\d+) imported/g)].filter(([, count]) => Number(count) > 0).length >= 8;
      });
    } catch (error) {
      throw new Error(`${await linnet.birdc("show", "protocols", "all")}\n${lab.logs()}`, { cause: error });
    }
  });

  afterAll(() => lab?.close());

  const ask = (program: string, args: readonly string[]): Promise<RunResult> =>
    tryRun([program, "-v", "-s", linnet.socket, ...args], { seconds: 10 });

  /** Answers differ by what is there: these find other things, or nothing. */
  const finds =
    /^show (bfd sessions|route (for|\d|[\da-f]+:|table|where|filter|primary|filtered|export|preexport|in|protocol|all)|static|symbols|protocols "?l)/;

  test.each(["birdc", "birdcl"])("%s", async (program) => {
    let asked = 0;
    for (const { sent, text, group } of all) {
      const command = translated(sent);
      if (command === undefined) continue;
      // What the client itself refuses to send says nothing about the daemon.
      if (/No such command|Ambiguous/.test(text)) continue;
      const { stdout, code } = await ask(program, [...(group === "restricted" ? ["-r"] : []), command]);
      const lines = stdout.split("\n").slice(1);
      const unknown = lines.filter((line) => line !== "" && !shapes.has(shape(line)));
      expect(unknown, command).toEqual([]);
      const recordedExit = Number(/^## birdc -v rendering, exit=(\d)/m.exec(text)?.[1]);
      if (!finds.test(command)) expect(code, command).toBe(recordedExit);
      asked++;
    }
    expect(asked).toBeGreaterThan(150);
  });

  test("protocols are taken down, up and round again, and say so", async () => {
    const name = "Global_172_30_0_4";
    const state = async () => (await linnet.birdc("show", "protocols", name)).split("\n")[2] ?? "";
    expect(await linnet.birdc("disable", name, '"rack move"')).toContain(`${name}: disabled`);
    expect(await linnet.birdc("disable", name)).toContain(`${name}: already disabled`);
    expect(await state()).toMatch(/ down /);
    expect(await linnet.birdc("show", "protocols", "all", name)).toContain("Message:        rack move");
    expect(await linnet.birdc("enable", name)).toContain(`${name}: enabled`);
    await until("the session is up again", 30, async () => / up .*Established/.test(await state()));
    expect(await linnet.birdc("reload", "in", name)).toContain(`${name}: reloading`);
    expect(await linnet.birdc("restart", name)).toContain(`${name}: restarted`);
    await until("the session is up again", 30, async () => / up .*Established/.test(await state()));
  });

  test("configure checks, applies and goes back", async () => {
    expect(await linnet.birdc("configure", "check")).toContain("Configuration OK");
    expect(await linnet.birdc("configure")).toContain("Reconfigured");
    const other = join(linnet.host.path("other"));
    mkdirSync(other);
    const fewer = manifests.filter(({ metadata }) => metadata.name !== "refused");
    writeFileSync(join(other, "all.yaml"), fewer.map((manifest) => stringify(manifest)).join("---\n"));
    expect(await linnet.birdc("configure", `"${other}"`, "timeout", "2")).toContain("Undo scheduled in 2 s");
    const present = async () => (await linnet.birdc("show", "protocols")).includes("Global_172_30_0_9");
    expect(await present()).toBe(false);
    await until("it is back, since nobody confirmed", 10, present);
  });

  test("linnet status and linnet why look through the same socket", async () => {
    const { stdout } = await tryRun([linnetCommand, "status", "-s", linnet.socket]);
    expect(stdout).toContain("No session with Global_172_30_0_9");
    expect(stdout).toMatch(/Global_172_30_0_3 +172\.30\.0\.3 +64513 +Established/);
    const why = await run([linnetCommand, "why", "10.100.0.7", "-s", linnet.socket]);
    expect(why).toContain("10.100.0.0/24 (the longest prefix that covers 10.100.0.7)");
    expect(why).toMatch(/kernel +installed: via 172\.30\.0\.[34] on eth0/);
  });
});
