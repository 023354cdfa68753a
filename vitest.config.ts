import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    maxConcurrency: 3, // of the labs' scenarios
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
          name: "lab",
          include: ["test/lab/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
