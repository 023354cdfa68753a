/** How patches change objects: JSON merge patch (RFC 7396) and Kubernetes' strategic merge. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [field: string]: Json };
export type JsonObject = { readonly [field: string]: Json };

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
export const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

/** Lists that are merged by a key, whatever object they stand in. */
export const listKeys: Readonly<Record<string, string>> = { conditions: "type", addresses: "type" };

/** RFC 7396 §2: null removes, lists are replaced. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const merged: Record<string, Json> = isObject(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete merged[field];
    else merged[field] = mergePatch(merged[field], value);
  }
  return merged;
}

/** As a merge patch, but lists of `listKeys` are merged element by element: the patched ones come first, as recorded. */
export function strategicMerge(target: Json | undefined, patch: Json, field = ""): Json {
  const key = listKeys[field];
  if (key !== undefined && isList(patch)) return mergeList(isList(target) ? target : [], patch, key);
  if (!isObject(patch)) return patch;
  const merged: Record<string, Json> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = strategicMerge(merged[name], value, name);
  }
  return merged;
}

function mergeList(target: readonly Json[], patch: readonly Json[], key: string): readonly Json[] {
  const keyOf = (element: Json): Json | undefined => (isObject(element) ? element[key] : undefined);
  const added = patch.filter((element) => !target.some((other) => keyOf(other) === keyOf(element)));
  const changed = target.map((element) => {
    const change = patch.find((other) => keyOf(other) === keyOf(element));
    return change === undefined ? element : strategicMerge(element, change);
  });
  return [...added, ...changed];
}
