import type { ObjectSet } from "#config/objects.ts";
import { selects } from "#config/schema/selector.ts";
import { always, forServices, type Resource, secretNamed } from "./resources.ts";

interface SecretKeyRef {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

/**
 * What this node has to follow, by the objects it knows: Services only where their addresses are advertised, Secrets
 * only those that its own neighbours' passwords are in.
 */
export function wanted(objects: ObjectSet, nodeName: string): readonly Resource[] {
  const labels = objects.Node.get(nodeName)?.value.metadata.labels ?? {};
  const configurations = Array.from(objects.BGPConfiguration.values(), ({ value }) => value.spec);
  const services = configurations.some(({ serviceAdvertisements }) =>
    serviceAdvertisements.some(({ nodeSelector = {} }) => selects(nodeSelector, labels)),
  );
  const peers = Array.from(objects.BGPPeer.values(), ({ value }) => value.spec).filter(
    ({ nodeSelector = {}, peerSelector }) =>
      selects(nodeSelector, labels) || (peerSelector !== undefined && selects(peerSelector, labels)),
  );
  const passwords = [
    ...configurations.map(({ meshPassword }) => meshPassword),
    ...peers.map(({ password }) => password),
  ];
  const refs = passwords.flatMap((password) => password?.secretKeyRef ?? []);
  return [...always, ...(services ? forServices : []), ...secretsOf(refs)];
}

function secretsOf(refs: readonly SecretKeyRef[]): Resource[] {
  const bySecret = Map.groupBy(refs, ({ namespace, name }) => `${namespace}/${name}`);
  return Array.from(bySecret.values(), ([first, ...others]) => {
    const { namespace = "", name = "", key = "" } = first ?? {};
    return secretNamed(namespace, name, [...new Set([key, ...others.map((other) => other.key)])].sort());
  });
}
