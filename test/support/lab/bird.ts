import { writeFileSync } from "node:fs";
import { birdRoutes, birdStates } from "./birdc.ts";
import type { Host } from "./host.ts";
import {
  type Announcement,
  bothFamilies,
  familyOf,
  type Lacks,
  type ReceivedRoute,
  type SessionConfig,
  Speaker,
  type SpeakerConfig,
} from "./neighbour.ts";
import { run } from "./run.ts";
import { until } from "./until.ts";

/** BIRD 2 (Debian's bird2). */
export class Bird extends Speaker {
  static readonly product = "BIRD 2";
  static readonly lacks: Lacks = {};

  static async version(): Promise<string> {
    return (await run(["sh", "-c", "bird --version 2>&1"])).trim();
  }

  readonly #socket: string;
  readonly #file: string;
  #starts = 0;

  constructor(host: Host, settings: SpeakerConfig) {
    super(host, settings);
    this.#socket = host.path("bird.ctl");
    this.#file = host.path("bird.conf");
  }

  async start(): Promise<void> {
    const restarted = this.#starts++ > 0;
    this.#write();
    const argv = ["bird", "-f", "-c", this.#file, "-s", this.#socket, "-P", this.host.path("bird.pid")];
    this.daemons = [this.host.spawn("bird", restarted ? [...argv, "-R"] : argv)];
    await until(`${this.host.name}: BIRD answers`, 10, () => this.birdc("show", "status"));
  }

  birdc(...words: readonly string[]): Promise<string> {
    return run(["birdc", "-s", this.#socket, ...words]);
  }

  async state(remote: string): Promise<string> {
    return birdStates(await this.birdc("show", "protocols")).get(this.#protocol(remote)) ?? "absent";
  }

  async received(remote: string): Promise<readonly ReceivedRoute[]> {
    return birdRoutes(await this.birdc("show", "route", "all", "protocol", this.#protocol(remote)));
  }

  async askRefresh(remote: string): Promise<void> {
    await this.birdc("reload", "in", this.#protocol(remote));
  }

  async shutDown(remote: string, text: string): Promise<string> {
    await this.birdc("disable", this.#protocol(remote), `"${text}"`);
    return text;
  }

  lastError(remote: string): Promise<string> {
    return this.birdc("show", "protocols", "all", this.#protocol(remote));
  }

  protected async applyRoutes(): Promise<void> {
    this.#write();
    const said = await this.birdc("configure");
    if (!/Reconfigured|in progress/.test(said)) throw new Error(said);
  }

  #write(): void {
    writeFileSync(
      this.#file,
      configuration(this.settings, (remote) => this.#protocol(remote)),
    );
  }

  #protocol(remote: string): string {
    return `peer${this.settings.sessions.findIndex((session) => session.remote === remote)}`;
  }
}

function configuration(
  { as, routerId, sessions, routes, kernel }: SpeakerConfig,
  protocolOf: (remote: string) => string,
): string {
  const ofFamily = (family: 4 | 6): Announcement[] => routes.filter(({ prefix }) => familyOf(prefix) === family);
  return `log stderr all;
router id ${routerId};
graceful restart wait 20;
# An attribute that is set here also goes to external neighbours.
filter to_neighbour { if source = RTS_DEVICE then reject; if defined(bgp_med) then bgp_med = bgp_med; accept; }
protocol device { scan time 5; }
protocol direct { ipv4; ipv6; }
${bothFamilies
  .map(
    (family) => `protocol static static${family} { ipv${family};
${ofFamily(family).map(staticRoute).join("\n")}
}
${kernel ? `protocol kernel kernel${family} { persist; graceful restart; ipv${family} { import none; export where source = RTS_BGP; }; }` : ""}`,
  )
  .join("\n")}
${sessions.map((session) => protocol(as, session, protocolOf(session.remote))).join("\n")}
`;
}

function staticRoute(route: Announcement): string {
  const pair = (community: string): string => `(${community.replaceAll(":", ", ")})`;
  return [
    `  route ${route.prefix} unreachable {`,
    `bgp_origin = ORIGIN_${(route.origin ?? "igp").toUpperCase()};`,
    route.med === undefined ? "" : `bgp_med = ${route.med};`,
    route.localPref === undefined ? "" : `bgp_local_pref = ${route.localPref};`,
    ...(route.communities ?? []).map((community) => `bgp_community.add(${pair(community)});`),
    ...(route.extendedCommunities ?? []).map((community) => `bgp_ext_community.add(${pair(community)});`),
    ...(route.largeCommunities ?? []).map((community) => `bgp_large_community.add(${pair(community)});`),
    "};",
  ].join(" ");
}

function protocol(as: number, session: SessionConfig, name: string): string {
  const hold = session.holdSeconds ?? 90;
  return `protocol bgp ${name} {
  local ${session.local} as ${as};
  neighbor ${session.remote} ${session.fourOctetAs === false ? "external" : `as ${session.remoteAs}`};
  ${session.passive ? "passive;" : ""}
  ${session.password ? `password "${session.password}";` : ""}
  ${session.security ? "ttl security on;" : ""}
  ${session.client ? "rr client;" : ""}
  ${session.fourOctetAs === false ? "enable as4 off;" : ""}
  ${session.gracefulRestart ? `graceful restart on; graceful restart time ${session.gracefulRestart};` : "graceful restart off;"}
  hold time ${hold}; keepalive time ${Math.max(1, Math.floor(hold / 3))};
  connect delay time 1; connect retry time 2; error wait time 1, 2;
  ${(session.families ?? bothFamilies).map((family) => `ipv${family} { import all; export filter to_neighbour; };`).join("\n  ")}
}`;
}
