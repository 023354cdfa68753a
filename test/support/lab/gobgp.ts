import { writeFileSync } from "node:fs";
import {
  type Announcement,
  bothFamilies,
  familyOf,
  type Lacks,
  type Origin,
  type ReceivedRoute,
  type SessionConfig,
  Speaker,
  type SpeakerConfig,
} from "./neighbour.ts";
import { run } from "./run.ts";
import { until } from "./until.ts";

/** GoBGP (Debian's gobgpd). */
export class GoBgp extends Speaker {
  static readonly product = "GoBGP";
  static readonly lacks: Lacks = {
    "two octet as": "it always offers AS numbers of four octets",
    "ask for refresh": "it keeps what it received and applies its policies to that (softresetin)",
  };

  static async version(): Promise<string> {
    return (await run(["gobgpd", "--version"])).trim();
  }

  #starts = 0;

  async start(): Promise<void> {
    const file = this.host.path("gobgpd.toml");
    writeFileSync(file, configuration(this.settings));
    const argv = ["gobgpd", "-p", "-f", file, "--api-hosts", "127.0.0.1:50051", "--pprof-disable"];
    const restarted = this.#starts++ > 0;
    this.daemons = [this.host.spawn("gobgpd", restarted ? [...argv, "-r"] : argv)];
    await until(`${this.host.name}: GoBGP answers`, 20, () => this.gobgp("global"));
    await this.applyRoutes([], this.settings.routes);
    for (const { remote } of this.settings.sessions) await this.gobgp("neighbor", remote, "enable");
  }

  gobgp(...words: readonly string[]): Promise<string> {
    return this.host.run(["gobgp", ...words]);
  }

  async state(remote: string): Promise<string> {
    const { state } = JSON.parse(await this.gobgp("-j", "neighbor", remote)) as { state: { session_state?: number } };
    return sessionStates[state.session_state ?? 0] ?? "unknown";
  }

  async received(remote: string): Promise<readonly ReceivedRoute[]> {
    const routes: ReceivedRoute[] = [];
    for (const family of bothFamilies) {
      const { code, stdout } = await this.host.tryRun([
        "gobgp",
        "-j",
        "neighbor",
        remote,
        "adj-in",
        "-a",
        `ipv${family}`,
      ]);
      if (code !== 0) continue;
      const table = JSON.parse(stdout) as Record<string, readonly GoBgpPath[]> | readonly GoBgpPath[];
      routes.push(...Object.values(table).flat().map(goBgpRoute));
    }
    return routes;
  }

  async askRefresh(remote: string): Promise<void> {
    await this.gobgp("neighbor", remote, "softresetin", "-a", "ipv4");
    await this.gobgp("neighbor", remote, "softresetin", "-a", "ipv6");
  }

  async shutDown(remote: string, text: string): Promise<string> {
    await this.gobgp("neighbor", remote, "shutdown", "--reason", text);
    return text;
  }

  async lastError(): Promise<string> {
    return this.daemons[0]?.log() ?? "";
  }

  protected async applyRoutes(before: readonly Announcement[], after: readonly Announcement[]): Promise<void> {
    for (const { prefix } of before.filter((route) => !after.includes(route))) {
      await this.gobgp("global", "rib", "del", prefix, "-a", `ipv${familyOf(prefix)}`);
    }
    for (const route of after.filter((candidate) => !before.includes(candidate))) {
      await this.gobgp("global", "rib", "add", route.prefix, ...this.#words(route));
    }
  }

  #words(route: Announcement): string[] {
    const list = (word: string, values: readonly string[] = []): string[] =>
      values.length > 0 ? [word, values.join(",")] : [];
    return [
      ...["-a", `ipv${familyOf(route.prefix)}`, "origin", route.origin ?? "igp"],
      ...["nexthop", this.settings.nextHops[familyOf(route.prefix)]],
      ...(route.med === undefined ? [] : ["med", String(route.med)]),
      ...(route.localPref === undefined ? [] : ["local-pref", String(route.localPref)]),
      ...list("community", route.communities),
      ...list("large-community", route.largeCommunities),
      ...(route.extendedCommunities ?? []).flatMap((community) => ["rt", community.replace(/^rt:/, "")]),
    ];
  }
}

const sessionStates = ["unknown", "idle", "connect", "active", "opensent", "openconfirm", "established"];

function configuration({ as, routerId, sessions }: SpeakerConfig): string {
  return `[global.config]
  as = ${as}
  router-id = "${routerId}"
${sessions.map((session) => neighbour(session, routerId)).join("\n")}`;
}

function neighbour(session: SessionConfig, clusterId: string): string {
  const hold = session.holdSeconds ?? 90;
  const restart = session.gracefulRestart;
  const section = (name: string, lines: readonly string[]): string =>
    `  [neighbors.${name}.config]\n${lines.map((line) => `    ${line}`).join("\n")}`;
  return [
    "[[neighbors]]",
    "  [neighbors.config]",
    // Until it has its routes, which come by commands: a session before that begins with End-of-RIB and nothing else.
    "    admin-down = true",
    `    neighbor-address = "${session.remote}"`,
    `    peer-as = ${session.remoteAs}`,
    ...(session.password ? [`    auth-password = "${session.password}"`] : []),
    section("transport", [`passive-mode = ${session.passive === true}`, `local-address = "${session.local}"`]),
    section("timers", [
      `hold-time = ${hold}`,
      `keepalive-interval = ${Math.max(1, Math.floor(hold / 3))}`,
      "connect-retry = 2",
      "idle-hold-time-after-reset = 2",
    ]),
    ...(session.security ? [section("ttl-security", ["enabled = true", "ttl-min = 255"])] : []),
    ...(session.client
      ? [section("route-reflector", ["route-reflector-client = true", `route-reflector-cluster-id = "${clusterId}"`])]
      : []),
    ...(restart
      ? [section("graceful-restart", ["enabled = true", `restart-time = ${restart}`, `deferral-time = ${restart}`])]
      : []),
    ...(session.families ?? bothFamilies).flatMap((family) => [
      "  [[neighbors.afi-safis]]",
      "    [neighbors.afi-safis.config]",
      `      afi-safi-name = "ipv${family}-unicast"`,
      ...(restart ? ["    [neighbors.afi-safis.mp-graceful-restart.config]", "      enabled = true"] : []),
    ]),
  ].join("\n");
}

interface GoBgpPath {
  readonly nlri: { readonly prefix: string };
  readonly attrs: readonly {
    readonly type: number;
    readonly value?: unknown;
    readonly metric?: number;
    readonly nexthop?: string;
    readonly as_paths?: readonly { readonly asns?: readonly number[] }[];
    readonly communities?: readonly number[];
    readonly cluster_list?: readonly string[];
  }[];
}

function goBgpRoute({ nlri, attrs }: GoBgpPath): ReceivedRoute {
  const of = (type: number) => attrs.find((attribute) => attribute.type === type);
  const med = of(4)?.metric;
  const localPref = of(5)?.value as number | undefined;
  const originatorId = of(9)?.value as string | undefined;
  const clusterList = of(10)?.value as readonly string[] | undefined;
  const extended = (of(16)?.value ?? []) as readonly { type: number; subtype: number; value: string }[];
  const large = (of(32)?.value ?? []) as readonly { ASN: number; LocalData1: number; LocalData2: number }[];
  return {
    prefix: nlri.prefix,
    origin: (["igp", "egp", "incomplete"] as const)[Number(of(1)?.value ?? 0)] as Origin,
    asPath: (of(2)?.as_paths ?? []).flatMap(({ asns }) => asns ?? []),
    nextHop: of(14)?.nexthop ?? of(3)?.nexthop ?? "",
    ...(med !== undefined && { med }),
    ...(localPref !== undefined && { localPref }),
    ...(originatorId !== undefined && { originatorId }),
    ...(clusterList !== undefined && { clusterList }),
    communities: (of(8)?.communities ?? []).map((value) => `${value >>> 16}:${value & 0xffff}`).sort(),
    extendedCommunities: extended
      .map(({ subtype, value }) => `${subtype === 2 ? "rt" : `type${subtype}`}:${value}`)
      .sort(),
    largeCommunities: large.map(({ ASN, LocalData1, LocalData2 }) => `${ASN}:${LocalData1}:${LocalData2}`).sort(),
  };
}
