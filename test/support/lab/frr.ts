import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
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

const programs = "/usr/lib/frr";

/** FRR: bgpd, and zebra for the kernel. */
export class Frr extends Speaker {
  static readonly product = "FRR";
  static readonly lacks: Lacks = {};

  static async version(): Promise<string> {
    return (await run([`${programs}/bgpd`, "--version"])).split("\n")[0] ?? "";
  }

  constructor(...args: ConstructorParameters<typeof Speaker>) {
    super(...args);
    mkdirSync(this.host.path("frr"), { recursive: true });
  }

  async start(): Promise<void> {
    await run(["chown", "frr:frr", this.host.path("frr")]); // FRR gives up being root.
    writeFileSync(this.host.path("frr", "zebra.conf"), "log stdout\n");
    writeFileSync(this.host.path("frr", "bgpd.conf"), configuration(this.settings));
    rmSync(this.#zserv, { force: true });
    // Learned routes outlive zebra (-r), and what it finds of its own at a start it keeps for a while (-K).
    this.daemons = [this.#spawn("zebra", ["-r", "-K", "60"])];
    // A bgpd that finds no zebra tries again after ten seconds, and tells no IPv6 routes until then.
    await until(`${this.host.name}: zebra listens`, 20, () => existsSync(this.#zserv));
    this.daemons.push(this.#spawn("bgpd", []));
    await until(`${this.host.name}: FRR answers`, 20, async () => (await this.vtysh("show bgp summary json")) !== "");
  }

  /** @param commands as typed, configuration mode to be entered by themselves */
  vtysh(...commands: readonly string[]): Promise<string> {
    return run(["vtysh", "--vty_socket", this.host.path("frr"), ...commands.flatMap((command) => ["-c", command])]);
  }

  async state(remote: string): Promise<string> {
    const text = await this.vtysh(`show bgp neighbors ${remote} json`);
    const answer = JSON.parse(text) as Record<string, { bgpState?: string }>;
    return answer[remote]?.bgpState?.toLowerCase() ?? "absent";
  }

  async received(remote: string): Promise<readonly ReceivedRoute[]> {
    const routes: ReceivedRoute[] = [];
    for (const family of bothFamilies) {
      const table = `show bgp ipv${family} unicast`;
      const list = JSON.parse(await this.vtysh(`${table} json`)) as { routes?: object };
      for (const prefix of Object.keys(list.routes ?? {})) {
        const { paths = [] } = JSON.parse(await this.vtysh(`${table} ${prefix} json`)) as { paths?: FrrPath[] };
        const path = paths.find(({ peer }) => peer.peerId === remote);
        if (path) routes.push(frrRoute(prefix, path));
      }
    }
    return routes;
  }

  async askRefresh(remote: string): Promise<void> {
    await this.vtysh(`clear bgp ipv4 unicast ${remote} in`);
    await this.vtysh(`clear bgp ipv6 unicast ${remote} in`);
  }

  async shutDown(remote: string, text: string): Promise<string> {
    const { as } = this.settings;
    await this.vtysh("configure terminal", `router bgp ${as}`, `neighbor ${remote} shutdown message ${text}`);
    return text;
  }

  /** Texts of shutdowns stand in the log only. */
  async lastError(remote: string): Promise<string> {
    return (await this.vtysh(`show bgp neighbors ${remote}`)) + this.daemons.map((daemon) => daemon.log()).join("");
  }

  protected async applyRoutes(before: readonly Announcement[], after: readonly Announcement[]): Promise<void> {
    const gone = before.filter((route) => !after.includes(route));
    const come = after.filter((route) => !before.includes(route));
    await this.vtysh(
      "configure terminal",
      ...gone.flatMap(({ prefix }) => [`no route-map ${mapName(prefix)} permit 1`]),
      ...come.flatMap(routeMap),
      `router bgp ${this.settings.as}`,
      ...gone.flatMap((route) => inFamily(route, `no ${network(route)}`)),
      ...come.flatMap((route) => inFamily(route, network(route))),
    );
  }

  get #zserv(): string {
    return this.host.path("frr", "zserv");
  }

  #spawn(program: string, options: readonly string[]) {
    const folder = this.host.path("frr");
    const paths = ["-f", `${folder}/${program}.conf`, "-i", `${folder}/${program}.pid`];
    const sockets = ["-z", this.#zserv, "--vty_socket", folder, "-P", "0"];
    return this.host.spawn(program, [`${programs}/${program}`, ...paths, ...sockets, ...options]);
  }
}

function configuration({ as, routerId, sessions, routes }: SpeakerConfig): string {
  const restart = sessions.find(({ gracefulRestart }) => gracefulRestart)?.gracefulRestart;
  return `log stdout
${routes.flatMap(routeMap).join("\n")}
router bgp ${as}
 bgp router-id ${routerId}
 no bgp ebgp-requires-policy
 no bgp network import-check
 no bgp suppress-duplicates
 bgp log-neighbor-changes
 no bgp default ipv4-unicast
 ${restart ? `bgp graceful-restart\n bgp graceful-restart restart-time ${restart}\n bgp graceful-restart preserve-fw-state` : "bgp graceful-restart-disable"}
${sessions.flatMap(neighbourLines).join("\n")}
${bothFamilies
  .map(
    (family) => ` address-family ipv${family} unicast
${routes
  .filter(({ prefix }) => familyOf(prefix) === family)
  .map((route) => `  ${network(route)}`)
  .join("\n")}
${sessions.flatMap((session) => familyLines(session, family)).join("\n")}
 exit-address-family`,
  )
  .join("\n")}
`;
}

function neighbourLines(session: SessionConfig): string[] {
  const hold = session.holdSeconds ?? 90;
  const place = session.unnumbered
    ? ["interface remote-as external"]
    : [`remote-as ${session.fourOctetAs === false ? "external" : session.remoteAs}`, `update-source ${session.local}`];
  return [
    ...place,
    `timers ${Math.max(1, Math.floor(hold / 3))} ${hold}`,
    "timers connect 2",
    ...(session.passive ? ["passive"] : []),
    ...(session.password ? [`password ${session.password}`] : []),
    ...(session.security ? ["ttl-security hops 1"] : []),
    ...(session.fourOctetAs === false ? ["dont-capability-negotiate"] : []),
  ].map((words) => ` neighbor ${session.remote} ${words}`);
}

function familyLines(session: SessionConfig, family: 4 | 6): string[] {
  if (!(session.families ?? bothFamilies).includes(family)) return [];
  return ["activate", ...(session.client ? ["route-reflector-client"] : [])].map(
    (words) => `  neighbor ${session.remote} ${words}`,
  );
}

function mapName(prefix: string): string {
  return `set-${prefix.replaceAll(/[/:.]/g, "-")}`;
}

function network({ prefix }: Announcement): string {
  return `network ${prefix} route-map ${mapName(prefix)}`;
}

function inFamily({ prefix }: Announcement, command: string): string[] {
  return [`address-family ipv${familyOf(prefix)} unicast`, command, "exit-address-family"];
}

function routeMap(route: Announcement): string[] {
  const set = (what: string, values: readonly string[] = []): string[] =>
    values.length > 0 ? [` set ${what} ${values.join(" ")}`] : [];
  return [
    `route-map ${mapName(route.prefix)} permit 1`,
    ` set origin ${route.origin ?? "igp"}`,
    ...(route.med === undefined ? [] : [` set metric ${route.med}`]),
    ...(route.localPref === undefined ? [] : [` set local-preference ${route.localPref}`]),
    ...set("community", route.communities),
    ...set("large-community", route.largeCommunities),
    ...set(
      "extcommunity rt",
      route.extendedCommunities?.map((community) => community.replace(/^rt:/, "")),
    ),
    "exit",
  ];
}

interface FrrPath {
  readonly aspath: { readonly string: string };
  readonly origin: string;
  readonly metric?: number;
  readonly locPrf?: number;
  readonly community?: { readonly string: string };
  readonly largeCommunity?: { readonly string: string };
  readonly extendedCommunity?: { readonly string: string };
  readonly originatorId?: string;
  readonly clusterList?: { readonly list: readonly string[] };
  readonly nexthops: readonly { readonly ip: string; readonly scope?: string }[];
  readonly peer: { readonly peerId: string };
}

function frrRoute(prefix: string, path: FrrPath): ReceivedRoute {
  const words = (text?: string): string[] => (text ?? "").split(" ").filter(Boolean).sort();
  const numbers = path.aspath.string === "Local" ? [] : words(path.aspath.string);
  return {
    prefix,
    origin: path.origin.toLowerCase() as Origin,
    asPath: numbers.length > 0 ? path.aspath.string.split(" ").map(Number) : [],
    nextHop: path.nexthops.find(({ scope }) => scope !== "link-local")?.ip ?? "",
    ...(path.metric !== undefined && { med: path.metric }),
    ...(path.locPrf !== undefined && { localPref: path.locPrf }),
    ...(path.originatorId !== undefined && { originatorId: path.originatorId }),
    ...(path.clusterList !== undefined && { clusterList: path.clusterList.list }),
    communities: words(path.community?.string),
    extendedCommunities: words(path.extendedCommunity?.string).map((community) => community.toLowerCase()),
    largeCommunities: words(path.largeCommunity?.string),
  };
}
