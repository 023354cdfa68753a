import fc from "fast-check";
import { expect, test } from "vitest";
import { formatTime } from "#k8s/writes/time.ts";

test("times are what the platform writes, from 1970 to 2200", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Date.UTC(2200, 0) }), (ms) => {
      const platform = new Date(ms).toISOString();
      expect(formatTime(ms, "micro")).toBe(platform.replace("Z", "000Z"));
      expect(formatTime(ms)).toBe(platform.replace(/\.\d+/, ""));
    }),
  );
});
