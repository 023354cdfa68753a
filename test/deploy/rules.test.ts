import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ApiError } from "#k8s/io/api-client.ts";
import type { JsonObject } from "../support/api-server/patch.ts";
import { real, realServer, realServerOrWhyNot, type ServerUnderTest } from "../support/api-server/under-test.ts";
import { defaulted, parts, type Refusal, refusals } from "../support/crd/schema.ts";
import { type KubernetesObject, objectsOf } from "../support/lab/manifests.ts";
import { definitions, schemaOf } from "./crd.ts";
import { manifestFiles, overlayDefaults, overlays } from "./objects.ts";

/** Validation as `kubectl apply --dry-run=server` does it: schema and defaults, then each rule in CEL. */
function judge({ kind, ...object }: KubernetesObject): Refusal[] {
  const schema = schemaOf(kind);
  const whole = { kind, ...object };
  return refusals(schema, defaulted(schema, whole));
}

const object = (kind: string, spec: object, name = "default"): KubernetesObject => ({
  apiVersion: "linnet.dev/v1alpha1",
  kind,
  metadata: { name },
  spec,
});
const configuration = (spec: object, name?: string): KubernetesObject => object("BGPConfiguration", spec, name);
const tor = (spec: object): KubernetesObject =>
  object("BGPPeer", { peerAddress: "192.0.2.1", asNumber: 65_000, ...spec }, "tor");
const policy = (prefix: object): KubernetesObject =>
  object("BGPPolicy", { statements: [{ match: { prefixes: [prefix] }, action: "Accept" }] }, "p");
const selector = (expression: object): KubernetesObject => tor({ nodeSelector: { matchExpressions: [expression] } });

const SECONDS = "must be 0s or whole seconds from 3s to 18h12m15s";
const AS_NUMBER = 'must be an AS number: 1 to 4294967295, or asdot like "1.10"';
const COMMUNITY =
  'must be a community: two numbers up to 65535 like "65000:100", or one of graceful-shutdown, blackhole, no-export, no-advertise, no-export-subconfed, no-peer';

/** Object, the field that the sentence is about, the sentence. Every rule of every definition has a row. */
const refused: readonly (readonly [KubernetesObject, string, string])[] = [
  [configuration({}, "other"), "metadata.name", "the only BGPConfiguration is named default"],
  [
    object("BGPPeer", { asNumber: 65_000 }, "x"),
    "spec",
    "exactly one of peerAddress, peerSelector and defaultGateway must be given, or interface alone",
  ],
  [
    tor({ peerSelector: {} }),
    "spec",
    "exactly one of peerAddress, peerSelector and defaultGateway must be given, or interface alone",
  ],
  [
    object("BGPPeer", { peerAddress: "192.0.2.1" }, "x"),
    "spec.asNumber",
    "asNumber must be given with peerAddress, defaultGateway or interface: a number, internal or external",
  ],
  [
    object("BGPPeer", { peerSelector: {}, asNumber: 1 }, "x"),
    "spec.asNumber",
    "asNumber must not be given with peerSelector: the nodes' own AS numbers are used",
  ],
  [
    object("BGPPeer", { interface: "eth1" }, "x"),
    "spec.asNumber",
    "asNumber must be given with peerAddress, defaultGateway or interface: a number, internal or external",
  ],
  [
    object("BGPPeer", { interface: "eth1", asNumber: "external", ebgpMultihop: 2 }, "x"),
    "spec.ebgpMultihop",
    "ebgpMultihop must not be given with interface alone: the neighbour is on the link",
  ],
  [
    object("BGPPeer", { interface: "eth1", asNumber: "external", sourceAddress: "2001:db8::1" }, "x"),
    "spec.sourceAddress",
    "sourceAddress must be link-local with interface alone: the link needs no other addresses",
  ],
  [tor({ peerAddress: "FE80::1" }), "spec.interface", "interface must be given with a link-local peerAddress"],
  [
    tor({ ebgpMultihop: 2, ttlSecurity: 1 }),
    "spec.ttlSecurity",
    "only one of ebgpMultihop and ttlSecurity can be given",
  ],
  [
    object("BGPPeer", { peerSelector: {}, reflectorClient: true }, "x"),
    "spec.reflectorClient",
    "reflectorClient goes without peerSelector: among nodes, reflectors are named in BGPConfiguration",
  ],
  [
    object("BGPPeer", { defaultGateway: "IPv4", asNumber: 1, interface: "eth0" }, "x"),
    "spec.interface",
    "interface must not be given with defaultGateway: it is that of the route",
  ],
  [tor({ sourceAddress: "2001:db8::1" }), "spec.sourceAddress", "sourceAddress and peerAddress must be of one family"],
  [tor({ peerAddress: "192.0.2.1/24" }), "spec.peerAddress", "must be an IP address, without prefix length and zone"],
  [
    tor({ peerAddress: "fe80::1%eth0", interface: "eth0" }),
    "spec.peerAddress",
    "must be an IP address, without prefix length and zone",
  ],
  [
    selector({ key: "a", operator: "In" }),
    "spec.nodeSelector.matchExpressions[0].values",
    "In and NotIn need values; Exists and DoesNotExist take none",
  ],
  [
    selector({ key: "a", operator: "Exists", values: ["b"] }),
    "spec.nodeSelector.matchExpressions[0].values",
    "In and NotIn need values; Exists and DoesNotExist take none",
  ],
  [
    tor({ timers: { holdTime: "2s" } }),
    "spec.timers.holdTime",
    "must be 0s or whole seconds from 3s to 18h12m15s, like 90s or 1m30s",
  ],
  [tor({ timers: { keepaliveTime: "500ms" } }), "spec.timers.keepaliveTime", "must be 1s to 6h4m5s, like 90s or 1m30s"],
  [tor({ timers: { connectRetryTime: "2h" } }), "spec.timers.connectRetryTime", "must be 1s to 1h, like 90s or 1m30s"],
  [tor({ timers: { idleHoldTime: "1ms" } }), "spec.timers.idleHoldTime", "must be 100ms to 10m, like 90s or 1m30s"],
  [
    tor({ timers: { holdTime: "9s", keepaliveTime: "9s" } }),
    "spec.timers.keepaliveTime",
    "keepaliveTime must be shorter than holdTime; a third of it or less is good",
  ],
  [
    tor({ gracefulRestart: { restartTime: "2h" } }),
    "spec.gracefulRestart.restartTime",
    "must be whole seconds from 0s to 1h8m15s, like 90s or 1m30s",
  ],
  [
    tor({ gracefulRestart: { deferralTime: "0s" } }),
    "spec.gracefulRestart.deferralTime",
    "must be 1s to 1h, like 90s or 1m30s",
  ],
  [
    policy({ cidr: "10.244.0.0" }),
    "spec.statements[0].match.prefixes[0].cidr",
    "must be a CIDR: ADDRESS/LENGTH like 10.244.3.0/24",
  ],
  [
    policy({ cidr: "10.244.3.1/16" }),
    "spec.statements[0].match.prefixes[0].cidr",
    "10.244.3.1/16 has host bits set: write the first address of the block, like 10.244.3.0/24",
  ],
  [
    policy({ cidr: "fd00::1/64" }),
    "spec.statements[0].match.prefixes[0].cidr",
    "fd00::1/64 has host bits set: write the first address of the block, like 10.244.3.0/24",
  ],
  [
    policy({ cidr: "10.0.0.0/8", ge: 4 }),
    "spec.statements[0].match.prefixes[0]",
    "must hold: length of the block <= ge <= le <= 32 (IPv4) or 128 (IPv6)",
  ],
  [
    policy({ cidr: "10.0.0.0/8", le: 33 }),
    "spec.statements[0].match.prefixes[0]",
    "must hold: length of the block <= ge <= le <= 32 (IPv4) or 128 (IPv6)",
  ],
  [
    policy({ cidr: "10.0.0.0/8", ge: 24, le: 16 }),
    "spec.statements[0].match.prefixes[0]",
    "must hold: length of the block <= ge <= le <= 32 (IPv4) or 128 (IPv6)",
  ],
  [
    configuration({ drain: { taints: ["node.kubernetes.io/unschedulable"] } }),
    "spec.drain.taints",
    "taints must not name node.kubernetes.io/unschedulable: a node that is only cordoned keeps its pods and its routes",
  ],
  [
    configuration({ drain: { withdrawAfter: "2h" } }),
    "spec.drain.withdrawAfter",
    "must be 0s to 1h, like 90s or 1m30s",
  ],
  [
    configuration({ reflectors: [{ clusterId: "0.0.0.0", nodeSelector: {} }] }),
    "spec.reflectors[0].clusterId",
    'must be like "10.0.0.1"',
  ],
  [tor({ asNumber: "AS65000" }), "spec.asNumber", `${AS_NUMBER}, or internal, or external`],
  [tor({ asNumber: "6500000.1" }), "spec.asNumber", `${AS_NUMBER}, or internal, or external`],
  [tor({ localAsNumber: "internal" }), "spec.localAsNumber", AS_NUMBER],
  [configuration({ asNumber: "private" }), "spec.asNumber", AS_NUMBER],
  [tor({ sourceAddress: "NodeIP" }), "spec.sourceAddress", "must be an IP address, NodeAddress or Any"],
  [configuration({ listenAddresses: ["Any"] }), "spec.listenAddresses[0]", "must be an IP address or NodeAddress"],
  [tor({ timers: { holdTime: "90" } }), "spec.timers.holdTime", `${SECONDS}, like 90s or 1m30s`],
  [tor({ timers: { holdTime: "4.5s" } }), "spec.timers.holdTime", `${SECONDS}, like 90s or 1m30s`],
  [
    tor({ interface: "eth 0" }),
    "spec.interface",
    "must be an interface name: at most 15 characters, without spaces, slashes and colons",
  ],
  [configuration({ podCIDRs: { communities: ["65000"] } }), "spec.podCIDRs.communities[0]", COMMUNITY],
  [configuration({ podCIDRs: { communities: ["no-exports"] } }), "spec.podCIDRs.communities[0]", COMMUNITY],
  [configuration({ podCIDRs: { communities: ["70000:1"] } }), "spec.podCIDRs.communities[0]", COMMUNITY],
  [
    configuration({ podCIDRs: { largeCommunities: ["1:2"] } }),
    "spec.podCIDRs.largeCommunities[0]",
    'must be a large community: three numbers up to 4294967295 like "65000:1:2"',
  ],
  [
    configuration({ cni: { networkName: "-x" } }),
    "spec.cni.networkName",
    "must begin with a letter or a digit; then letters, digits, _, . and - only",
  ],
  [
    configuration({ cni: { path: "etc/linnet.conf" } }),
    "spec.cni.path",
    "must be an absolute path that ends in .conflist",
  ],
];

const listed = refused.map(([judged, path, text]) => ({ judged, path, text }));

test.each(listed)("$path is refused: $text", ({ judged, path, text }) => {
  expect(judge(judged)).toContainEqual(expect.objectContaining({ path, text }));
});

test("every rule of every definition refuses something here", () => {
  const used = new Set(refused.flatMap(([judged]) => judge(judged).map(({ rule }) => rule)));
  const all = definitions.flatMap(({ spec }) =>
    [...parts(schemaOf(spec.names.kind))].flatMap(([path, schema]) =>
      (schema["x-kubernetes-validations"] ?? []).map(({ rule }) => ({ rule, path: `${spec.names.kind}.${path}` })),
    ),
  );
  expect(all.length).toBeGreaterThan(20);
  expect(all.filter(({ rule }) => !used.has(rule))).toEqual([]);
});

const root = join(import.meta.dirname, "../..");
const valid = [
  ...globSync("examples/*/*.yaml", { cwd: root }).map(
    (file) => [file, readFileSync(join(root, file), "utf8")] as const,
  ),
  ...overlays.map((overlay) => [`deploy/overlays/${overlay}`, overlayDefaults(overlay)] as const),
];

test.each(valid)("nothing in %s is refused", (_file, text) => {
  const ours = objectsOf(text).filter(({ apiVersion }) => apiVersion.startsWith("linnet.dev/"));
  expect(ours.flatMap((each) => judge(each))).toEqual([]);
});

test("examples are looked at", () => {
  expect(valid.length).toBeGreaterThan(6);
});

const misshapen = [
  [tor({ peerAdress: "192.0.2.2" }), "spec.peerAdress", "unknown field"],
  [tor({ asNumber: 4_294_967_296 }), "spec.asNumber", "should be at most 4294967295"],
  [configuration({ overrides: [{ nodeSelector: {}, asNumber: "AS1" }] }), "spec.overrides[0].asNumber", "should match"],
  [tor({ families: ["IPv5"] }), "spec.families[0]", "supported values: IPv4, IPv6"],
  [tor({ allowOwnAs: 11 }), "spec.allowOwnAs", "should be at most 10"],
  [object("BGPPolicy", { statements: [{}] }), "spec.statements[0]", "action: required"],
] as const;

test.each(misshapen)("the schema refuses: %j", (judged, path, text) => {
  expect(judge(judged)).toContainEqual(expect.objectContaining({ path, text: expect.stringContaining(text) }));
});

describe.runIf(realServer !== undefined)(`a real API server (${realServerOrWhyNot})`, () => {
  let server: ServerUnderTest;
  beforeAll(async () => {
    server = await real();
  }, 60_000);
  afterAll(() => server.stop());

  /** As `kubectl apply --dry-run=server` sends it. @returns what the server has against it */
  async function said({ kind, ...rest }: KubernetesObject): Promise<string> {
    const plural = definitions.find(({ spec }) => spec.names.kind === kind)?.spec.names.plural;
    const query = { dryRun: "All", fieldManager: "test", fieldValidation: "Strict" };
    const path = `/apis/linnet.dev/v1alpha1/${plural}`;
    try {
      await server.client.request({ method: "POST", path, query, body: { kind, ...rest } as JsonObject });
      return "";
    } catch (error) {
      if (error instanceof ApiError && error.fault.kind === "status") return error.message;
      throw error;
    }
  }

  test.each(listed)("refuses $path with the same sentence: $text", async ({ judged, path, text }) => {
    const sentence = await said(judged);
    expect(sentence).toContain(text);
    const worded = ["Invalid value", "Required value", "Forbidden"].map((how) => `${path}: ${how}: `);
    expect(worded.filter((words) => sentence.includes(words))).not.toEqual([]);
    expect(sentence).not.toContain("<nil>");
  });

  test.each(misshapen)("refuses by the schema: %j", async (judged, path) => {
    expect(await said(judged)).toContain(path);
  });

  test.each([...manifestFiles])("takes deploy/%s", async (_file, objects) => {
    for (const object of objects) {
      const { apiVersion, kind, metadata } = object;
      const root = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
      const namespace = metadata.namespace === undefined ? "" : `/namespaces/${metadata.namespace}`;
      await server.client.request({
        method: "PATCH",
        path: `${root}${namespace}/${kind.toLowerCase()}s/${metadata.name}`,
        query: { dryRun: "All", fieldManager: "test", force: "true", fieldValidation: "Strict" },
        contentType: "application/apply-patch+yaml",
        body: object,
      });
    }
  });

  test.each(valid)("takes %s", async (_file, text) => {
    const ours = objectsOf(text).filter(({ apiVersion }) => apiVersion.startsWith("linnet.dev/"));
    expect(await Promise.all(ours.map(said))).toEqual(ours.map(() => ""));
  });
});
