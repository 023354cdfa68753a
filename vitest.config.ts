import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// Labs that count every packet, or break what the others stand on: beside others they would measure those.
const alone = ["restart", "demo", "drain"].map((name) => `test/lab/${name}.test.ts`);
const lab = { testTimeout: 120_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    maxConcurrency: 3, // of the labs' scenarios
    maxWorkers: Math.max(2, availableParallelism() - 1), // by itself it would leave one of two processors idle
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/lab/**", "test/e2e/**"],
          setupFiles: ["test/support/seed.ts"],
          testTimeout: 60_000, // time to run in, on crowded machines; no test waits for it
        },
      },
      {
        test: {
          ...lab,
          name: "lab",
          include: ["test/lab/**/*.test.ts"],
          exclude: alone,
          maxWorkers: 2, // they wait more than they work
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: { ...lab, name: "lab-alone", include: alone, fileParallelism: false, sequence: { groupOrder: 2 } },
      },
    ],
  },
});
