import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "linnet-validate-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function linnet(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "src/main.ts"), ...args], {
    encoding: "utf8",
  });
  return { status, stdout: stdout.replaceAll(`${directory}/`, ""), stderr };
}

test.each([
  ["tor", "3 Node, 1 BGPConfiguration, 2 BGPPeer, 2 BGPPolicy"],
  ["rack-as", "2 Node, 1 Secret, 1 BGPConfiguration, 2 BGPPeer, 1 BGPPolicy"],
  ["reflectors", "3 Node, 1 BGPConfiguration"],
  ["services", "1 Node, 1 Service, 1 EndpointSlice, 1 BGPConfiguration, 1 BGPPeer"],
])("the example %s is valid", (name, counts) => {
  const expected = { status: 0, stdout: `${counts}: 0 errors, 0 warnings\n`, stderr: "" };
  expect(linnet("validate", join(root, "examples", name))).toEqual(expected);
});

test("every example is among these", () => {
  const folders = readdirSync(join(root, "examples"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).sort()).toEqual(["rack-as", "reflectors", "services", "tor"]);
});

test("what is wrong is one line each, found in the manifests or between objects, and the status says so", () => {
  const node = (name: string, cidr: string): string =>
    `---\napiVersion: v1\nkind: Node\nmetadata: {name: ${name}}\nspec: {podCIDRs: [${cidr}]}\nstatus: {addresses: [{type: InternalIP, address: 10.0.0.${name.slice(1)}}]}\n`;
  writeFileSync(
    join(directory, "a.yaml"),
    node("n1", "10.1.0.0/24") + node("n2", "10.1.0.0/25") + node("n3", "10.1.1.1/24"),
  );
  expect(linnet("validate", directory)).toEqual({
    status: 1,
    stdout: [
      "a.yaml:17: Node/n3: spec.podCIDRs[0]: 10.1.1.1/24 has host bits set; did you mean 10.1.1.0/24?",
      "a.yaml:11: Node/n2: spec.podCIDRs[0]: 10.1.0.0/25 overlaps 10.1.0.0/24 of Node/n1; Node/n1 keeps it",
      "2 Node: 2 errors, 0 warnings",
      "",
    ].join("\n"),
    stderr: "",
  });
});

test("a directory that cannot be read is one sentence", () => {
  const path = join(directory, "nowhere");
  expect(linnet("validate", path)).toEqual({
    status: 2,
    stdout: "",
    stderr: `manifest directory ${path} cannot be read: it does not exist\n`,
  });
});

test("a single file is looked at alone, and what is no manifest is said", () => {
  const bgp = join(root, "examples/tor/bgp.yaml");
  expect(linnet("validate", bgp)).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^1 BGPConfiguration, .*: 0 errors/),
  });
  const text = join(directory, "notes.txt");
  writeFileSync(text, "Buy milk.");
  expect(linnet("validate", text)).toEqual({
    status: 2,
    stdout: "",
    stderr: `${text} is no manifest: its name does not end in .yaml, .yml or .json\n`,
  });
});

test("a link to nothing is an error, not silence", () => {
  symlinkSync(join(directory, "nowhere"), join(directory, "a.yaml"));
  expect(linnet("validate", directory)).toMatchObject({
    status: 1,
    stdout: "a.yaml:1: manifest: cannot be read: it is a link to nothing\nno objects: 1 errors, 0 warnings\n",
  });
});

test("a field is explained, and an unknown one suggests another", () => {
  expect(linnet("explain", "bgppeer.spec.passive").stdout).toBe(
    "BGPPeer.spec.passive: true, false\ndefault: false\n\nWait for the neighbour to dial.\n",
  );
  expect(linnet("explain", "bgppeer.spec.pasive")).toEqual({
    status: 1,
    stdout: "",
    stderr: "no field pasive; did you mean passive?\n",
  });
});
