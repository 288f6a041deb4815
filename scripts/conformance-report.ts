/** Joins requirements, decisions and test results to the table that `npm run conformance` prints. */
import type { Decision, Requirement } from "./conformance-lists.ts";

/** What became of one test. */
export interface TestResult {
  /** "test/tcp/close.test.ts" */
  file: string;
  title: string;
  passed: boolean;
}

export interface Row {
  id: string;
  level: string;
  status: "pass" | "deviation" | "n/a" | "not yet";
  /** "test/tcp/close.test.ts: MUST-12: …" */
  tests: string[];
  reason: string;
}

/** Ids as tests name them: MUST-12 is RFC9293-MUST-12, others are written in full. */
const ID = /RFC\d+-[\w.]+-\d+|\b(?:MUST|SHLD|MAY|REC)-\d+/g;

/** The ids in a title, in full. */
export function idsIn(title: string): string[] {
  return (title.match(ID) ?? []).map((id) => (id.startsWith("RFC") ? id : `RFC9293-${id}`));
}

/**
 * One row for each requirement. It passes when at least one test names it and none of those that do failed. What was
 * decided without a test comes before any test; rows about documents, and optional ones that nobody tests, are "n/a".
 */
export function report(
  requirements: readonly Requirement[],
  decisions: ReadonlyMap<string, Decision>,
  results: readonly TestResult[],
): Row[] {
  const byId = new Map<string, TestResult[]>();
  for (const result of results) {
    for (const id of new Set(idsIn(result.title))) {
      const named = byId.get(id);
      if (named === undefined) byId.set(id, [result]);
      else named.push(result);
    }
  }
  return requirements.map((requirement) => {
    const { id, level } = requirement;
    const named = byId.get(id) ?? [];
    const tests = named.map(({ file, title }) => `${file}: ${title}`);
    return { id, level, tests, ...judge(requirement, decisions.get(id), named) };
  });
}

function judge(
  requirement: Requirement,
  decision: Decision | undefined,
  named: readonly TestResult[],
): Pick<Row, "status" | "reason"> {
  const failed = named.find((result) => !result.passed);
  if (failed !== undefined) return { status: "not yet", reason: `fails: ${failed.title}` };
  if (decision !== undefined) return decision;
  if (named.length > 0) return { status: "pass", reason: "" };
  if (requirement.scope === "doc") return { status: "n/a", reason: "about documents" };
  if (requirement.scope === "optional") return { status: "n/a", reason: "optional, not offered" };
  return { status: "not yet", reason: "no test names it" };
}

/** The rows that must not be: a MUST of the core that neither passes nor is a deviation with a reason. */
export function violations(requirements: readonly Requirement[], rows: readonly Row[]): Row[] {
  const core = new Set(requirements.filter(({ scope }) => scope === "core").map(({ id }) => id));
  return rows.filter(
    ({ id, level, status }) => core.has(id) && level.startsWith("MUST") && status === "not yet",
  );
}

/** Totals, a line for each level. */
export function totals(rows: readonly Row[]): string[] {
  const levels = [...new Set(rows.map(({ level }) => level))];
  return levels.map((level) => {
    const at = rows.filter((row) => row.level === level);
    const count = (status: Row["status"]) => at.filter((row) => row.status === status).length;
    const parts = (["pass", "deviation", "n/a", "not yet"] as const).map(
      (status) => `${count(status)} ${status}`,
    );
    return `${level.padEnd(12)} ${String(at.length).padStart(3)}: ${parts.join(", ")}`;
  });
}

/** For the terminal: a line for each row, and the totals. */
export function asText(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ id }) => id.length));
  const lines = rows.map(({ id, level, status, tests, reason }) => {
    const [first] = tests;
    const shown =
      first === undefined ? "" : first + (tests.length > 1 ? ` (and ${tests.length - 1} more)` : "");
    const note = reason === "" ? shown : reason;
    return `${id.padEnd(width)}  ${level.padEnd(11)}  ${status.padEnd(9)}  ${note}`.trimEnd();
  });
  return [...lines, "", ...totals(rows)].join("\n");
}

/** For docs: the same as a table in Markdown. */
export function asMarkdown(
  title: string,
  requirements: readonly Requirement[],
  rows: readonly Row[],
): string {
  const statements = new Map(requirements.map((requirement) => [requirement.id, requirement]));
  const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
  const lines = rows.map((row) => {
    const requirement = statements.get(row.id) as Requirement;
    const note = row.reason === "" ? row.tests.map(cell).join("<br>") : cell(row.reason);
    const what = `§${requirement.section.replace(/^.*§/, "")} ${cell(requirement.statement)}`;
    return `| ${row.id} | ${row.level} | ${what} | ${row.status} | ${note} |`;
  });
  return [
    `# ${title}`,
    "",
    "Written by `npm run conformance`: a row passes when a test that bears its id in its name has run and passed.",
    "",
    "```",
    ...totals(rows),
    "```",
    "",
    "| id | level | what it asks | status | tests, or the reason |",
    "|---|---|---|---|---|",
    ...lines,
    "",
  ].join("\n");
}
