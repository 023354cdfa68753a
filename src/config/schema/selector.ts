import * as v from "valibot";
import { dictionary, mapping, may, ruled, says } from "./describe.ts";

const requirement = ruled(
  mapping({
    key: says("Label key.", v.pipe(v.string(), v.minLength(1))),
    operator: says("How the label is compared.", v.picklist(["In", "NotIn", "Exists", "DoesNotExist"])),
    values: may("Values for In and NotIn.", v.pipe(v.array(v.pipe(v.string(), v.maxLength(63))), v.maxLength(64))),
  }),
  [
    {
      cel: "(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",
      message: "In and NotIn need values; Exists and DoesNotExist take none",
      field: "values",
      holds: ({ operator, values = [] }) => (operator === "In" || operator === "NotIn") === values.length > 0,
    },
  ],
);

/** metav1.LabelSelector: all conditions must hold; an empty one selects everything. */
export const labelSelector = mapping({
  matchLabels: may("Labels that must have exactly these values.", dictionary(v.string())),
  matchExpressions: may("Further conditions on labels.", v.pipe(v.array(requirement), v.maxLength(16))),
});

export type LabelSelector = v.InferOutput<typeof labelSelector>;

/** @returns undefined where it is none */
export function readSelector(value: unknown): LabelSelector | undefined {
  const read = v.safeParse(labelSelector, value);
  return read.success ? read.output : undefined;
}

type Labels = Readonly<Record<string, string>>;

export function selects({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Labels): boolean {
  for (const key in matchLabels) if (labels[key] !== matchLabels[key]) return false;
  return matchExpressions.every((requirement) => holds(requirement, labels));
}

function holds({ key, operator, values = [] }: v.InferOutput<typeof requirement>, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
  }
}
