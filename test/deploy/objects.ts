import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type KubernetesObject, objectsOf } from "../support/lab/manifests.ts";

const folder = join(import.meta.dirname, "../../deploy");

/** Every object that stands in a file of deploy/ as it is sent: no kustomizations, no templates, no defaults. */
export const manifestFiles: ReadonlyMap<string, readonly KubernetesObject[]> = new Map(
  globSync("{base,cleanup,crds}/*.yaml", { cwd: folder })
    .filter((path) => !path.endsWith("kustomization.yaml"))
    .sort()
    .map((path) => [path, objectsOf(readFileSync(join(folder, path), "utf8"))]),
);

export const overlays: readonly string[] = ["mesh", "tor", "unnumbered", "reflectors"];

export const overlayDefaults = (overlay: string): string =>
  readFileSync(join(folder, "overlays", overlay, "defaults.yaml"), "utf8");
