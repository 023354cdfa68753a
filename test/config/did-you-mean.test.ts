import { expect, test } from "vitest";
import { distance, nearest } from "#config/did-you-mean.ts";

test.each([
  ["", "", 0],
  ["abc", "abc", 0],
  ["abc", "", 3],
  ["abc", "acb", 1],
  ["abc", "abd", 1],
  ["abc", "abcd", 1],
  ["kitten", "sitting", 3],
])("from %j to %j it takes %i", (a, b, expected) => {
  expect(distance(a, b)).toBe(expected);
  expect(distance(b, a)).toBe(expected);
});

test("the nearest name is suggested, and none where all are far", () => {
  const names = ["peerAddress", "peerSelector", "passive", "port"];
  expect(nearest("pasive", names)).toBe("passive");
  expect(nearest("PEERADDRESS", names)).toBe("peerAddress");
  expect(nearest("peerAdress", names)).toBe("peerAddress");
  expect(nearest("bananas", names)).toBeUndefined();
});
