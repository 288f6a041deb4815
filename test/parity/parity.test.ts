/**
 * Socket programs give on netwright, in both faces, what they give on the Linux kernel: `npm run parity:sockets`, here
 * with the kernel's recorded answers, and for a sample of the programs with this machine's kernel.
 */
import { readFileSync } from "node:fs";
import { release } from "node:os";
import { describe, expect, test } from "vitest";
import { asMarkdown } from "../../scripts/parity-report.ts";
import { type Difference, differencesOf, judge, readAllowed } from "./compare.ts";
import { runNetwright } from "./interpreter.ts";
import { askKernel, readRecording } from "./kernel.ts";
import { type Face, type Program, parsePrograms } from "./language.ts";
import { readPrograms } from "./programs.ts";

const FACES: readonly Face[] = ["python", "c"];
/** One program of so many is asked of this machine's kernel. */
const SAMPLE = 20;

const programs = readPrograms();
const { answers, kernel: recordedKernel } = readRecording();
const allowed = readAllowed();
const recorded = new Map([...answers].map(([name, { results }]) => [name, results ?? []]));
const files = [...new Set(programs.map(({ place }) => place.split(":")[0]!))];

/** The differences of `some` programs from what the kernel says, in both faces. */
async function compare(some: readonly Program[], kernel: Map<string, readonly string[]>) {
  const differences: Difference[] = [];
  const judged = new Map<Face, Set<string>>();
  for (const face of FACES) {
    const able = some.filter(({ faces }) => faces.includes(face));
    const ours = new Map<string, readonly string[]>();
    for (const program of able) ours.set(program.name, await runNetwright(program, face));
    judged.set(face, new Set(able.map(({ name }) => name)));
    differences.push(...differencesOf(able, face, kernel, ours));
  }
  return judge(differences, allowed, judged);
}

/** "6.18" of "Linux 6.18.44" and of "6.18.44-generic". */
function versionOf(kernel: string): string | undefined {
  return kernel.match(/\d+\.\d+/)?.[0];
}

function inWords({ program, step, face, kernel, netwright }: Difference): string {
  return `${program.name} ${step} ${face}: ${program.steps[step - 1]!.text}: ${kernel} => ${netwright}`;
}

describe("what sockets answer is what Linux answers", () => {
  test.each(files)("%s", async (file) => {
    const some = programs.filter(({ place }) => place.startsWith(`${file}:`));
    const { unexpected, stale } = await compare(some, recorded);
    expect(unexpected.map(inWords)).toEqual([]);
    expect(stale).toEqual([]);
  });

  test("a sample of them on this machine's kernel", async (context) => {
    // another version may rightly answer otherwise: that is for `npm run parity:sockets` to tell
    if (versionOf(release()) !== versionOf(recordedKernel)) {
      return context.skip(`this kernel is ${release()}, the recording is of ${recordedKernel}`);
    }
    const sample = programs.filter((_, index) => index % SAMPLE === 0);
    const { results, notes } = await askKernel(sample, false);
    const recording = notes.find((note) => note.startsWith("the kernel's side is the recording"));
    if (recording !== undefined) return context.skip(recording);
    const able = sample.filter(({ name }) => results.has(name));
    const { unexpected } = await compare(able, results);
    expect(unexpected.map(inWords)).toEqual([]);
  });
});

describe("the programs", () => {
  test("are at least 300, each recorded with a result for every step", () => {
    expect(programs.length).toBeGreaterThanOrEqual(300);
    expect([...recorded.keys()]).toEqual(programs.map(({ name }) => name));
    for (const { name, steps } of programs) expect(recorded.get(name), name).toHaveLength(steps.length);
  });

  test("docs/differences.md is made from differences.txt", () => {
    const text = readFileSync(new URL("../../docs/differences.md", import.meta.url), "utf8");
    expect(text).toBe(asMarkdown(allowed, programs));
  });

  test("every allowed difference is of a program and a step that there are", () => {
    const lengths = new Map(programs.map(({ name, steps }) => [name, steps.length]));
    for (const { program, step } of allowed) expect(step).toBeLessThanOrEqual(lengths.get(program) ?? 0);
  });
});

describe("the language", () => {
  const one = (text: string) => parsePrograms(`== x  A title\n${text}`, "x.txt")[0]!;

  test("names, words, bytes, patience", () => {
    const [step] = one('a = recv s "hi\\n"*2 A|B within 70').steps;
    expect(step).toMatchObject({ names: ["a"], op: "recv", within: 70 });
    expect(step!.words).toEqual(["s", { data: "hi\nhi\n" }, "A|B"]);
  });

  test("macros are spelled out", () => {
    expect(one("s = listener").steps.map(({ text }) => text)).toEqual([
      "s = socket AF_INET SOCK_STREAM",
      "bind s lo:0",
      "listen s 5",
    ]);
  });

  test.each([
    ["bind s lo:0", false, false],
    ["bind s lo:80", true, false],
    ["connect s b:80", true, true],
    ["drop CAP_NET_RAW", true, false],
    ["needs wire\nbind s lo:0", true, true],
  ])("%s", (text, needsNamespace, wide) => {
    expect(one(text)).toMatchObject({ needsNamespace, wide });
  });

  test("what only Python's object has leaves the C face out", () => {
    expect(one("settimeout s 5").faces).toEqual(["python"]);
    expect(one("only c\ndup2 s t").faces).toEqual(["c"]);
  });

  test("mistakes are told with their place", () => {
    expect(() => parsePrograms("bind s lo:0", "x.txt")).toThrow("x.txt:1");
    expect(() => one("a = within 5")).toThrow("x.txt:1");
  });
});

describe("the judge", () => {
  const program = parsePrograms("== x  A title\nfirst\nsecond", "x.txt")[0]!;
  const kernel = new Map([["x", ["ok", "EINVAL"]]]);
  const differences = (second: string) =>
    differencesOf([program], "c", kernel, new Map([["x", ["ok", second]]]));
  const judged = new Map<Face, Set<string>>([["c", new Set(["x"])]]);
  const rule = readAllowed("== it has its reason\nx 2 both: EINVAL => ok");

  test("equal answers are no difference", () => {
    expect(differences("EINVAL")).toEqual([]);
  });

  test("a difference without a reason is unexpected, and one with another answer too", () => {
    expect(judge(differences("ok"), [], judged).unexpected).toHaveLength(1);
    expect(judge(differences("EPERM"), rule, judged).unexpected).toHaveLength(1);
  });

  test("one with a reason is counted under it", () => {
    const { unexpected, stale, expected } = judge(differences("ok"), rule, judged);
    expect([unexpected, stale, [...expected]]).toEqual([[], [], [["it has its reason", 1]]]);
  });

  test("a reason for what is no difference any more is stale", () => {
    expect(judge([], rule, judged).stale).toHaveLength(1);
  });
});
