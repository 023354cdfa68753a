import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Daemon, Host } from "./host.ts";
import type { ContainerSpec, PodSpec, Volume } from "./pod-spec.ts";
import { type RunResult, run, tryRun } from "./run.ts";
import { runtimeDefault } from "./seccomp.ts";

/** What a kubelet would find out for a container. */
export interface Surroundings {
  /** Files of each ConfigMap, by name. */
  readonly configMaps: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Values of `valueFrom` and further variables. */
  readonly env: Readonly<Record<string, string>>;
  /** Files of the machine that the container sees at their own place, read-only. */
  readonly files: readonly string[];
  /** In the place of the manifest's own. */
  readonly capabilities?: readonly string[];
}

interface RuntimeConfig {
  process: Record<string, unknown>;
  root: Record<string, unknown>;
  mounts: object[];
  linux: { namespaces: { type: string; path?: string }[]; [field: string]: unknown };
}

/** A container of a pod of ours, run by runc as a kubelet's runtime would: from an image that umoci unpacked. */
export class Container {
  readonly #id: string;
  readonly #host: Host;
  readonly #state: string;
  readonly #bundle: string;
  #daemon: Daemon | undefined;

  /** @param unpacked folder of `umoci unpack`, which stays as it is */
  constructor(unpacked: string, host: Host, pod: PodSpec, container: ContainerSpec, around: Surroundings) {
    this.#host = host;
    this.#id = `${host.netns}-${container.name}`;
    this.#state = host.path("runc");
    this.#bundle = host.path("bundles", container.name);
    mkdirSync(this.#bundle, { recursive: true });
    const config = JSON.parse(readFileSync(join(unpacked, "config.json"), "utf8")) as RuntimeConfig;
    config.root = {
      path: join(unpacked, "rootfs"),
      readonly: container.securityContext?.readOnlyRootFilesystem === true,
    };
    config.process = this.#process(config, container, around);
    config.mounts = [...config.mounts, ...this.#mounts(pod.volumes ?? [], container, around)];
    config.linux.namespaces = [
      ...config.linux.namespaces.filter(({ type }) => type !== "network"),
      { type: "network", path: `/run/netns/${host.netns}` },
    ];
    if (pod.securityContext?.seccompProfile?.type === "RuntimeDefault")
      config.linux.seccomp = runtimeDefault(capabilitiesOf(container, around));
    writeFileSync(join(this.#bundle, "config.json"), JSON.stringify(config));
  }

  /** Runs it to its end. */
  async finish(): Promise<RunResult> {
    return await tryRun([...this.#runc(), "run", "--bundle", this.#bundle, this.#id]);
  }

  /** Starts it and returns at once. */
  start(): Daemon {
    const argv = [...this.#runc(), "run", "--bundle", this.#bundle, this.#id];
    this.#daemon = this.#host.spawnOutside("container", argv);
    return this.#daemon;
  }

  /** As `kubectl exec`. */
  exec(...argv: readonly string[]): Promise<string> {
    return run([...this.#runc(), "exec", this.#id, ...argv]);
  }

  /** A line of /proc/PID/status of its first process. */
  async processStatus(field: string): Promise<string> {
    const { pid } = JSON.parse(await run([...this.#runc(), "state", this.#id])) as { pid: number };
    const line = readFileSync(`/proc/${pid}/status`, "utf8")
      .split("\n")
      .find((each) => each.startsWith(`${field}:`));
    return line?.slice(field.length + 1).trim() ?? "";
  }

  /** Ends it as a kubelet does: SIGTERM, then SIGKILL. */
  async stop(graceSeconds: number): Promise<void> {
    await tryRun([...this.#runc(), "kill", this.#id, "TERM"]);
    for (let waited = 0; this.#daemon?.running === true && waited < graceSeconds * 10; waited++) await setTimeout(100);
    await tryRun([...this.#runc(), "delete", "--force", this.#id]);
  }

  #runc(): string[] {
    return ["runc", "--root", this.#state];
  }

  #process(config: RuntimeConfig, container: ContainerSpec, around: Surroundings): Record<string, unknown> {
    const { command, args, env = [], securityContext = {} } = container;
    const [entrypoint = "", ...defaults] = config.process.args as string[];
    const capabilities = capabilitiesOf(container, around);
    const user = securityContext.runAsUser ?? 0;
    return {
      ...config.process,
      terminal: false,
      user: { uid: user, gid: user },
      args: command === undefined ? [entrypoint, ...(args ?? defaults)] : [...command, ...(args ?? [])],
      env: [
        ...(config.process.env as string[]).filter((each) => !each.startsWith("TERM=")),
        ...env.map(({ name, value }) => `${name}=${value ?? around.env[name] ?? ""}`),
        ...Object.entries(around.env).map(([name, value]) => `${name}=${value}`),
      ],
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      noNewPrivileges: securityContext.allowPrivilegeEscalation === false,
    };
  }

  #mounts(volumes: readonly Volume[], container: ContainerSpec, around: Surroundings): object[] {
    const bind = (source: string, destination: string, readOnly: boolean): object => ({
      type: "bind",
      source,
      destination,
      options: ["rbind", readOnly ? "ro" : "rw"],
    });
    const mounts = (container.volumeMounts ?? []).map(({ name, mountPath, readOnly = false }) => {
      const volume = volumes.find((each) => each.name === name);
      if (volume === undefined) throw new Error(`${container.name} mounts ${name}, which is no volume of its pod`);
      return bind(this.#sourceOf(volume, around), mountPath, readOnly);
    });
    return [...mounts, ...around.files.map((path) => bind(path, path, true))];
  }

  /** The machine's own /proc/sys/net follows the namespace of who looks; all else is the host's own folder. */
  #sourceOf({ name, hostPath, configMap }: Volume, around: Surroundings): string {
    if (hostPath?.path.startsWith("/proc/")) return hostPath.path;
    const folder = this.#host.path("disk", hostPath?.path ?? `configmaps/${configMap?.name ?? name}`);
    mkdirSync(folder, { recursive: true });
    for (const [file, text] of Object.entries(around.configMaps[configMap?.name ?? ""] ?? {}))
      writeFileSync(join(folder, file), text);
    return folder;
  }
}

/** Dropped all, then added: the manifests say it so. With anything else this would not be what a runtime does. */
function capabilitiesOf({ name, securityContext }: ContainerSpec, around: Surroundings): string[] {
  const { add = [], drop = [] } = securityContext?.capabilities ?? {};
  if (drop.join() !== "ALL") throw new Error(`${name} does not drop all capabilities`);
  return (around.capabilities ?? add).map((each) => `CAP_${each}`);
}
