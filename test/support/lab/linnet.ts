import { birdRoutes } from "./birdc.ts";
import { LinnetProcess, linnetCommand, type Manifest } from "./linnet-process.ts";
import { type Announcement, type Lacks, type ReceivedRoute, type SessionConfig, Speaker } from "./neighbour.ts";
import { run } from "./run.ts";

const ours = "linnet.dev/v1alpha1";
const nodeName = "us";

/** Linnet as a speaker beside the others: its configuration from manifests, its view by BIRD's client. */
export class Linnet extends Speaker {
  static readonly product = "Linnet";
  static readonly lacks: Lacks = {};

  static async version(): Promise<string> {
    return (await run([linnetCommand, "--version"])).trim();
  }

  readonly #process: LinnetProcess;

  constructor(...args: ConstructorParameters<typeof Speaker>) {
    super(...args);
    this.#process = LinnetProcess.ofManifests(this.host, nodeName);
  }

  async start(): Promise<void> {
    this.#process.write(this.#manifests());
    this.daemons = [await this.#process.start()];
  }

  async state(remote: string): Promise<string> {
    const name = await this.#protocol(remote);
    return name === undefined ? "absent" : ((await this.#process.states()).get(name) ?? "absent");
  }

  async received(remote: string): Promise<readonly ReceivedRoute[]> {
    const name = await this.#protocol(remote);
    return name === undefined ? [] : birdRoutes(await this.#process.birdc("show", "route", "all", "protocol", name));
  }

  async askRefresh(remote: string): Promise<void> {
    await this.#process.birdc("reload", "in", (await this.#protocol(remote)) ?? "");
  }

  async shutDown(remote: string, text: string): Promise<string> {
    await this.#process.birdc("disable", (await this.#protocol(remote)) ?? "", `"${text}"`);
    return text;
  }

  async lastError(remote: string): Promise<string> {
    return this.#process.birdc("show", "protocols", "all", (await this.#protocol(remote)) ?? "");
  }

  protected async applyRoutes(): Promise<void> {
    this.#process.write(this.#manifests());
  }

  /** Name of the session with an address, as `show protocols all` has it. */
  async #protocol(remote: string): Promise<string | undefined> {
    let name: string | undefined;
    for (const line of (await this.#process.birdc("show", "protocols", "all")).split("\n")) {
      name = /^(\S+)\s+BGP\s/.exec(line)?.[1] ?? name;
      const [, address, , link] = /^\s+Neighbor address:\s+(\S+?)(%(\S+))?$/.exec(line) ?? [];
      if (address === remote || (link !== undefined && link === remote)) return name;
    }
    return undefined;
  }

  #manifests(): Manifest[] {
    const { as, routerId, nextHops, routes, sessions } = this.settings;
    const object = (kind: string, name: string, spec: object): Manifest => ({
      apiVersion: ours,
      kind,
      metadata: { name },
      spec,
    });
    return [
      {
        apiVersion: "v1",
        kind: "Node",
        metadata: { name: nodeName, annotations: { "linnet.dev/router-id": routerId } },
        status: { addresses: [4, 6].map((family) => ({ type: "InternalIP", address: nextHops[family as 4 | 6] })) },
      },
      object("BGPConfiguration", "default", {
        asNumber: as,
        nodeMesh: "Disabled",
        advertisements: routes.map(advertisement),
      }),
      object("BGPPolicy", "everything", { statements: [{ action: "Accept" }] }),
      ...sessions.map((session, index) => object("BGPPeer", `peer-${index}`, peer(session, index))),
      ...sessions.flatMap(({ password }, index): Manifest[] =>
        password === undefined
          ? []
          : [
              {
                apiVersion: "v1",
                kind: "Secret",
                metadata: { name: `peer-${index}`, namespace: "kube-system" },
                stringData: { password },
              },
            ],
      ),
    ];
  }
}

/** The objects cannot say MED, origin or extended communities of own prefixes. */
function advertisement({ prefix, communities, largeCommunities, localPref }: Announcement): object {
  return {
    cidr: prefix,
    ...(communities && { communities }),
    ...(largeCommunities && { largeCommunities }),
    ...(localPref !== undefined && { localPref }),
  };
}

function peer(session: SessionConfig, index: number): object {
  const { gracefulRestart } = session;
  return {
    ...(session.unnumbered
      ? { interface: session.remote, asNumber: "external" }
      : { peerAddress: session.remote, sourceAddress: session.local, asNumber: session.remoteAs }),
    passive: session.passive === true,
    families: (session.families ?? [4, 6]).map((family) => (family === 4 ? "IPv4" : "IPv6")),
    timers: { holdTime: `${session.holdSeconds ?? 90}s`, connectRetryTime: "2s" },
    gracefulRestart:
      gracefulRestart === undefined
        ? { enabled: false }
        : { enabled: true, restartTime: `${gracefulRestart}s`, deferralTime: `${gracefulRestart}s` },
    reflectorClient: session.client === true,
    importPolicies: ["everything"],
    exportPolicies: ["everything"],
    advertise: ["Static"],
    ...(session.security && { ttlSecurity: 1 }),
    ...(session.password !== undefined && {
      password: { secretKeyRef: { name: `peer-${index}`, key: "password" } },
    }),
  };
}
