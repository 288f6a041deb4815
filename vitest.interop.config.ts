import { defineConfig } from "vitest/config";

/** `npm run interop`: one test at a time, each file in a process of its own, which hears signals. */
export default defineConfig({
  test: {
    include: ["test/interop/**/*.test.ts"],
    reporters: [["verbose", { summary: false }], "test/interop/reporter.ts"],
    testTimeout: process.env["NETWRIGHT_INTEROP_LONG"] === "1" ? 7_200_000 : 120_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 1,
    fileParallelism: false,
  },
});
