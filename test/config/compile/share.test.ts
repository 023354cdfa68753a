import fc from "fast-check";
import { expect, test } from "vitest";
import { equal, share } from "#config/compile/share.ts";

const plain = fc.jsonValue({ maxDepth: 3 });
const copy = <T>(value: T): T => structuredClone(value);

test("a deep copy is replaced by the original, whole", () => {
  fc.assert(
    fc.property(plain, (value) => {
      expect(share(value, copy(value))).toBe(value);
    }),
  );
});

test("sharing changes nothing but identity", () => {
  fc.assert(
    fc.property(plain, plain, (previous, next) => {
      expect(share(previous, copy(next))).toStrictEqual(next);
      expect(equal(previous, next)).toBe(
        JSON.stringify(previous) === JSON.stringify(next) || equalSlowly(previous, next),
      );
    }),
  );
});

/** Key order and -0 aside, as JSON. */
function equalSlowly(a: unknown, b: unknown): boolean {
  const sorted = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : value;
    if (Array.isArray(value)) return value.map(sorted);
    return Object.fromEntries(
      Object.entries(value)
        .sort(([x], [y]) => (x < y ? -1 : 1))
        .map(([key, part]) => [key, sorted(part)]),
    );
  };
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

test("a field that is undefined is not the same as none", () => {
  expect(equal({ a: undefined }, {})).toBe(false);
  expect(equal({}, { a: undefined })).toBe(false);
  expect(equal({ a: undefined }, { b: undefined })).toBe(false);
});

test("in a list of named things, one more moves nothing", () => {
  const previous = [
    { name: "b", x: { y: 1 } },
    { name: "c", x: { y: 2 } },
  ];
  const next = share(previous, [{ name: "a", x: { y: 0 } }, ...copy(previous)]);
  expect(next[1]).toBe(previous[0]);
  expect(next[2]).toBe(previous[1]);
  const [, changed] = share(previous, [
    { name: "b", x: { y: 1 } },
    { name: "c", x: { y: 2 }, z: 1 },
  ]);
  expect(changed?.x).toBe(previous[1]?.x);
});
