import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { birdStates } from "./birdc.ts";
import type { Daemon, Host } from "./host.ts";
import { run } from "./run.ts";
import { until } from "./until.ts";

/** A Kubernetes object as a manifest holds it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: object;
  readonly status?: object;
  readonly stringData?: Readonly<Record<string, string>>;
  /** Of EndpointSlices. */
  readonly addressType?: string;
  readonly endpoints?: readonly object[];
}

/** The command of the checkout. */
export const linnetCommand = join(import.meta.dirname, "../../../bin/linnet");

/** A Linnet daemon on a host. */
export class LinnetProcess {
  readonly host: Host;
  readonly #node: string;
  /** Where birdc finds it. */
  readonly socket: string;
  /** Flags that say where its objects come from, and further ones. */
  readonly #provider: readonly string[];
  #daemon: Daemon | undefined;

  private constructor(host: Host, node: string, provider: readonly string[]) {
    this.host = host;
    this.#node = node;
    this.socket = host.path("linnet.ctl");
    this.#provider = provider;
    host.ownFolder("/etc/cni/net.d");
    host.ownFolder("/run/linnet");
  }

  /** With a directory of manifests of its own; `write` fills it. */
  static ofManifests(host: Host, node: string, flags: readonly string[] = []): LinnetProcess {
    const folder = manifestsOf(host);
    mkdirSync(folder, { recursive: true });
    return new LinnetProcess(host, node, ["--manifests", folder, ...flags]);
  }

  /** With the objects of an API server, and a cache of them. */
  static ofApiServer(host: Host, node: string, kubeconfig: string): LinnetProcess {
    return new LinnetProcess(host, node, ["--kubeconfig", kubeconfig, "--cache", host.path("objects.cache")]);
  }

  /** Puts other manifests in the place of all there are; a running daemon sees them change at once. */
  write(manifests: readonly Manifest[]): void {
    const file = join(manifestsOf(this.host), "all.yaml");
    writeFileSync(`${file}.new`, manifests.map((manifest) => stringify(manifest)).join("---\n"));
    renameSync(`${file}.new`, file);
  }

  /** Starts the daemon and returns when it answers. */
  async start(): Promise<Daemon> {
    const daemon = this.spawn();
    await until(`${this.host.name}: Linnet answers`, 20, () => {
      if (!daemon.running) throw new Error(`it ended: ${daemon.log().slice(-2000)}`);
      return this.birdc("show", "status");
    });
    return daemon;
  }

  /** Starts the daemon and returns at once. */
  spawn(): Daemon {
    this.#daemon = this.host.spawn("linnet", [
      linnetCommand,
      "run",
      ...["--node", this.#node],
      ...this.#provider,
      ...["--control", this.socket],
    ]);
    return this.#daemon;
  }

  get daemon(): Daemon {
    if (!this.#daemon) throw new Error(`${this.host.name}: Linnet was not started`);
    return this.#daemon;
  }

  /** What BIRD's own client says when it asks Linnet. */
  birdc(...words: readonly string[]): Promise<string> {
    return run(["birdc", "-s", this.socket, ...words]);
  }

  /** FSM states in lower case by session. */
  async states(): Promise<ReadonlyMap<string, string>> {
    return birdStates(await this.birdc("show", "protocols"));
  }
}

function manifestsOf(host: Host): string {
  return host.path("manifests");
}
