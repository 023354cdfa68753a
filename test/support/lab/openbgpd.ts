import { mkdirSync, writeFileSync } from "node:fs";
import {
  type Announcement,
  bothFamilies,
  type Lacks,
  type Origin,
  type ReceivedRoute,
  type SessionConfig,
  Speaker,
  type SpeakerConfig,
} from "./neighbour.ts";
import { run } from "./run.ts";
import { until } from "./until.ts";

/** OpenBGPD, the portable edition. */
export class OpenBgpd extends Speaker {
  static readonly product = "OpenBGPD";
  static readonly lacks: Lacks = {
    "be asked for refresh": "it counts a ROUTE-REFRESH and sends nothing, or with RFC 7313 a BoRR alone",
    "two octet as": "it refuses 23456 as a neighbour's AS number",
    "restart gracefully":
      "its restart capability names no family: it only sends End-of-RIB (bgpd.conf(5), announce restart)",
  };

  static async version(): Promise<string> {
    return (await run(["sh", "-c", "bgpd -V 2>&1"])).trim();
  }

  readonly #file = this.host.path("bgpd.conf");
  readonly #socket = this.host.path("bgpd.sock");

  async start(): Promise<void> {
    this.#write();
    // Its processes change their root to it; systemd would make it, which need not run here.
    mkdirSync("/run/openbgpd", { recursive: true });
    // For routes of the other family than the session's, its own next hop is the address of the loopback interface.
    await this.host.ipBatch([
      ...["address flush dev lo", `address add ${this.settings.nextHops[4]}/32 dev lo`],
      `address add ${this.settings.nextHops[6]}/128 dev lo`,
    ]);
    this.daemons = [this.host.spawn("bgpd", ["bgpd", "-d", "-v", "-f", this.#file])];
    await until(`${this.host.name}: OpenBGPD answers`, 20, () => this.bgpctl("show", "summary"));
  }

  bgpctl(...words: readonly string[]): Promise<string> {
    return run(["bgpctl", "-s", this.#socket, ...words]);
  }

  async state(remote: string): Promise<string> {
    const text = await this.bgpctl("-j", "show", "neighbor", remote);
    const { neighbors = [] } = JSON.parse(text) as { neighbors?: { state: string }[] };
    return neighbors[0]?.state.toLowerCase() ?? "absent";
  }

  async received(remote: string): Promise<readonly ReceivedRoute[]> {
    const text = await this.bgpctl("-j", "show", "rib", "in", "neighbor", remote, "detail");
    const { rib = [] } = JSON.parse(text) as { rib?: OpenBgpdPath[] };
    return rib.map(openBgpdRoute);
  }

  async askRefresh(remote: string): Promise<void> {
    await this.bgpctl("neighbor", remote, "refresh");
  }

  async shutDown(remote: string, text: string): Promise<string> {
    await this.bgpctl("neighbor", remote, "down", text);
    return text;
  }

  lastError(remote: string): Promise<string> {
    return this.bgpctl("show", "neighbor", remote);
  }

  protected async applyRoutes(): Promise<void> {
    this.#write();
    await this.bgpctl("reload");
  }

  #write(): void {
    writeFileSync(this.#file, configuration(this.settings, this.#socket), { mode: 0o600 });
  }
}

function configuration({ as, routerId, sessions, routes }: SpeakerConfig, socket: string): string {
  return `AS ${as}
router-id ${routerId}
fib-update no
socket "${socket}"
${[...new Set(sessions.map(({ local }) => local))].map((local) => `listen on ${local}`).join("\n")}
connect-retry 2
${routes.map(network).join("\n")}
${sessions.map(neighbour).join("\n")}
allow from any
allow to any
`;
}

function network(route: Announcement): string {
  const sets = [
    `origin ${route.origin ?? "igp"}`,
    ...(route.med === undefined ? [] : [`med ${route.med}`]),
    ...(route.localPref === undefined ? [] : [`localpref ${route.localPref}`]),
    ...(route.communities ?? []).map((community) => `community ${community}`),
    ...(route.largeCommunities ?? []).map((community) => `large-community ${community}`),
    ...(route.extendedCommunities ?? []).map((community) => `ext-community ${community.replace(":", " ")}`),
  ];
  return `network ${route.prefix} set { ${sets.join(" ")} }`;
}

function neighbour(session: SessionConfig): string {
  return [
    `neighbor ${session.remote} {`,
    `  remote-as ${session.remoteAs}`,
    `  local-address ${session.local}`,
    `  holdtime ${session.holdSeconds ?? 90}`,
    ...bothFamilies.map(
      (family) => `  announce IPv${family} ${(session.families ?? bothFamilies).includes(family) ? "unicast" : "none"}`,
    ),
    `  announce restart ${session.gracefulRestart ? "yes" : "no"}`,
    ...(session.passive ? ["  passive"] : []),
    ...(session.password ? [`  tcp md5sig password ${session.password}`] : []),
    ...(session.security ? ["  ttl-security yes"] : []),
    ...(session.client ? ["  route-reflector"] : []),
    ...(session.fourOctetAs === false ? ["  announce as-4byte no"] : []),
    "}",
  ].join("\n");
}

interface OpenBgpdPath {
  readonly prefix: string;
  readonly aspath?: string;
  readonly exit_nexthop?: string;
  readonly origin: string;
  readonly metric?: number;
  readonly localpref?: number;
  readonly communities?: readonly string[];
  readonly extended_communities?: readonly string[];
  readonly large_communities?: readonly string[];
  readonly attributes?: readonly {
    readonly type: string;
    readonly originator?: string;
    readonly cluster_list?: readonly string[];
  }[];
}

function openBgpdRoute(path: OpenBgpdPath): ReceivedRoute {
  const originatorId = path.attributes?.find(({ originator }) => originator !== undefined)?.originator;
  const clusterList = path.attributes?.find(({ cluster_list }) => cluster_list !== undefined)?.cluster_list;
  return {
    prefix: path.prefix,
    origin: path.origin.toLowerCase() as Origin,
    asPath: (path.aspath ?? "").split(" ").filter(Boolean).map(Number),
    nextHop: path.exit_nexthop ?? "",
    ...(path.metric !== undefined && { med: path.metric }),
    ...(path.localpref !== undefined && { localPref: path.localpref }),
    ...(originatorId !== undefined && { originatorId }),
    ...(clusterList !== undefined && { clusterList }),
    communities: [...(path.communities ?? [])].sort(),
    extendedCommunities: (path.extended_communities ?? []).map((community) => community.replace(" ", ":")).sort(),
    largeCommunities: [...(path.large_communities ?? [])].sort(),
  };
}
