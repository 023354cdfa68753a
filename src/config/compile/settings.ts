import * as v from "valibot";
import type { DrainConfig, GracefulRestartConfig, KernelConfig, PeerTimers } from "../node-config.ts";
import type { ConfigObject, ObjectSet } from "../objects.ts";
import { type BgpConfigurationSpec, bgpConfigurationSpec } from "../schema/bgp-configuration.ts";
import { selects } from "../schema/selector.ts";

type PerNode = Pick<BgpConfigurationSpec, "timers" | "gracefulRestart" | "drain" | "kernel" | "cni" | "masquerade">;
type Labels = Readonly<Record<string, string>>;
type Timers = NonNullable<PerNode["timers"]>;
type GracefulRestart = NonNullable<PerNode["gracefulRestart"]>;

/** What BGPConfiguration says, with the overrides of one node merged in. */
export interface Settings extends PerNode {
  readonly listenPort: number;
  readonly asNumber: number;
}

const unset: BgpConfigurationSpec = v.parse(bgpConfigurationSpec, {});

/** The singleton, or what holds without it. */
export function configurationOf(objects: ObjectSet): {
  object: ConfigObject<"BGPConfiguration"> | undefined;
  spec: BgpConfigurationSpec;
} {
  const object = objects.BGPConfiguration.get("default");
  return { object, spec: object?.value.spec ?? unset };
}

/** Later overrides win, field by field. */
export function settingsFor(spec: BgpConfigurationSpec, labels: Labels): Settings {
  let settings: Settings = spec;
  for (const { nodeSelector, ...override } of spec.overrides) {
    if (selects(nodeSelector, labels)) settings = merge(settings, override);
  }
  return settings;
}

type Override = { readonly [K in keyof Settings]?: Settings[K] | undefined };

function merge(settings: Settings, override: Override): Settings {
  return {
    asNumber: override.asNumber ?? settings.asNumber,
    listenPort: override.listenPort ?? settings.listenPort,
    timers: layer(settings.timers, override.timers),
    gracefulRestart: layer(settings.gracefulRestart, override.gracefulRestart),
    drain: layer(settings.drain, override.drain),
    kernel: layer(settings.kernel, override.kernel),
    cni: layer(settings.cni, override.cni),
    masquerade: layer(settings.masquerade, override.masquerade),
  };
}

/** `over` where it says something, else `under`. */
function layer<T extends object>(under: T | undefined, over: T | undefined): T | undefined {
  if (under === undefined || over === undefined) return over ?? under;
  const said = Object.entries(over).filter(([, value]) => value !== undefined);
  return { ...under, ...Object.fromEntries(said) };
}

/** RFC 4271 §10: a third of the hold time for KEEPALIVEs, also where a given time would not fit into it. */
export function timersOf(settings: Settings, own?: Timers): PeerTimers {
  const {
    holdTime = 90_000,
    keepaliveTime,
    connectRetryTime = 5000,
    idleHoldTime = 1000,
  } = layer(settings.timers, own) ?? {};
  const third = Math.floor(holdTime / 3);
  const keepaliveMs = keepaliveTime === undefined || keepaliveTime >= holdTime ? third : keepaliveTime;
  return { holdMs: holdTime, keepaliveMs, connectRetryMs: connectRetryTime, idleHoldMs: idleHoldTime };
}

export function gracefulRestartOf(settings: Settings, own?: GracefulRestart): GracefulRestartConfig {
  const { enabled = true, restartTime = 120_000, deferralTime = 120_000 } = layer(settings.gracefulRestart, own) ?? {};
  return { enabled, restartMs: restartTime, deferralMs: deferralTime };
}

/** What a kubelet says in the condition Ready, among others, once systemd told it (KEP-2000). */
const SHUTTING_DOWN = "node is shutting down";
/** Set by people on a node that is switched off (KEP-2268). */
const OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";

/** Why the node shall go out of service, and how. */
export function drainOf({ drain = {} }: Settings, node: ConfigObject<"Node">): DrainConfig {
  const { withdrawAfter = 10_000, taints = [OUT_OF_SERVICE], onNodeShutdown = true } = drain;
  const { metadata, spec, status } = node.value;
  const asked = metadata.annotations["linnet.dev/drain"] === "true";
  const tainted = taints.find((key) => spec.taints.some((taint) => taint.key === key));
  const ready = status.conditions.find(({ type }) => type === "Ready");
  const shuttingDown = onNodeShutdown && ready?.status === "False" && ready.message?.includes(SHUTTING_DOWN) === true;
  return {
    reasons: [
      ...(asked ? ["annotation linnet.dev/drain"] : []),
      ...(tainted === undefined ? [] : [`taint ${tainted}`]),
      ...(shuttingDown ? ["the node is shutting down"] : []),
    ],
    nodeShutdown: shuttingDown,
    withdrawMs: withdrawAfter,
  };
}

const NEXT_HOP_OBJECTS = { Auto: "auto", Always: "always", Never: "never" } as const;

export function kernelOf({ kernel = {} }: Settings, addresses: KernelConfig["preferredSource"]): KernelConfig {
  return {
    install: kernel.install ?? true,
    table: kernel.table ?? 254,
    metric: kernel.metric ?? 32,
    protocol: kernel.protocol ?? 186,
    maxPaths: kernel.maxPaths ?? 16,
    nextHopObjects: NEXT_HOP_OBJECTS[kernel.nextHopObjects ?? "Auto"],
    preferredSource: kernel.preferNodeAddress === true ? addresses : {},
    setSysctls: kernel.setSysctls ?? false,
  };
}
