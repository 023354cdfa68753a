import { expect, test } from "vitest";
import { readDirectory } from "#config/directory.ts";
import type { NodeConfig } from "#config/node-config.ts";
import { Configuration, type ObjectState } from "#daemon/configuration.ts";
import { type Log, silentLog } from "#lib/log.ts";
import { FakeClock, SteppedClock } from "../support/fake-clock.ts";

const node = (name: string, block: string, address: string): string => `
apiVersion: v1
kind: Node
metadata: { name: ${name} }
spec: { podCIDRs: [${block}] }
status: { addresses: [{ type: InternalIP, address: ${address} }] }
---`;
const mesh = (as: string): string => `
apiVersion: linnet.dev/v1alpha1
kind: BGPConfiguration
metadata: { name: default }
spec: { asNumber: ${as} }
---`;
const n1 = node("n1", "10.244.1.0/24", "192.0.2.1");
const n2 = node("n2", "10.244.2.0/24", "192.0.2.2");

/** A configuration whose source is text that the test changes. */
function begin(text: string) {
  let files = readDirectory([{ path: "a.yaml", text }]);
  const applied: NodeConfig[] = [];
  const lines: string[] = [];
  const say = (level: string) => (message: string) => void lines.push(`${level}: ${message}`);
  const log: Log = { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error"), with: () => log };
  const read = (path: string, other: string): ObjectState => readDirectory([{ path, text: other }], files);
  const source = {
    title: "a.yaml",
    refresh: () => Promise.resolve(files),
    read: (path: string) => Promise.resolve(read(path, mesh("64999") + n1)),
  };
  const apply = (config: NodeConfig) => void applied.push(config);
  const clock = new FakeClock();
  const configuration = new Configuration({ nodeName: "n1", source, clock, log, apply });
  configuration.provided(files);
  clock.settle();
  return {
    configuration,
    applied,
    lines,
    edit(changed: string) {
      files = readDirectory([{ path: "a.yaml", text: changed }], files);
      configuration.provided(files);
      clock.settle();
    },
  };
}

test("objects that mean the same are put in force once", () => {
  const { applied, edit } = begin(mesh("64512") + n1);
  edit(`${mesh("64512")}${n1}\n# a remark\n`);
  expect(applied.map(({ localAs }) => localAs)).toEqual([64512]);
});

test("an error is said once with its place, its end too, and what was valid stays in force", () => {
  const { configuration, applied, lines, edit } = begin(mesh("64512") + n1);
  edit(mesh('"x"') + n1);
  edit(`${mesh('"x"')}${n1}\n# a remark\n`);
  expect(applied).toHaveLength(1);
  expect(configuration.config?.localAs).toBe(64512);
  const errors = lines.filter((line) => line.startsWith("error"));
  expect(errors).toHaveLength(1);
  expect(errors[0]).toContain("a.yaml:5: BGPConfiguration/default: spec.asNumber:");
  edit(mesh("64513") + n1);
  expect(lines.at(-1)).toMatch(/^info: no longer: a.yaml:5/);
  expect(applied.at(-1)?.localAs).toBe(64513);
});

test("a node that is not there yet is run once it is", () => {
  const { applied, lines, edit } = begin(mesh("64512") + n2);
  expect(applied).toEqual([]);
  expect(lines.join()).toContain("Node/n1");
  edit(mesh("64512") + n1 + n2);
  expect(applied.map(({ peers }) => peers.length)).toEqual([1]);
});

test("check says what load would, and changes nothing", async () => {
  const { configuration, applied } = begin(mesh("64512") + n1);
  expect(await configuration.check("b.yaml")).toEqual({ changed: true, error: undefined });
  expect(applied).toHaveLength(1);
});

test("rolling back undoes the last change, whoever made it, and only that one", async () => {
  const { configuration, edit } = begin(mesh("64512") + n1);
  edit(mesh("64513") + n1);
  edit(mesh("64514") + n1);
  expect((await configuration.rollBack()).changed).toBe(true);
  expect(configuration.config?.localAs).toBe(64513);
  expect((await configuration.rollBack()).changed).toBe(false);
  expect(configuration.config?.localAs).toBe(64513);
});

test("rolling back holds the state before the load, whatever the source says, until the next load", async () => {
  const { configuration, applied, edit } = begin(mesh("64512") + n1);
  await configuration.load("b.yaml");
  expect(configuration.config?.localAs).toBe(64999);
  await configuration.rollBack();
  expect(configuration.config?.localAs).toBe(64512);
  edit(mesh("64777") + n1);
  expect(configuration.config?.localAs).toBe(64512);
  await configuration.load(undefined);
  expect(applied.map(({ localAs }) => localAs)).toEqual([64512, 64999, 64512, 64777]);
});

test("thousands of nodes are put in force in short turns, and of states that come meanwhile the newest", () => {
  const many = Array.from({ length: 3000 }, (_, at) =>
    node(`x${at}`, `10.${at >> 8}.${at & 255}.0/24`, `10.200.${at >> 8}.${at & 255}`),
  );
  const stateOf = (as: number, others: string): ObjectState =>
    readDirectory([{ path: "a.yaml", text: mesh(`${as}`) + n1 + others }]);
  const [first, second, third] = [stateOf(64511, many.join("")), stateOf(64512, ""), stateOf(64513, "")] as const;
  const clock = new SteppedClock();
  const applied: NodeConfig[] = [];
  const source = { title: "x", refresh: () => Promise.resolve(first), read: () => Promise.resolve(first) };
  const apply = (config: NodeConfig) => void applied.push(config);
  const configuration = new Configuration({ nodeName: "n1", source, clock, log: silentLog, apply });
  configuration.provided(first);
  configuration.provided(second);
  configuration.provided(third);
  expect(applied).toEqual([]);
  let turns = 0;
  while (applied.length < 1) {
    clock.turn();
    turns++;
  }
  expect(turns).toBeGreaterThan(50);
  clock.advance(1_000);
  expect(applied.map(({ localAs, peers }) => [localAs, peers.length])).toEqual([
    [64511, 3000],
    [64513, 0],
  ]);
});
