import * as v from "valibot";
import { expect, test } from "vitest";
import { labelSelector, selects } from "#config/schema/selector.ts";

const labels = { rack: "a", role: "" };
const expression = (key: string, operator: string, values?: string[]) => ({
  matchExpressions: [{ key, operator, ...(values === undefined ? {} : { values }) }],
});

test.each<[selector: object, selected: boolean]>([
  [{}, true],
  [{ matchLabels: { rack: "a" } }, true],
  [{ matchLabels: { rack: "b" } }, false],
  [{ matchLabels: { rack: "a", role: "" } }, true],
  [{ matchLabels: { absent: "" } }, false],
  [expression("rack", "In", ["a", "b"]), true],
  [expression("rack", "In", ["b"]), false],
  [expression("absent", "In", ["a"]), false],
  [expression("rack", "NotIn", ["a"]), false],
  [expression("absent", "NotIn", ["a"]), true],
  [expression("role", "Exists"), true],
  [expression("absent", "Exists"), false],
  [expression("toString", "Exists"), false],
  [expression("role", "DoesNotExist"), false],
  [expression("absent", "DoesNotExist"), true],
  [{ matchLabels: { rack: "a" }, ...expression("role", "DoesNotExist") }, false],
])("%j selects: %s", (selector, selected) => {
  expect(selects(v.parse(labelSelector, selector), labels)).toBe(selected);
});

test.each([expression("a", "In"), expression("a", "In", []), expression("a", "Exists", ["b"]), { matchLabel: {} }])(
  "%j is refused",
  (selector) => {
    expect(v.safeParse(labelSelector, selector).success).toBe(false);
  },
);
