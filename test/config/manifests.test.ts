import fc from "fast-check";
import { expect, test } from "vitest";
import { formatRemark, readManifest } from "#config/manifests.ts";
import { nodeYaml, ourYaml } from "./objects-of.ts";

const said = (text: string): string[] =>
  readManifest("m.yaml", text).flatMap((reading) =>
    reading.is === "invalid" ? reading.remarks.map(formatRemark) : [],
  );
const names = (text: string): string[] =>
  readManifest("m.yaml", text).map((reading) => {
    return reading.is === "object" ? `${reading.object.kind}/${reading.object.name}` : reading.is;
  });

const peer = (lines: string): string =>
  `apiVersion: linnet.dev/v1alpha1\nkind: BGPPeer\nmetadata:\n  name: tor\nspec:\n  peerAddress: 10.0.0.1\n${lines}`;

test("documents, Lists in Lists, and JSON are all taken apart", () => {
  const one = nodeYaml("n1", ["10.0.0.1"], []);
  const list = (...items: unknown[]): object => ({ apiVersion: "v1", kind: "List", items });
  const node = (name: string): object => ({ apiVersion: "v1", kind: "Node", metadata: { name } });
  expect(names(`${one}# nothing here\n---\n${nodeYaml("n2", [], [])}...\n`)).toEqual(["Node/n1", "Node/n2"]);
  expect(names(JSON.stringify(list(node("a"), list(node("b")))))).toEqual(["Node/a", "Node/b"]);
  expect(names(JSON.stringify(list(node("a")), undefined, "\t"))).toEqual(["Node/a"]);
  expect(names("")).toEqual([]);
  expect(names("---\n---\n# only remarks\n")).toEqual([]);
});

test("objects with a namespace are named with it", () => {
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "s", namespace: "kube-system" } };
  expect(names(JSON.stringify(secret))).toEqual(["Secret/kube-system/s"]);
});

test.each<[what: string, text: string, expected: string[]]>([
  [
    "a wrong value in the second document",
    `${nodeYaml("n1", [], [])}---\n${peer("  asNumber: 0\n")}`,
    ['m.yaml:10: BGPPeer/tor: spec.asNumber: 0 is not an AS number: write 1 to 4294967295, or asdot like "1.10"'],
  ],
  [
    "a misspelt field, and the one that was meant",
    peer("  asNumber: 1\n  pasive: true\n"),
    ["m.yaml:8: BGPPeer/tor: spec.pasive: unknown field; did you mean passive?"],
  ],
  [
    "a field that was never heard of, and those that are known",
    peer("  asNumber: 1\n  timers:\n    bananas: 3\n"),
    [
      "m.yaml:9: BGPPeer/tor: spec.timers.bananas: unknown field; known are holdTime, keepaliveTime, connectRetryTime, idleHoldTime",
    ],
  ],
  [
    "fields that belong together",
    peer("  peerSelector: {}\n  asNumber: 1\n"),
    [
      "m.yaml:5: BGPPeer/tor: spec: exactly one of peerAddress, peerSelector and defaultGateway must be given, or interface alone",
      "m.yaml:8: BGPPeer/tor: spec.asNumber: asNumber must not be given with peerSelector: the nodes' own AS numbers are used",
    ],
  ],
  [
    "a value of another type",
    peer("  asNumber: 1\n  passive: 1\n"),
    ["m.yaml:8: BGPPeer/tor: spec.passive: 1 is not true or false"],
  ],
  [
    "a list for a mapping",
    peer("  asNumber: 1\n  timers: []\n  nodeSelector: {matchLabels: [a]}\n"),
    [
      'm.yaml:9: BGPPeer/tor: spec.nodeSelector.matchLabels: ["a"] is not a mapping',
      "m.yaml:8: BGPPeer/tor: spec.timers: [] is not a mapping",
    ],
  ],
  [
    "a choice",
    peer("  asNumber: 1\n  nextHop: Me\n"),
    ['m.yaml:8: BGPPeer/tor: spec.nextHop: "Me" is none of Auto, Self, Unchanged'],
  ],
  [
    "a range",
    peer("  asNumber: 1\n  port: 70000\n"),
    ["m.yaml:8: BGPPeer/tor: spec.port: 70000 is too large: at most 65535"],
  ],
  [
    "an item of a list",
    peer("  asNumber: 1\n  families:\n  - IPv4\n  - IPv5\n"),
    ['m.yaml:10: BGPPeer/tor: spec.families[1]: "IPv5" is none of IPv4, IPv6'],
  ],
  [
    "an item of a List",
    `apiVersion: v1\nkind: List\nitems:\n- ${nodeYaml("n1", [], []).slice(4)}- apiVersion: v1\n  kind: Node\n  metadata: {name: n2}\n  spec:\n    podCIDRs:\n    - 10.0.0.0/24\n    - 10.0.1.1/24\n`,
    ["m.yaml:11: Node/n2: spec.podCIDRs[1]: 10.0.1.1/24 has host bits set; did you mean 10.0.1.0/24?"],
  ],
  [
    "an annotation, whose name has dots",
    nodeYaml("n1", [], [], { annotations: { "linnet.dev/as-number": "x" } }),
    [
      'm.yaml:2: Node/n1: metadata.annotations[linnet.dev/as-number]: "x" is not an AS number: write 1 to 4294967295, or asdot like "1.10"',
    ],
  ],
  [
    "a field that is missing",
    "apiVersion: linnet.dev/v1alpha1\nkind: BGPPolicy\nmetadata:\n  name: p\nspec:\n  statements:\n  - match: {}\n",
    ["m.yaml:7: BGPPolicy/p: spec.statements[0].action: must be given"],
  ],
  [
    "a name that is missing",
    "apiVersion: v1\nkind: Node\nmetadata: {}\n",
    ["m.yaml:3: Node/?: metadata.name: must be given"],
  ],
  [
    "a kind of ours that is not there",
    "apiVersion: linnet.dev/v1alpha1\nkind: BGPPear\nmetadata: {name: a}\n",
    ["m.yaml:2: BGPPear/a: kind: linnet.dev has no kind BGPPear; did you mean BGPPeer?"],
  ],
  [
    "another version of ours",
    "apiVersion: linnet.dev/v1\nkind: BGPPeer\nmetadata: {name: a}\n",
    ["m.yaml:1: BGPPeer/a: apiVersion: must be linnet.dev/v1alpha1, not linnet.dev/v1"],
  ],
  [
    "no apiVersion",
    "kind: Node\nmetadata: {name: a}\n",
    ["m.yaml:1: Node/a: apiVersion: must be given, like v1 or linnet.dev/v1alpha1"],
  ],
  ["no mapping", "- 1\n", ["m.yaml:1: object: must be a mapping with apiVersion, kind and metadata"]],
  [
    "bad YAML",
    "a: 1\nb: [1\nc: 2\n",
    [
      "m.yaml:3: manifest: cannot be read: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
  ],
  ["the same key twice", "a: 1\na: 2\n", ["m.yaml:2: manifest: cannot be read: Map keys must be unique"]],
  [
    "the wrong name of the singleton",
    ourYaml("BGPConfiguration", "mine", {}),
    [
      'm.yaml:2: BGPConfiguration/mine: metadata.name: only one BGPConfiguration is used, and its name must be "default"',
    ],
  ],
])("an error names file, line, object and field: %s", (_, text, expected) => {
  expect(said(text)).toEqual(expected);
});

test("a Secret's value never stands in an error", () => {
  const secret =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: 12345}\ndata: {b: 'not base64 hunter2'}\n";
  expect(said(secret)).toEqual([
    "m.yaml:5: Secret/s: data.b: must be text in base64",
    "m.yaml:4: Secret/s: stringData.a: must be text",
  ]);
});

test("objects of other groups and kinds are left alone", () => {
  const foreign = ["v1 ConfigMap", "apps/v1 DaemonSet", "projectcalico.org/v3 BGPPeer"];
  for (const what of foreign) {
    const [apiVersion, kind] = what.split(" ");
    const [reading] = readManifest("m.yaml", JSON.stringify({ apiVersion, kind, metadata: { name: "a" } }));
    expect(reading).toEqual({ is: "foreign", what: `${what}/a` });
  }
});

test("a small file cannot blow up through aliases", () => {
  const levels = Array.from({ length: 9 }, (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(9)}]`);
  const [reading] = readManifest("m.yaml", `l0: &l0 [a]\n${levels.join("\n")}\n`);
  expect(reading).toMatchObject({ is: "invalid" });
});

const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom("", "10.0.0.0/8", "fd00::1/64", "1.10", "90s", "default", "external", "65000:1"),
    fc.anything({ maxDepth: 2 }),
    fc.array(tie("any"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("spec", "name", "statements", "match", "peerAddress", "timers", "items"), tie("any")),
  ),
})).any;

test("whatever a manifest holds, it is read or reported: objects of our kinds with any content", () => {
  const kind = fc.constantFrom("Node", "Secret", "BGPConfiguration", "BGPPeer", "BGPPolicy", "List", "__proto__");
  const version = fc.constantFrom("v1", "linnet.dev/v1alpha1");
  fc.assert(
    fc.property(kind, version, value, value, (kindName, apiVersion, metadata, spec) => {
      const text = JSON.stringify({ apiVersion, kind: kindName, metadata, spec, items: spec });
      expect(Array.isArray(said(text))).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test("whatever a manifest holds, it is read or reported: octets that were cut, swapped and repeated", () => {
  const good = `${nodeYaml("n1", ["10.0.0.1"], ["10.1.0.0/24"])}---\n${peer("  asNumber: 65000\n  families: [IPv4]\n")}`;
  const edit = fc.record({
    at: fc.nat(good.length),
    drop: fc.nat(20),
    put: fc.oneof(
      fc.string({ maxLength: 6 }),
      fc.constantFrom("---\n", "\n", "\t", "&a ", "*a", "<<: ", "!!js ", "? ", "%YAML 9", "|\n", "\u0000", "\ud800"),
    ),
  });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 5 }), (edits) => {
      let text = good;
      for (const { at, drop, put } of edits) text = text.slice(0, at) + put + text.slice(at + drop);
      for (const line of said(text)) expect(line).toMatch(/^m\.yaml:\d+: /);
    }),
    { numRuns: 500 },
  );
});

test("a byte order mark and the line ends of other systems change nothing, lines are counted all the same", () => {
  const text = `${nodeYaml("n1", ["10.0.0.1"], [])}---\n${peer("  asNumber: external\n  port: 70000\n")}`;
  const [plain, foreign] = [text, `\uFEFF${text.replaceAll("\n", "\r\n")}`];
  expect(said(plain)).toEqual([expect.stringContaining("spec.port: 70000 is too large")]);
  expect(said(foreign)).toEqual(said(plain));
  expect(names(foreign)).toEqual(names(plain));
  expect(names(`\uFEFF${JSON.stringify({ apiVersion: "v1", kind: "Node", metadata: { name: "a" } })}`)).toEqual([
    "Node/a",
  ]);
});
