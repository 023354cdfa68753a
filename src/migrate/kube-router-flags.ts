import { type ForeignObject, isMapping } from "./foreign.ts";
import type { Outcome } from "./outcome.ts";

/** What is made of a flag: `taken` is read elsewhere; a sentence says why nothing is. */
const FLAGS: Readonly<Record<string, "taken" | string>> = {
  ...Object.fromEntries(
    [
      ...[
        "cluster-asn",
        "bgp-port",
        "nodes-full-mesh",
        "bgp-holdtime",
        "bgp-graceful-restart",
        "bgp-graceful-restart-time",
      ],
      ...["advertise-cluster-ip", "advertise-external-ip", "advertise-loadbalancer-ip", "advertise-pod-cidr"],
      ...[
        "peer-router-ips",
        "peer-router-asns",
        "peer-router-ports",
        "peer-router-passwords",
        "peer-router-multihop-ttl",
      ],
      ...["enable-pod-egress", "enable-cni", "loadbalancer-default-class", "enable-ibgp", "override-nexthop"],
      ...["loadbalancer-ip-range", "service-external-ip-range"],
    ].map((flag) => [flag, "taken"]),
  ),
  "bgp-graceful-restart-deferral-time": "each neighbour has its own bounded deferral: gracefulRestart.deferralTime",
  "enable-overlay": "there are no tunnels; the network between nodes must carry packets of pods",
  "overlay-type": "there are no tunnels",
  "overlay-encap": "there are no tunnels",
  "overlay-encap-port": "there are no tunnels",
  "peer-router-passwords-file": "passwords stand in Secrets: name one as spec.password of the BGPPeer",
  "router-id": "an annotation of the Node, linnet.dev/router-id",
  "injected-routes-sync-period": "the kernel tells of changes; nothing is synchronised by time",
  "routes-sync-period": "the kernel tells of changes; nothing is synchronised by time",
  "disable-source-dest-check": "clouds are not configured here",
  "auto-mtu": "the uplink's MTU is used; cni.mtu sets another",
};

/** Blocks that addresses of a kind come from. */
const RANGE_FLAGS: Readonly<Record<string, string>> = {
  ExternalIP: "service-external-ip-range",
  LoadBalancerIP: "loadbalancer-ip-range",
};

const SERVICE_FLAGS = {
  "advertise-cluster-ip": "ClusterIP",
  "advertise-external-ip": "ExternalIP",
  "advertise-loadbalancer-ip": "LoadBalancerIP",
} as const;

const ranges = new Set(Object.values(RANGE_FLAGS));

/** The flags of kube-router's containers, and what they say in our words. */
export class Flags {
  readonly #given: ReadonlyMap<string, string>;

  constructor(given: ReadonlyMap<string, string>) {
    this.#given = given;
  }

  serviceKinds(): string[] {
    return Object.entries(SERVICE_FLAGS).flatMap(([flag, kind]) => (this.#truth(flag, false) ? [kind] : []));
  }

  /** Kinds without a range of their own are one advertisement. */
  serviceAdvertisements(): object[] {
    const kinds = Map.groupBy(this.serviceKinds(), (kind) => this.#given.get(RANGE_FLAGS[kind] ?? "") ?? "");
    return Array.from(kinds, ([range, addresses]) => ({ addresses, cidrs: listOf(range) }));
  }

  /** What routers outside are told to send to. */
  nextHop(): string | undefined {
    return this.#truth("override-nexthop", false) ? "Self" : undefined;
  }

  configuration(): object {
    return {
      asNumber: this.#given.get("cluster-asn"),
      listenPort: this.#number("bgp-port"),
      // Without a full mesh kube-router still joins the nodes of one AS, which is what Full is here.
      nodeMesh: this.#truth("enable-ibgp", true) ? "Full" : "Disabled",
      podCIDRs: this.#truth("advertise-pod-cidr", true) ? undefined : { enabled: false },
      timers: { holdTime: this.#given.get("bgp-holdtime") },
      gracefulRestart: {
        enabled: this.#given.has("bgp-graceful-restart") ? this.#truth("bgp-graceful-restart", false) : undefined,
        restartTime: this.#given.get("bgp-graceful-restart-time"),
      },
      cni: this.#truth("enable-cni", true) ? { enabled: true } : undefined,
      masquerade: this.#truth("enable-pod-egress", true) ? { enabled: true } : undefined,
      kernel: { setSysctls: true },
    };
  }

  /** Neighbours of all nodes. */
  peers() {
    return {
      addresses: this.#list("peer-router-ips"),
      asNumbers: this.#list("peer-router-asns"),
      ports: this.#list("peer-router-ports"),
      passwords: this.#list("peer-router-passwords"),
      localAddresses: [],
      multihop: this.#number("peer-router-multihop-ttl"),
    };
  }

  #truth(flag: string, absent: boolean): boolean {
    const value = this.#given.get(flag);
    return value === undefined ? absent : value === "" || value === "true" || value === "1";
  }

  /** @returns the text where it is no number: our schema says so */
  #number(flag: string): number | string | undefined {
    const value = this.#given.get(flag);
    return value === undefined || Number.isNaN(Number(value)) ? value : Number(value);
  }

  #list(flag: string): string[] {
    return listOf(this.#given.get(flag)?.replaceAll(/^"|"$/g, ""));
  }
}

/** Of texts that commas part. */
export const listOf = (text = ""): string[] =>
  text
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");

/** Of several DaemonSets, those of other programs have flags of the same names. */
const isKubeRouter = ({ name, image }: Readonly<Record<string, unknown>>): boolean =>
  [name, image].some((text) => typeof text === "string" && text.includes("kube-router"));

/** Reads the flags of kube-router's containers, in whichever DaemonSet they are. */
export function readFlags(objects: readonly ForeignObject[], outcome: Outcome): Flags {
  const given = new Map<string, string>();
  const sets = objects.filter(({ kind, raw }) => kind === "DaemonSet" && containersOf(raw).some(isKubeRouter));
  if (sets.length === 0)
    outcome.remark("no DaemonSet of kube-router is among the objects given: its defaults are assumed");
  for (const { name, raw } of sets) {
    outcome.about(`DaemonSet/${name}`);
    for (const [flag, value] of containersOf(raw).filter(isKubeRouter).flatMap(argumentsOf)) {
      const what = FLAGS[flag];
      if (
        what === undefined &&
        /^(run|v$|kubeconfig|master|iptables|ipvs|metrics|health|hostname|service|hairpin|masquerade|nodeport)/.test(
          flag,
        )
      )
        continue; // about other things than routing
      if (what !== "taken") outcome.remark(`--${flag}: ${what ?? "not known here, left out"}`);
      const before = given.get(flag);
      given.set(flag, before !== undefined && ranges.has(flag) ? `${before},${value}` : value);
    }
  }
  return new Flags(given);
}

function containersOf(raw: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>[] {
  const inside = (value: unknown, key: string): unknown => (isMapping(value) ? value[key] : undefined);
  const containers = inside(inside(inside(raw.spec, "template"), "spec"), "containers");
  return Array.isArray(containers) ? containers.filter(isMapping) : [];
}

/** `--flag=value`, `--flag value`, `--flag`. */
function argumentsOf(container: Readonly<Record<string, unknown>>): [string, string][] {
  const words = [container.command, container.args].flatMap((list) => (Array.isArray(list) ? list.map(String) : []));
  return words.flatMap((word, index): [string, string][] => {
    const [, flag, value] = /^--?([a-z][\w-]*)(?:=(.*))?$/s.exec(word) ?? [];
    if (flag === undefined) return [];
    const next = words[index + 1];
    return [[flag, value ?? (next === undefined || next.startsWith("-") ? "" : next)]];
  });
}
