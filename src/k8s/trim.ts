import type { Shape } from "./resources.ts";

/**
 * What of `value` the shape keeps; fields that are absent stay absent. A value that does not have the shape's form is
 * kept as it is: judging it is the schema's business.
 */
export function trim(value: unknown, shape: Shape): unknown {
  if (shape === true || typeof value !== "object" || value === null) return value;
  if (isElement(shape)) return Array.isArray(value) ? trimList(value, shape) : value;
  if (Array.isArray(value)) return value;
  const kept: Record<string, unknown> = {};
  for (const [field, inner] of Object.entries(shape)) {
    for (const key of keysFor(field, value)) {
      const part = trim((value as Record<string, unknown>)[key], inner);
      if (part !== undefined) kept[key] = part;
    }
  }
  return kept;
}

type ListShape = Extract<Shape, readonly unknown[]>;
const isElement = (shape: Shape): shape is ListShape => Array.isArray(shape);

/** @returns undefined where none is wanted: as if the field were absent */
function trimList(list: readonly unknown[], [element, wanted]: ListShape): unknown[] | undefined {
  if (wanted === undefined) return list.map((each) => trim(each, element));
  const kept = list.filter((each) => {
    return Object.entries(wanted).every(
      ([field, text]) => (each as Readonly<Record<string, unknown>>)?.[field] === text,
    );
  });
  return kept.length === 0 ? undefined : kept.map((each) => trim(each, element));
}

function keysFor(field: string, value: object): string[] {
  if (!field.endsWith("*")) return Object.hasOwn(value, field) ? [field] : [];
  const start = field.slice(0, -1);
  return Object.keys(value).filter((key) => key.startsWith(start));
}
