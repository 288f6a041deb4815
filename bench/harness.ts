/**
 * What the suites in this folder share: two ways to measure, one way to report.
 *
 * A suite is a file here that measures when it is run: `npx tsx bench/checksum.ts`, or `npm run bench -- checksum`.
 * It ends with `await report("checksum", rows)`. With `--smoke` everything is done, but hardly often enough to mean
 * something, and nothing is written.
 *
 * - {@link micro} is for work of nanoseconds: synchronous, through benny.
 * - {@link batches} is for whole conversations, asynchronous ones too: it times a batch of operations a round, and
 *   takes turns between the cases, so that a neighbour on the machine disturbs a case and its peer alike.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import benny from "benny";

/** True when only the working of the suite is of interest. */
export const smoke = process.argv.includes("--smoke");

/** What all cases have: a name, what to compare with, how much an operation moves. */
interface CaseBase {
  name: string;
  /** The name of the case of the same suite whose speed counts as 1. */
  peer?: string;
  /** Bytes per operation, to print a throughput. */
  bytes?: number;
}

export interface MicroCase extends CaseBase {
  /** How many operations one call of `run` makes: some hundred at least, so that the call itself does not count. */
  operations: number;
  /** Once, just before this case is measured: not timed. */
  start?(): void;
  /** Returns a number that needs all of the work, so that none is optimized away. */
  run(): number;
}

export interface BatchCase extends CaseBase {
  /** Operations in a round: enough for some ten milliseconds. */
  operations: number;
  /** The same in smoke mode; a hundredth, at least 1, by default. */
  smokeOperations?: number;
  /** Once, before the first round: not timed. */
  start?(): void | Promise<void>;
  /**
   * Makes `operations` operations and ends when all their effects are in: timed. Or says itself how long they took, in
   * nanoseconds, where another process has the better clock.
   */
  run(operations: number): void | Promise<void> | Promise<number>;
  /** Once, after the last round: not timed. */
  stop?(): void | Promise<void>;
}

export interface Spread {
  min: number;
  median: number;
  max: number;
}

/** The figures of one case, as they stand in bench/results/*.json. */
export interface Row {
  name: string;
  nanosPerOperation: Spread;
  /** How many times the above was measured. */
  rounds: number;
  bytesPerOperation?: number;
  peer?: string;
  /** How many times as fast as the peer: above 1 is faster. In batches, of the same round each. */
  speedOfPeer?: Spread;
}

/** Measures synchronous cases with benny. */
export async function micro(cases: MicroCase[]): Promise<Row[]> {
  const options = smoke
    ? { minSamples: 1, initCount: 1, minTime: 0.0001, maxTime: 0.0001, delay: 0 }
    : { minSamples: 30, minTime: 0.01, maxTime: 0.7 };
  const rows: Row[] = [];
  for (const one of cases) {
    let sink = 0;
    one.start?.();
    const summary = await benny.suite(
      one.name,
      benny.configure({ cases: options }),
      benny.add(one.name, () => {
        sink += one.run();
      }),
    );
    const result = summary.results[0];
    if (!result?.completed || Number.isNaN(sink)) throw new Error(`the case "${one.name}" did not complete`);
    const nanos = result.details.sampleResults.map((seconds) => (seconds * 1e9) / one.operations);
    rows.push({ ...rowOf(one), nanosPerOperation: spread(nanos), rounds: nanos.length });
  }
  for (const row of rows) {
    if (row.peer === undefined) continue;
    const peer = find(rows, row.peer).nanosPerOperation;
    const ours = row.nanosPerOperation;
    row.speedOfPeer = {
      min: peer.min / ours.max,
      median: peer.median / ours.median,
      max: peer.max / ours.min,
    };
  }
  return rows;
}

/** Measures batches, a round of each case in turn. `rounds` does not count a first one that warms up. */
export async function batches(cases: BatchCase[], rounds = 7): Promise<Row[]> {
  const measured = cases.map(() => [] as number[]);
  const started: BatchCase[] = [];
  try {
    for (const one of cases) {
      await one.start?.();
      started.push(one);
    }
    for (let round = smoke ? 0 : -1; round < (smoke ? 1 : rounds); round++) {
      for (const [index, one] of cases.entries()) {
        const operations = smoke
          ? (one.smokeOperations ?? Math.max(1, Math.floor(one.operations / 100)))
          : one.operations;
        const begin = performance.now();
        const told = await one.run(operations);
        const nanos = (told ?? (performance.now() - begin) * 1e6) / operations;
        if (round >= 0) measured[index]!.push(nanos);
      }
    }
  } finally {
    for (const one of started) await one.stop?.();
  }
  return cases.map((one, index): Row => {
    const nanos = measured[index]!;
    const row: Row = { ...rowOf(one), nanosPerOperation: spread(nanos), rounds: nanos.length };
    if (one.peer === undefined) return row;
    const peer = measured[cases.indexOf(find(cases, one.peer))]!;
    return { ...row, speedOfPeer: spread(nanos.map((ours, round) => peer[round]! / ours)) };
  });
}

/** Prints `rows` and, but for smoke mode, writes them to bench/results/`suite`.json. */
export async function report(suite: string, rows: Row[]): Promise<void> {
  console.log(`\n${suite}${smoke ? " (smoke: the figures mean nothing)" : ""}`);
  printTable([["", "ns/op", "min", "max", "throughput", "speed", "peer"], ...rows.map(cells)]);
  if (!smoke) await save(suite, rows);
}

/** Writes `rows` to bench/results/`suite`.json. */
export async function save(suite: string, rows: Row[]): Promise<void> {
  const results = new URL("results/", import.meta.url);
  await mkdir(results, { recursive: true });
  const document = {
    suite,
    date: new Date().toISOString(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model ?? "unknown",
    rows,
  };
  await writeFile(new URL(`${suite}.json`, results), `${JSON.stringify(document, undefined, 2)}\n`);
}

/** Prints lines of cells one below the other, the first column and a seventh flush left. */
export function printTable(table: string[][]): void {
  const widths = table[0]!.map((_, column) => Math.max(...table.map((line) => line[column]!.length)));
  for (const line of table) {
    const padded = line.map((cell, column) =>
      column === 0 || column === 6 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
    );
    console.log(padded.join("  ").trimEnd());
  }
}

function cells(row: Row): string[] {
  const { min, median, max } = row.nanosPerOperation;
  const { bytesPerOperation: bytes, speedOfPeer: speed } = row;
  return [
    row.name,
    short(median),
    short(min),
    short(max),
    bytes === undefined ? "" : `${short((bytes / median) * 1000)} MB/s`,
    speed === undefined ? "" : `${short(speed.median)} x`,
    row.peer ?? "",
  ];
}

/** Three significant digits, and no exponent. */
export function short(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(3);
}

function rowOf({ name, peer, bytes }: CaseBase): Pick<Row, "name" | "peer" | "bytesPerOperation"> {
  return {
    name,
    ...(peer === undefined ? {} : { peer }),
    ...(bytes === undefined ? {} : { bytesPerOperation: bytes }),
  };
}

function spread(values: number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
  return { min: sorted[0]!, median, max: sorted.at(-1)! };
}

function find<T extends { name: string }>(list: T[], name: string): T {
  const found = list.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no case is named "${name}", which another calls its peer`);
  return found;
}
