import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { Target } from "../support/api-server/status.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface RoleObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
}

/** One verb on one resource, `patch linnet.dev/bgppeers/status`; with a Role, in its namespace: `… in kube-system`. */
export function permissionsOf(file: string): string[] {
  const objects = parseAllDocuments(readFileSync(file, "utf8")).map((document) => document.toJS() as RoleObject);
  return objects.flatMap(({ rules = [], metadata: { namespace } }) =>
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => permission(verb, group, resource, namespace))),
      ),
    ),
  );
}

/** What a request needs, as `permissionsOf` says it; roles of one namespace are named by it. */
export function permissionFor(verb: string, { group, plural, subresource, namespace }: Target): string {
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
  return permission(verb, group, resource, plural === "secrets" ? namespace : undefined);
}

const permission = (verb: string, group: string, resource: string, namespace: string | undefined): string =>
  `${verb} ${group === "" ? "" : `${group}/`}${resource}${namespace === undefined ? "" : ` in ${namespace}`}`;

export const rolesFile = join(import.meta.dirname, "../../deploy/base/rbac.yaml");
