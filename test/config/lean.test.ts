import fc from "fast-check";
import { expect, test } from "vitest";
import { lean } from "#config/lean.ts";

test("a lean value says the same", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const before = structuredClone(value);
      expect(lean(value)).toEqual(before);
    }),
  );
});

test("what is empty is one and the same, and cannot be filled", () => {
  const [a, b] = [lean({ labels: {}, list: [{ ips: [] }] }), lean({ labels: {}, list: [{ ips: [] as number[] }] })];
  expect(a.labels).toBe(b.labels);
  expect(a.list[0]?.ips).toBe(b.list[0]?.ips);
  expect(() => b.list[0]?.ips.push(1)).toThrow(TypeError);
});
