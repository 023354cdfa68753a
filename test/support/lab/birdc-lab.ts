import { mkdirSync, writeFileSync } from "node:fs";
import { Bird } from "./bird.ts";
import { Lab } from "./lab.ts";
import { LinnetProcess, type Manifest } from "./linnet-process.ts";
import type { Announcement, SessionConfig, SpeakerConfig } from "./neighbour.ts";
import { until } from "./until.ts";

/** The lab in which BIRD was recorded, with Linnet in its place: neighbours of every kind and in every state. */

const AS = 64512;
const v4 = (host: number): string => `172.30.0.${host}`;
const v6 = (host: number): string => `fd00:172:30::${host}`;

/** Names of the recordings' protocols here. */
export const names: Readonly<Record<string, string>> = {
  ibgp_b4: "Global_172_30_0_2",
  ibgp_b6: "Global_fd00_172_30__2",
  ibgp_ptp: "Global_172_30_0_2",
  ebgp_c: "Global_172_30_0_3",
  ebgp_d4: "Global_172_30_0_4",
  ebgp_d6: "Global_fd00_172_30__4",
  ebgp_d_ll: "Global_fd00_172_30__4",
  lim_restart: "Global_172_30_0_22",
  bad_as: "Global_172_30_0_25",
  bad_md5: "Global_172_30_0_26",
  refused: "Global_172_30_0_9",
  noproto: "Global_172_30_0_28",
  nohost: "Global_172_30_0_99",
  passive1: "Global_172_30_0_50",
  disabled1: "Global_172_30_0_51",
  nolink: "Global_192_0_2_1",
  mhop: "Global_192_0_2_2",
  kernel4: "kernel1",
  kernel6: "kernel2",
  static4: "static1",
  static6: "static2",
  pods_only: "'pods-only'",
};

const told = (...prefixes: readonly string[]): Announcement[] => prefixes.map((prefix) => ({ prefix }));

/** A BIRD on a host of its own. */
interface Other {
  readonly host: number;
  readonly as: number;
  readonly sessions: readonly Partial<SessionConfig>[];
  readonly routes: readonly Announcement[];
}

const dualStack = [{ families: [4] }, { families: [6] }] as const;

const others: readonly Other[] = [
  {
    host: 2,
    as: AS,
    sessions: dualStack,
    routes: told("10.244.2.0/24", "10.244.22.0/24", "10.244.5.0/24", "10.0.0.2/32", "fd00:10:244:2::/64"),
  },
  {
    host: 3,
    as: 64513,
    sessions: [{ password: "s3cret-md5" }],
    routes: [
      ...told("0.0.0.0/0", "10.244.3.0/24", "10.100.0.0/24", "198.51.100.0/24", "198.51.100.128/25", "10.50.0.0/16"),
      ...told("10.244.13.0/24", "10.244.14.0/24", "10.99.2.0/24", "203.0.113.0/24"),
      ...told("fd00:10:244:3::/64", "2001:db8:bad::/48"),
      {
        prefix: "10.244.30.0/24",
        communities: ["64513:30", "65535:666", "64512:3"],
        extendedCommunities: ["rt:64513:30"],
        largeCommunities: ["64513:1:30"],
      },
      { prefix: "10.244.31.0/24", origin: "egp", communities: ["64512:3"] },
      { prefix: "10.244.32.0/24", communities: ["64512:3"] },
      { prefix: "10.244.33.0/24", origin: "incomplete" },
    ],
  },
  {
    host: 4,
    as: 64514,
    sessions: dualStack,
    routes: told("10.244.4.0/24", "10.244.3.0/24", "10.100.0.0/24", "fd00:10:244:4::/64"),
  },
  {
    host: 22,
    as: 64522,
    sessions: [{ families: [4] }],
    routes: told("10.244.101.0/24", "10.244.102.0/24", "10.244.103.0/24", "10.244.104.0/24"),
  },
  { host: 25, as: 64525, sessions: [{ families: [4] }], routes: [] },
  { host: 26, as: 64526, sessions: [{ families: [4], password: "another" }], routes: [] },
];

function settingsOf({ host, as, sessions, routes }: Other): SpeakerConfig {
  const common = { remoteAs: AS, gracefulRestart: 120, holdSeconds: 240 };
  return {
    as,
    routerId: `10.0.0.${host}`,
    nextHops: { 4: v4(host), 6: v6(host) },
    sessions: sessions.map((session) => {
      const at = session.families?.[0] === 6 ? v6 : v4;
      return { ...common, local: at(host), remote: at(1), ...session };
    }),
    routes,
  };
}

const object = (kind: string, name: string, spec: object): Manifest => ({
  apiVersion: "linnet.dev/v1alpha1",
  kind,
  metadata: { name },
  spec,
});

const secret = (name: string): object => ({ secretKeyRef: { name, key: "password" } });

const node = (name: string, addresses: readonly string[], routerId?: string): Manifest => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, ...(routerId && { annotations: { "linnet.dev/router-id": routerId } }) },
  status: { addresses: addresses.map((address) => ({ type: "InternalIP", address })) },
});

const peer = (name: string, peerAddress: string, asNumber: number, more: object = {}): Manifest =>
  object("BGPPeer", name, {
    peerAddress,
    asNumber,
    importPolicies: ["from-c"],
    exportPolicies: ["pods-only"],
    advertise: ["Static"],
    timers: { holdTime: "240s", connectRetryTime: "2s" },
    ...more,
  });

/** Prefixes with all that lie in them. */
const within = (...cidrs: readonly string[]): object => ({
  prefixes: cidrs.map((cidr) => ({ cidr, le: cidr.includes(":") ? 128 : 32 })),
});

/** Everything that Linnet reads there; `refused` can be left out for another configuration. */
export const manifests: readonly Manifest[] = [
  node("a", [v4(1), v6(1)], "10.0.0.1"),
  node("n60", [v4(60)]),
  object("BGPConfiguration", "default", {
    asNumber: AS,
    nodeMesh: "Full",
    advertisements: [{ cidr: "10.244.1.0/24" }, { cidr: "fd00:10:244:1::/64" }],
  }),
  object("BGPPolicy", "from-c", {
    statements: [
      { match: within("198.51.100.0/24", "2001:db8::/32"), action: "Reject" },
      { match: within("10.244.32.0/24"), set: { prepend: 2 }, action: "Accept" },
      { action: "Accept" },
    ],
  }),
  object("BGPPolicy", "pods-only", {
    statements: [
      { match: within("10.244.0.0/16", "10.100.0.0/16", "fd00:10::/32"), action: "Accept" },
      { action: "Reject" },
    ],
  }),
  ...["tor-c", "right"].map(
    (name): Manifest => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace: "kube-system" },
      stringData: { password: name === "tor-c" ? "s3cret-md5" : "right" },
    }),
  ),
  peer("b4", v4(2), AS, { reflectorClient: true, families: ["IPv4"], description: "node b (RR client)" }),
  peer("b6", v6(2), AS, { reflectorClient: true, families: ["IPv6"] }),
  peer("c", v4(3), 64513, { password: secret("tor-c"), description: "ToR c, dual stack, MD5" }),
  peer("d4", v4(4), 64514, { families: ["IPv4"], description: "ToR d v4" }),
  peer("d6", v6(4), 64514, { families: ["IPv6"] }),
  peer("limit", v4(22), 64522, { families: ["IPv4"], prefixLimit: { ipv4: 3 } }),
  peer("bad-as", v4(25), 64999, { families: ["IPv4"] }),
  peer("bad-md5", v4(26), 64526, { families: ["IPv4"], password: secret("right") }),
  peer("refused", v4(9), 64530, { families: ["IPv4"] }),
  peer("noproto", v4(28), 64528, { families: ["IPv4"] }),
  peer("nohost", v4(99), 64531, { families: ["IPv4"] }),
  peer("passive", v4(50), 64532, { families: ["IPv4"], passive: true }),
  peer("disabled", v4(51), 64533, { families: ["IPv4"] }),
  peer("nolink", "192.0.2.1", 64534, { families: ["IPv4"] }),
  peer("mhop", "192.0.2.2", 64535, { families: ["IPv4"], ebgpMultihop: 2 }),
];

export interface BirdcLab {
  readonly lab: Lab;
  readonly linnet: LinnetProcess;
  /** BIRDs by the last part of their address. */
  readonly birds: ReadonlyMap<number, Bird>;
  /** A directory of manifests with an error in it. */
  readonly broken: string;
}

/** Everybody is up who can be, and has told what there is to tell. */
export async function openBirdcLab(kind: string, flags: readonly string[] = []): Promise<BirdcLab> {
  const lab = await Lab.create(kind);
  const hosts = await Promise.all(["us", ...others.map(({ host }) => `h${host}`)].map((name) => lab.host(name)));
  const numbers = [1, ...others.map(({ host }) => host)];
  const ports = hosts.map((host, index) => {
    const number = numbers[index] ?? 0;
    return { host, device: "eth0", addresses: [`${v4(number)}/24`, `${v6(number)}/64`] };
  });
  const middle = await lab.switch("switch", ports);
  // Here nobody listens.
  await middle.ipBatch([9, 28].map((number) => `address add ${v4(number)}/24 dev sw`));
  const [ours, ...theirs] = hosts as [(typeof hosts)[number], ...typeof hosts];
  const linnet = LinnetProcess.ofManifests(ours, "a", flags);
  linnet.write(manifests);
  const birds = new Map(others.map((other, index) => [other.host, new Bird(theirs[index] ?? ours, settingsOf(other))]));
  await Promise.all([...birds.values()].map((bird) => bird.start()));
  await linnet.start();
  const broken = ours.path("broken");
  mkdirSync(broken);
  writeFileSync(
    `${broken}/peer.yaml`,
    "apiVersion: linnet.dev/v1alpha1\nkind: BGPPeer\nmetadata: {name: x}\nspec: {peerAddress: 1}\n",
  );
  await linnet.birdc("disable", `${names.disabled1}`);
  await settled(linnet).catch((error: unknown) => {
    throw new Error(lab.logs(), { cause: error });
  });
  return { lab, linnet, birds, broken };
}

/** Everybody is up who can be, with routes that are not old ones. */
export async function settled(linnet: LinnetProcess): Promise<void> {
  let text = "";
  try {
    await until("all sessions with their routes", 60, async () => {
      text = await linnet.birdc("show", "protocols", "all");
      const imported = [...text.matchAll(/^ +Routes: +(\d+) imported/gm)].filter(([, count]) => Number(count) > 0);
      // Own prefixes in two families, five sessions of which one has both.
      return (
        imported.length >= 8 && /Idle +.*limit/i.test(text) && /Bad peer AS/.test(text) && !/Neighbor GR/.test(text)
      );
    });
  } catch (error) {
    throw new Error(text, { cause: error });
  }
}
