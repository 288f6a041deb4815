/** docs/from-your-book.md promises that its lines run: each does here, on a host of its own. */
import { readFileSync } from "node:fs";
import { transformSync } from "esbuild";
import { describe, expect, it } from "vitest";
import * as netwright from "../../src/index.ts";

const page = readFileSync(new URL("../../docs/from-your-book.md", import.meta.url), "utf8");

interface Section {
  readonly title: string;
  /** Its first block of code. */
  readonly block: string;
  /** The rows of its tables: what the book has, and the code that is here for it. */
  readonly rows: readonly (readonly [book: string, here: string])[];
}

const sections: Section[] = page
  .split(/^## /m)
  .slice(1)
  .map((text) => ({
    title: text.split("\n", 1)[0]!,
    block: /```ts\n([\s\S]*?)```/.exec(text)?.[1] ?? "",
    rows: [...text.matchAll(/^\| (.*?[^\\]) \| `([^`]*)` \| [^|]*\|$/gm)].map(
      (match) => [match[1]!, match[2]!.replaceAll("\\|", "|")] as const,
    ),
  }));

/** Runs TypeScript that may use everything the package exports, and `given`. */
async function run(code: string, given: Record<string, unknown>): Promise<void> {
  const names = { ...netwright, ...given };
  const source = `return async ({ ${Object.keys(names).join(", ")} }) => {${code}\n}`;
  const { code: script } = transformSync(`function make() {${source}}`, { loader: "ts", target: "node20" });
  await new Function(`${script}; return make();`)()(names);
}

function section(title: string): Section {
  return sections.find((each) => each.title === title)!;
}

it("the first program prints what its comment says", async () => {
  const lines: string[] = [];
  const { block } = section("A world around the program");
  const console = { log: (...values: unknown[]) => lines.push(values.join(" ")) };
  await run(block.replace(/^import .*\n/, ""), { console });
  expect(lines).toEqual([/console\.log\(.*\/\/ (.*)/.exec(block)![1]!]);
});

describe.each(["C", "Python"])("%s:", (title) => {
  const { block, rows } = section(title);

  it("has its rows", () => {
    const lines = page.split(`## ${title}\n`)[1]!.split("\n## ")[0]!.split("\n");
    expect(rows.length).toBe(lines.filter((line) => line.startsWith("| ")).length - 1);
    expect(rows.length).toBeGreaterThan(25);
  });

  it.each(rows)("%s", async (_, here) => {
    const net = new netwright.Network({ seed: 1 });
    const host = net.host("host");
    // a condition that a row ends with has to be true
    const checked = here.replace(
      /\.catch\(\((.*?)\) => (.* (?:===|instanceof) .*)\)$/,
      ".then(() => { throw new Error('it should fail') }, ($1) => { if (!($2)) throw new Error(`it fails otherwise`); })",
    );
    try {
      await net.run(() => run(`${block}\n{ ${checked};\n}`, { net, host }));
    } finally {
      host.close();
      await net.idle();
    }
  });
});
