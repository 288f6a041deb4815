/** Puts a real run of the demonstration into README.md: `npm run readme`. test/examples/readme.test.ts checks it. */
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { main } from "../src/node/main.ts";

/** A transfer that shows a loss, its repair and TIME-WAIT at work, and fits on a screen. */
const COMMAND = ["demo", "--size", "12000", "--loss", "0.1", "--seed", "1"];

const README = new URL("../README.md", import.meta.url);
const BLOCK = /(<!-- made by[^\n]*-->\n)[\s\S]*?(\n<!-- end -->)/;

/** README.md as it is. */
export function currentReadme(): string {
  return readFileSync(README, "utf8");
}

/** `readme` with what the demonstration prints now. */
export async function withDemo(readme: string): Promise<string> {
  let printed = "";
  const terminal = {
    out: (text: string) => {
      printed += text;
    },
    err: () => {},
    write: async () => {},
    async *input() {},
    colours: false,
    redraws: false,
    columns: undefined,
  };
  const code = await main(COMMAND, terminal);
  if (code !== 0) throw new Error(`the demonstration failed with ${code}`);
  if (!BLOCK.test(readme)) throw new Error("README.md has lost the marks around the demonstration's output");
  const block = ["```text", `$ npx tsx src/node/cli.ts ${COMMAND.join(" ")}`, printed.trimEnd(), "```"];
  return readme.replace(BLOCK, (_, begin, end) => `${begin}${block.join("\n")}${end}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  writeFileSync(README, await withDemo(currentReadme()));
}
