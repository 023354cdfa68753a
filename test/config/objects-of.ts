import { readDirectory } from "#config/directory.ts";
import { formatRemark } from "#config/manifests.ts";
import type { ObjectSet } from "#config/objects.ts";

/** The objects of a manifest; throws where it says anything wrong. */
export function objectsOf(...texts: string[]): ObjectSet {
  const files = texts.map((text, index) => ({ path: `m${index}.yaml`, text }));
  const { objects, remarks } = readDirectory(files);
  if (remarks.length > 0) throw new Error(remarks.map(formatRemark).join("\n"));
  return objects;
}

/** A Node manifest in one line of YAML flow style. */
export function nodeYaml(name: string, addresses: string[], podCidrs: string[], metadata: object = {}): string {
  return `---\n${JSON.stringify({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, ...metadata },
    spec: { podCIDRs: podCidrs },
    status: { addresses: addresses.map((address) => ({ type: "InternalIP", address })) },
  })}\n`;
}

export function ourYaml(kind: string, name: string, spec: object, metadata: object = {}): string {
  return `---\n${JSON.stringify({ apiVersion: "linnet.dev/v1alpha1", kind, metadata: { name, ...metadata }, spec })}\n`;
}
