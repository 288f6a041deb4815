/**
 * `npm run conformance`: which requirements of RFC 9293 the tests show to be met. Prints the table and writes
 * docs/conformance.md; `-- --json` prints rows as JSON instead, `-- --all` adds the other RFCs, which go to
 * docs/conformance-rfcs.md. Exit code 1 when a MUST of the core is neither met nor a deviation with its reason.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readDecisions, readRequirements } from "./conformance-lists.ts";
import { asMarkdown, asText, report, violations } from "./conformance-report.ts";
import { filesNaming, runTests } from "./conformance-run.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const OPTIONS = ["--json", "--all"];

function main(options: readonly string[]): number {
  const unknown = options.find((option) => !OPTIONS.includes(option));
  if (unknown !== undefined) {
    console.error(`conformance: no option ${unknown}; there are: ${OPTIONS.join(", ")}`);
    return 2;
  }
  const decisions = readDecisions(join(root, "test/conformance/deviations.tsv"));
  const tcp = readRequirements(join(root, "test/conformance/rfc9293.tsv"));
  const others = options.includes("--all") ? readRequirements(join(root, "test/conformance/rfcs.tsv")) : [];
  const ids = new Set([...tcp, ...others].map(({ id }) => id));
  const results = runTests(root, filesNaming(root, ids));

  const rows = report(tcp, decisions, results);
  const otherRows = report(others, decisions, results);
  writeFileSync(join(root, "docs/conformance.md"), asMarkdown("RFC 9293, row by row", tcp, rows));
  if (others.length > 0) {
    const text = asMarkdown("Other RFCs, row by row", others, otherRows);
    writeFileSync(join(root, "docs/conformance-rfcs.md"), text);
  }
  const shown = [...rows, ...otherRows];
  console.log(options.includes("--json") ? JSON.stringify(shown, null, 2) : asText(shown));

  const missing = violations(tcp, rows);
  for (const { id, reason } of missing) console.error(`${id}: ${reason}`);
  return missing.length === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
