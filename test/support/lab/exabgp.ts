import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
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

/** ExaBGP: announces what it is told and reports what it hears, as JSON, to a process of its own. */
export class ExaBgp extends Speaker {
  static readonly product = "ExaBGP";
  static readonly lacks: Lacks = {
    "help a restart": "it keeps no routes of a neighbour that is away",
    "show shutdown text": "it takes a NOTIFICATION in Established for a malformed UPDATE and answers 1/0",
  };

  static async version(): Promise<string> {
    return (await run(["exabgp", "--version"])).split("\n")[0] ?? "";
  }

  readonly #folder = this.host.path("exabgp");

  async start(): Promise<void> {
    mkdirSync(this.#folder, { recursive: true });
    writeFileSync(this.#path("events"), "");
    writeFileSync(this.#path("commands"), "");
    writeFileSync(this.#path("exabgp.conf"), configuration(this.settings, this.#path("reporter")));
    // Hears events on its input and says commands on its output.
    writeFileSync(
      this.#path("reporter"),
      `#!/bin/sh\nexec 3<&0\ncat <&3 >>${this.#path("events")} &\nexec tail -n +1 -f ${this.#path("commands")}\n`,
    );
    chmodSync(this.#path("reporter"), 0o755);
    await run(["chown", "-R", "exabgp:exabgp", this.#folder]);
    const listen = [...new Set(this.settings.sessions.map(({ local }) => local))].join(" ");
    this.daemons = [
      this.host.spawn("exabgp", ["exabgp", this.#path("exabgp.conf")], {
        "exabgp.daemon.user": "exabgp",
        "exabgp.tcp.bind": listen,
        "exabgp.api.cli": "false",
        "exabgp.api.ack": "false",
        "exabgp.log.level": "INFO",
        "exabgp.log.short": "true",
      }),
    ];
    await until(`${this.host.name}: ExaBGP runs`, 20, () =>
      this.daemons[0]?.log().includes("loaded new configuration"),
    );
  }

  async state(remote: string): Promise<string> {
    const last = this.#events().findLast(({ type, neighbor }) => type === "state" && neighbor.address.peer === remote);
    return last?.neighbor.state === "up" ? "established" : (last?.neighbor.state ?? "idle");
  }

  async received(remote: string): Promise<readonly ReceivedRoute[]> {
    const routes = new Map<string, ReceivedRoute>();
    for (const { type, neighbor } of this.#events()) {
      if (neighbor.address.peer !== remote) continue;
      if (type === "state" && neighbor.state !== "up") routes.clear();
      const update = neighbor.message?.update;
      for (const { nlri } of Object.values(update?.withdraw ?? {}).flat()) routes.delete(nlri);
      for (const byNextHop of Object.values(update?.announce ?? {})) {
        for (const [nextHop, prefixes] of Object.entries(byNextHop)) {
          if (nextHop.startsWith("fe80:") && Object.keys(byNextHop).length > 1) continue;
          for (const { nlri } of prefixes) routes.set(nlri, exaBgpRoute(nlri, nextHop, update?.attribute ?? {}));
        }
      }
    }
    return [...routes.values()];
  }

  async askRefresh(remote: string): Promise<void> {
    for (const family of bothFamilies) this.#say(`neighbor ${remote} announce route-refresh ipv${family} unicast`);
  }

  /** The text is its own. */
  async shutDown(remote: string): Promise<string> {
    this.#say(`neighbor ${remote} teardown 2`);
    return "Administrative Shutdown";
  }

  async lastError(): Promise<string> {
    return this.daemons[0]?.log() ?? "";
  }

  protected async applyRoutes(before: readonly Announcement[], after: readonly Announcement[]): Promise<void> {
    for (const route of before.filter((candidate) => !after.includes(candidate)))
      this.#say(`withdraw ${this.#words(route)}`);
    for (const route of after.filter((candidate) => !before.includes(candidate)))
      this.#say(`announce ${this.#words(route)}`);
  }

  #words(route: Announcement): string {
    return routeWords(route, this.settings);
  }

  #say(command: string): void {
    appendFileSync(this.#path("commands"), `${command}\n`);
  }

  #events(): ExaBgpEvent[] {
    if (!existsSync(this.#path("events"))) return [];
    const lines = readFileSync(this.#path("events"), "utf8").split("\n");
    return lines.slice(0, -1).flatMap((line) => {
      const event = JSON.parse(line) as ExaBgpEvent;
      return event.neighbor ? [event] : [];
    });
  }

  #path(name: string): string {
    return `${this.#folder}/${name}`;
  }
}

function configuration(settings: SpeakerConfig, reporter: string): string {
  return `process reporter {
  run ${reporter};
  encoder json;
}
${settings.sessions.map((session) => neighbour(settings, session)).join("\n")}`;
}

function neighbour(settings: SpeakerConfig, session: SessionConfig): string {
  const families = session.families ?? bothFamilies;
  return `neighbor ${session.remote} {
  router-id ${settings.routerId};
  local-address ${session.local};
  local-as ${settings.as};
  peer-as ${session.remoteAs};
  hold-time ${session.holdSeconds ?? 90};
  ${session.passive ? "passive true;" : ""}
  ${session.password ? `md5-password "${session.password}";` : ""}
  ${session.security ? "outgoing-ttl 255; incoming-ttl 255;" : ""}
  adj-rib-out true;
  family { ${families.map((family) => `ipv${family} unicast;`).join(" ")} }
  capability {
    asn4 ${session.fourOctetAs === false ? "disable" : "enable"};
    route-refresh enable;
    ${session.gracefulRestart ? `graceful-restart ${session.gracefulRestart};` : ""}
  }
  api { processes [ reporter ]; neighbor-changes; receive { parsed; update; } }
  announce {
    ${bothFamilies
      .map(
        (family) =>
          `ipv${family} { ${settings.routes
            .filter(({ prefix }) => familyOf(prefix) === family)
            .map((route) => `${routeWords(route, settings).replace("route", "unicast")};`)
            .join("\n")} }`,
      )
      .join("\n")}
  }
}`;
}

function routeWords(route: Announcement, settings: SpeakerConfig): string {
  const list = (word: string, values: readonly string[] = []): string[] =>
    values.length > 0 ? [`${word} [ ${values.join(" ")} ]`] : [];
  return [
    `route ${route.prefix} next-hop ${settings.nextHops[familyOf(route.prefix)]}`,
    `origin ${route.origin ?? "igp"}`,
    ...(route.med === undefined ? [] : [`med ${route.med}`]),
    ...(route.localPref === undefined ? [] : [`local-preference ${route.localPref}`]),
    ...list("community", route.communities),
    ...list("large-community", route.largeCommunities),
    ...list(
      "extended-community",
      route.extendedCommunities?.map((community) => community.replace("rt:", "target:")),
    ),
  ].join(" ");
}

interface ExaBgpAttributes {
  readonly origin?: string;
  readonly "as-path"?: readonly (number | readonly number[])[];
  readonly med?: number;
  readonly "local-preference"?: number;
  readonly community?: readonly (readonly number[])[];
  readonly "large-community"?: readonly (readonly number[])[];
  readonly "extended-community"?: readonly { readonly string: string }[];
  readonly "originator-id"?: string;
  readonly "cluster-list"?: readonly string[];
}

interface ExaBgpEvent {
  readonly type: string;
  readonly neighbor: {
    readonly address: { readonly peer: string };
    readonly state?: string;
    readonly message?: {
      readonly update?: {
        readonly attribute?: ExaBgpAttributes;
        readonly announce?: Readonly<Record<string, Readonly<Record<string, readonly { readonly nlri: string }[]>>>>;
        readonly withdraw?: Readonly<Record<string, readonly { readonly nlri: string }[]>>;
      };
    };
  };
}

function exaBgpRoute(prefix: string, nextHop: string, attribute: ExaBgpAttributes): ReceivedRoute {
  const joined = (lists: readonly (readonly number[])[] = []): string[] => lists.map((list) => list.join(":")).sort();
  const originatorId = attribute["originator-id"];
  const clusterList = attribute["cluster-list"];
  return {
    prefix,
    origin: (attribute.origin ?? "") as Origin,
    asPath: (attribute["as-path"] ?? []).flat(),
    nextHop,
    ...(attribute.med !== undefined && { med: attribute.med }),
    ...(attribute["local-preference"] !== undefined && { localPref: attribute["local-preference"] }),
    ...(originatorId !== undefined && { originatorId }),
    ...(clusterList !== undefined && { clusterList }),
    communities: joined(attribute.community),
    extendedCommunities: (attribute["extended-community"] ?? [])
      .map(({ string }) => string.replace("target:", "rt:"))
      .sort(),
    largeCommunities: joined(attribute["large-community"]),
  };
}
