import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundle } from "../../tools/bundle.ts";

type Outputs = Awaited<ReturnType<typeof bundle>>["outputs"];

let folder: string;
let outputs: Outputs;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "linnet-bundle-"));
  outputs = (await bundle(folder)).outputs;
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Files that are loaded with `entry`: what it imports, and `lazily` what it may import later. */
function loadedWith(entry: string, lazily: boolean): Set<string> {
  const first = Object.keys(outputs).find((path) => basename(path) === entry);
  const found = new Set(first === undefined ? [] : [first]);
  for (const path of found)
    for (const { path: next, kind } of outputs[path]?.imports ?? [])
      if (outputs[next] && (lazily || kind !== "dynamic-import")) found.add(next);
  return found;
}

const sourcesOf = (files: Iterable<string>): string[] =>
  Array.from(files).flatMap((path) => Object.keys(outputs[path]?.inputs ?? {}));
/** What only a kubeconfig needs: the package, and our part that calls it. */
const isForKubeconfigs = (source: string): boolean =>
  source.includes("node_modules/@kubernetes/") || source.endsWith("src/k8s/io/kubeconfig-access.ts");

test.each(["main.js", "k8s-worker.js"])("%s has what reads kubeconfigs in files that a pod never loads", (entry) => {
  expect(sourcesOf(loadedWith(entry, false)).filter(isForKubeconfigs)).toEqual([]);
  const later = sourcesOf(loadedWith(entry, true)).filter(isForKubeconfigs);
  expect(later).toContain("src/k8s/io/kubeconfig-access.ts");
  expect(later.some((source) => source.endsWith("client-node/dist/config.js"))).toBe(true);
});

test("what a worker loads as a pod is small", () => {
  const octets = Array.from(loadedWith("k8s-worker.js", false), (path) => outputs[path]?.bytes ?? 0);
  expect(octets.length).toBeGreaterThan(0);
  expect(octets.reduce((sum, each) => sum + each, 0)).toBeLessThan(150_000);
});
