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
      kept[key] = trim((value as Record<string, unknown>)[key], inner);
    }
  }
  return kept;
}

type ListShape = Extract<Shape, readonly unknown[]>;
const isElement = (shape: Shape): shape is ListShape => Array.isArray(shape);

function trimList(list: readonly unknown[], [element, wanted = {}]: ListShape): unknown[] {
  const kept = list.filter((each) => {
    return Object.entries(wanted).every(
      ([field, text]) => (each as Readonly<Record<string, unknown>>)?.[field] === text,
    );
  });
  return kept.map((each) => trim(each, element));
}

function keysFor(field: string, value: object): string[] {
  if (!field.endsWith("*")) return Object.hasOwn(value, field) ? [field] : [];
  const start = field.slice(0, -1);
  return Object.keys(value).filter((key) => key.startsWith(start));
}
