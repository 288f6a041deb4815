import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  parseTable,
  type Requirement,
  readDecisions,
  readRequirements,
} from "../../scripts/conformance-lists.ts";
import { asMarkdown, asText, idsIn, report, totals, violations } from "../../scripts/conformance-report.ts";
import { filesNaming, resultsOf } from "../../scripts/conformance-run.ts";

const LISTS = "test/conformance";

function must(number: number, scope = "core", level = "MUST"): Requirement {
  return { id: `RFC9293-MUST-${number}`, level, section: "3.1", statement: "it holds", scope };
}

function test(title: string, passed = true) {
  return { file: "test/a.test.ts", title, passed };
}

describe("the lists of requirements", () => {
  it("have every numbered requirement of RFC 9293 once", () => {
    const ids = readRequirements(`${LISTS}/rfc9293.tsv`).map(({ id }) => id);
    const numbered = (kind: string, count: number) =>
      Array.from({ length: count }, (_, index) => `RFC9293-${kind}-${index + 1}`);
    const all = [...numbered("MUST", 69), ...numbered("SHLD", 31), ...numbered("MAY", 18), "RFC9293-REC-1"];
    expect([...ids].sort()).toEqual(all.sort());
  });

  it("have no id twice, and only levels that RFCs know", () => {
    const rows = [...readRequirements(`${LISTS}/rfc9293.tsv`), ...readRequirements(`${LISTS}/rfcs.tsv`)];
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    for (const { level } of rows) expect(level).toMatch(/^(MUST|SHOULD)( NOT)?$|^(MAY|SPEC|RECOMMENDED)$/);
  });

  it("deviations are about requirements that exist, each with its reason", () => {
    const rows = [...readRequirements(`${LISTS}/rfc9293.tsv`), ...readRequirements(`${LISTS}/rfcs.tsv`)];
    const ids = new Set(rows.map(({ id }) => id));
    const decisions = readDecisions(`${LISTS}/deviations.tsv`);
    for (const [id, { reason }] of decisions) {
      expect(ids).toContain(id);
      expect(reason.length).toBeGreaterThan(10);
    }
  });

  it("every MUST of the core is named by a test", () => {
    const decisions = readDecisions(`${LISTS}/deviations.tsv`);
    const musts = readRequirements(`${LISTS}/rfc9293.tsv`).filter(
      ({ id, level, scope }) => level.startsWith("MUST") && scope === "core" && !decisions.has(id),
    );
    const all = new Set(musts.map(({ id }) => id));
    const named = new Set(
      filesNaming(process.cwd(), all).flatMap((file) => idsIn(readFileSync(file, "utf8"))),
    );
    expect([...all].filter((id) => !named.has(id))).toEqual([]);
  });

  it("a row of the wrong length is told", () => {
    expect(parseTable("a\tb\n1\t2\n")).toEqual([{ a: "1", b: "2" }]);
    expect(() => parseTable("a\tb\n1\n")).toThrow("row 2 has 1 columns, not 2");
  });
});

describe("the report", () => {
  it("finds ids in titles, short or in full", () => {
    expect(idsIn("MUST-1, RFC5961-3.2-1: both")).toEqual(["RFC9293-MUST-1", "RFC5961-3.2-1"]);
    expect(idsIn("closes (RFC9293-MUST-12)")).toEqual(["RFC9293-MUST-12"]);
    expect(idsIn("MUSTARD-1, XMUST-1, MUST 1")).toEqual([]);
  });

  it("a row passes when a test names it and none that does has failed", () => {
    const rows = report([must(1), must(2), must(3)], new Map(), [
      test("MUST-1: a"),
      test("MUST-2: b"),
      test("MUST-2: c", false),
    ]);
    expect(rows.map(({ status }) => status)).toEqual(["pass", "not yet", "not yet"]);
    expect(rows.map(({ reason }) => reason)).toEqual(["", "fails: MUST-2: c", "no test names it"]);
    expect(rows[1]?.tests).toHaveLength(2);
  });

  it("MUST-1 is not MUST-10", () => {
    const rows = report([must(1)], new Map(), [test("MUST-10: a")]);
    expect(rows[0]?.status).toBe("not yet");
  });

  it("decisions, documents and what is optional", () => {
    const decisions = new Map([["RFC9293-MUST-1", { status: "deviation" as const, reason: "wiser so" }]]);
    const rows = report([must(1), must(2, "doc"), must(3, "optional")], decisions, []);
    expect(rows.map(({ status }) => status)).toEqual(["deviation", "n/a", "n/a"]);
    expect(rows[0]?.reason).toBe("wiser so");
  });

  it("only MUSTs of the core count as violations", () => {
    const requirements = [must(1), must(2, "api"), must(3, "core", "SHOULD"), must(4, "core", "MUST NOT")];
    const rows = report(requirements, new Map(), []);
    expect(violations(requirements, rows).map(({ id }) => id)).toEqual(["RFC9293-MUST-1", "RFC9293-MUST-4"]);
  });

  it("prints a line for each row, totals for each level, and a table for the documentation", () => {
    const rows = report([must(1), must(2)], new Map(), [test("MUST-1: <a>|b")]);
    expect(totals(rows)).toEqual(["MUST           2: 1 pass, 0 deviation, 0 n/a, 1 not yet"]);
    expect(asText(rows).split("\n").slice(0, 2)).toEqual([
      "RFC9293-MUST-1  MUST         pass       test/a.test.ts: MUST-1: <a>|b",
      "RFC9293-MUST-2  MUST         not yet    no test names it",
    ]);
    expect(asMarkdown("T", [must(1), must(2)], rows)).toContain(
      "| RFC9293-MUST-1 | MUST | §3.1 it holds | pass | test/a.test.ts: MUST-1: &lt;a>\\|b |",
    );
  });

  it("a test that was skipped has not run, and a file that does not load has failed", () => {
    const results = resultsOf(
      {
        testResults: [
          {
            name: "/r/test/a.test.ts",
            message: "",
            assertionResults: [
              { title: "MUST-1: a", status: "passed" },
              { title: "MUST-2: b", status: "skipped" },
              { title: "MUST-3: c", status: "failed" },
            ],
          },
          { name: "/r/test/b.test.ts", message: "no such module", assertionResults: [] },
        ],
      },
      "/r",
    );
    expect(results).toEqual([
      { file: "test/a.test.ts", title: "MUST-1: a", passed: true },
      { file: "test/a.test.ts", title: "MUST-3: c", passed: false },
      { file: "test/b.test.ts", title: "test/b.test.ts does not load: no such module", passed: false },
    ]);
  });
});
