/** The lists of requirements in test/conformance, tables of tab-separated columns whose first line names them. */
import { readFileSync } from "node:fs";

export interface Requirement {
  /** "RFC9293-MUST-1" or "RFC5961-3.2-1". */
  id: string;
  /** MUST, MUST NOT, SHOULD … */
  level: string;
  section: string;
  statement: string;
  /** core, api, doc, optional or deviation-allowed; core where the list does not say. */
  scope: string;
}

/** A row that is decided without a test, and why. */
export interface Decision {
  status: "deviation" | "n/a";
  reason: string;
}

/** The rows of a table, keyed by the names of its columns. RangeError for a row of another length. */
export function parseTable(text: string): Record<string, string>[] {
  const [head, ...lines] = text.trimEnd().split("\n");
  const names = (head as string).split("\t");
  return lines.map((line, index) => {
    const cells = line.split("\t");
    if (cells.length !== names.length) {
      throw new RangeError(`row ${index + 2} has ${cells.length} columns, not ${names.length}: ${line}`);
    }
    return Object.fromEntries(names.map((name, column) => [name, cells[column] as string]));
  });
}

export function readRequirements(path: string): Requirement[] {
  return parseTable(readFileSync(path, "utf8")).map((row) => ({
    id: row["id"] as string,
    level: row["level"] as string,
    section: row["section"] as string,
    statement: row["statement"] as string,
    scope: row["scope"] ?? "core",
  }));
}

/** By id. RangeError when a row gives no reason, or a status that nobody may decide. */
export function readDecisions(path: string): Map<string, Decision> {
  const decisions = new Map<string, Decision>();
  for (const { id, status, reason } of parseTable(readFileSync(path, "utf8"))) {
    if (status !== "deviation" && status !== "n/a") throw new RangeError(`${id}: no status ${status}`);
    if (!reason) throw new RangeError(`${id}: a ${status} needs a reason`);
    decisions.set(id as string, { status, reason });
  }
  return decisions;
}
