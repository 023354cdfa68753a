import { expect, test } from "vitest";
import { type AsPath, formatAsPath, pathLength } from "#route/as-path.ts";

const path: AsPath = [
  { kind: "confed-sequence", members: [65001, 65002] },
  { kind: "sequence", members: [64512, 64513] },
  { kind: "set", members: [1, 2, 3] },
];

test("a set counts as one, confederation segments as nothing (RFC 4271 §9.1.2.2 (a), RFC 5065 §5.3)", () => {
  expect(pathLength(path)).toBe(3);
  expect(pathLength([])).toBe(0);
});

test("a path is written as operators write it", () => {
  expect(formatAsPath(path)).toBe("(65001 65002) 64512 64513 {1 2 3}");
});
