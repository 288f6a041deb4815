import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { withDemo } from "../../scripts/readme.ts";
import { ROOT, run } from "./run.ts";

const readme = readFileSync(join(ROOT, "README.md"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "netwright-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("README.md", () => {
  test("has two commands on its first screen", () => {
    const commands = readme
      .split("\n")
      .slice(0, 24)
      .filter((line) => /^ {4}\S/.test(line));
    expect(commands.map((line) => line.split("#")[0]?.trim())).toEqual([
      "npm ci && npm start",
      "npm ci && npm test",
    ]);
  });

  test("has an example of twenty lines that runs and prints what its last comment says", async () => {
    const example = readme.match(/```ts\n([\s\S]*?)```/)?.[1] ?? "";
    const lines = example.split("\n").filter((line) => line !== "");
    expect(lines.length).toBeLessThanOrEqual(20);
    const promised = lines.at(-1)?.split("// ")[1];
    const file = join(folder, "hello.mts");
    writeFileSync(
      file,
      example.replace('"netwright"', JSON.stringify(pathToFileURL(join(ROOT, "src/index.ts")).href)),
    );
    expect(await run(file)).toEqual({ code: 0, out: `${promised}\n`, err: "" });
  });

  test("shows what the demonstration prints; if not, `npm run readme` puts it right", async () => {
    expect(readme).toBe(await withDemo(readme));
  });

  test("names scripts that there are", () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const named = [...readme.matchAll(/`npm run ([\w:-]+)/g)].map((match) => match[1]);
    expect(named.length).toBeGreaterThan(3);
    for (const name of named) expect(scripts).toHaveProperty([name!]);
  });
});

describe.each(["README.md", "CHANGELOG.md", "docs/reading-order.md", "docs/from-your-book.md"])(
  "%s",
  (page) => {
    test("names files that there are", () => {
      const text = readFileSync(join(ROOT, page), "utf8");
      const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map((match) => join(dirname(page), match[1]!));
      const files = [...text.matchAll(/`((?:src|test|bench|docs|scripts|examples)\/[^`\s]*)`/g)].map(
        (match) => match[1]!,
      );
      expect([...links, ...files].filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
    });
  },
);
