import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { installPlugins, neededPlugins } from "#cni/io/plugins.ts";

let directory: string;
let from: string;
let to: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "linnet-plugins-"));
  [from, to] = [join(directory, "image"), join(directory, "host/opt/cni/bin")];
  mkdirSync(from);
  for (const name of neededPlugins) writeFileSync(join(from, name), `first ${name}`);
});
afterEach(() => rmSync(directory, { recursive: true }));

const outcomes = async (): Promise<Record<string, string>> => Object.fromEntries(await installPlugins(from, to));
const text = (name: string): string => readFileSync(join(to, name), "utf8");
const all = (outcome: string): Record<string, string> => Object.fromEntries(neededPlugins.map((n) => [n, outcome]));

test("missing plugins are installed, executable; twice equals once", async () => {
  expect(await outcomes()).toEqual(all("installed"));
  expect(neededPlugins.map((name) => statSync(join(to, name)).mode & 0o777)).toEqual(neededPlugins.map(() => 0o755));
  expect(await outcomes()).toEqual(all("is already as it should be"));
  expect(readdirSync(to).sort()).toEqual([".linnet-plugins", ...neededPlugins].sort());
});

test("ours follow the image; what somebody else put there stays, also in the place of ours", async () => {
  mkdirSync(to, { recursive: true });
  writeFileSync(join(to, "ptp"), "theirs");
  expect((await outcomes()).ptp).toBe("is somebody else's, left alone");
  writeFileSync(join(to, "bridge"), "theirs now");
  for (const name of neededPlugins) writeFileSync(join(from, name), `second ${name}`);
  expect(await outcomes()).toEqual({
    ...all("replaced"),
    ptp: "is somebody else's, left alone",
    bridge: "is somebody else's, left alone",
  });
  expect([text("ptp"), text("bridge"), text("host-local")]).toEqual(["theirs", "theirs now", "second host-local"]);
});

test("a plugin that the image lacks is an error, not a node without it", async () => {
  rmSync(join(from, "portmap"));
  await expect(outcomes()).rejects.toThrow(/portmap/);
});
