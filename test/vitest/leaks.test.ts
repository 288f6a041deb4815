import { execFile } from "node:child_process";
import { expect, it } from "vitest";

/** Runs the fixture, whatever becomes of it, and gives each test's fate and message. */
function runFixture(): Promise<Record<string, string>> {
  const vitest = ["node_modules/vitest/vitest.mjs", "run", "--config", "test/vitest/fixture.config.ts"];
  return new Promise((resolve) => {
    execFile(process.execPath, [...vitest, "--reporter=json"], (_error, stdout) => {
      const [file] = JSON.parse(stdout).testResults;
      const fates = file.assertionResults.map(
        ({
          title,
          status,
          failureMessages,
        }: {
          title: string;
          status: string;
          failureMessages: string[];
        }) => [title, `${status} ${failureMessages.join()}`],
      );
      resolve(Object.fromEntries(fates));
    });
  });
}

it("what a test leaves behind fails it, and is named", async () => {
  const fates = await runFixture();
  expect(fates["tidy"]).toMatch(/^passed/);
  expect(fates["leaves a socket"]).toMatch(/^failed .*what the test has left behind/s);
  expect(fates["leaves a packet"]).toMatch(/^failed .*packets that nobody has released/s);
});
