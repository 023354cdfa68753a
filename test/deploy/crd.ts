import type { Schema } from "../support/crd/schema.ts";
import { manifestFiles } from "./objects.ts";

/** A CustomResourceDefinition, as far as tests look at it. */
interface Definition {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string; readonly plural: string; readonly singular: string };
    readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

export const definitions = [...manifestFiles.values()]
  .flat()
  .filter(({ kind }) => kind === "CustomResourceDefinition") as unknown as readonly Definition[];

/** The schema of a kind of ours. */
export function schemaOf(kind: string): Schema {
  const schema = definitions.find(({ spec }) => spec.names.kind === kind)?.spec.versions[0]?.schema.openAPIV3Schema;
  if (schema === undefined) throw new Error(`${kind} has no definition`);
  return schema;
}
