/** `netwright demo`: shows the demonstration on a terminal. */
import { writeFileSync } from "node:fs";
import { DeadlockError } from "../../sim/deadlock.ts";
import { ladder } from "../../trace/ladder.ts";
import {
  type CommandLine,
  describeOptions,
  Failure,
  fileError,
  HELP_OPTION,
  numberOption,
  type Options,
  parseCommandLine,
  pathOption,
  UsageError,
} from "../arguments.ts";
import { type Content, defaultContent, fileContent, seededContent } from "../demo/content.ts";
import { CLIENT, Demo, type DemoOptions, type DemoReport, SERVER } from "../demo/demo.ts";
import { excerpt } from "../demo/excerpt.ts";
import { Progress } from "../demo/progress.ts";
import { BOLD, RED, styled, type Terminal, YELLOW } from "../terminal.ts";

const DEFAULT_SEED = 11;
const DEFAULT_LOSS = 0.02;
const DEFAULT_LATENCY = 20;

/** What --size takes at most, bytes: some minutes of work. */
const LARGEST = 10e9;

const OPTIONS: Options = {
  file: {
    value: "PATH",
    help: "the file to send; default: package-lock.json, or where it is not there, bytes made from the seed",
  },
  size: { value: "BYTES", help: "send that many bytes made from the seed instead of a file" },
  loss: { value: "P", help: `probability that a packet is lost, 0 to 1; default ${DEFAULT_LOSS}` },
  latency: { value: "MS", help: `time on the wire, one way, in milliseconds; default ${DEFAULT_LATENCY}` },
  bandwidth: { value: "BPS", help: "bits per second; default: no limit" },
  seed: { value: "N", help: `equal seeds print equal bytes; default ${DEFAULT_SEED}` },
  pcap: { value: "FILE", help: "write every packet to FILE, as pcapng for Wireshark" },
  json: { help: "print one JSON object and nothing else" },
  help: HELP_OPTION,
};

const HELP = `netwright demo: two hosts over a slow wire that loses packets move a file, and you see how

${describeOptions(OPTIONS)}

Everything on standard output depends on the options alone; progress and real time go to standard error.

  npx netwright demo --loss 0.05 --size 1e6 --pcap demo.pcapng
`;

export async function demoCommand(argv: readonly string[], terminal: Terminal): Promise<void> {
  const line = parseCommandLine("netwright demo", OPTIONS, argv);
  if (line.values.has("help")) return terminal.out(HELP);
  const wire = wireOptions(line);
  const pcap = pathOption(line, "pcap");
  const content = chosenContent(line, wire.seed);
  try {
    if (pcap !== undefined) writeCapture(pcap, new Uint8Array(0)); // better now than after the work
    const options = { ...wire, content, capture: pcap !== undefined };
    if (line.values.has("json")) await printJson(options, pcap, terminal);
    else await show(options, pcap, terminal);
  } finally {
    content.close();
  }
}

function wireOptions(line: CommandLine): Pick<DemoOptions, "seed" | "loss" | "latency" | "bandwidth"> {
  const loss = "a probability between 0 and 1";
  const latency = "a number of milliseconds between 0 and 1e9";
  return {
    seed: numberOption(line, "seed", DEFAULT_SEED, "a whole number", Number.isSafeInteger),
    loss: numberOption(line, "loss", DEFAULT_LOSS, loss, (value) => value >= 0 && value <= 1),
    latency: numberOption(line, "latency", DEFAULT_LATENCY, latency, (value) => value >= 0 && value <= 1e9),
    bandwidth: numberOption(
      line,
      "bandwidth",
      Number.POSITIVE_INFINITY,
      "a number of bits per second above 0",
      (value) => value > 0,
    ),
  };
}

function chosenContent(line: CommandLine, seed: number): Content {
  const path = pathOption(line, "file");
  if (line.values.has("size")) {
    if (path !== undefined) throw new UsageError("give --file or --size, not both");
    const fits = (value: number) => Number.isInteger(value) && value >= 0 && value <= LARGEST;
    return seededContent(seed, numberOption(line, "size", 0, "a whole number of bytes from 0 to 10e9", fits));
  }
  return path === undefined ? defaultContent(seed) : fileContent(path);
}

async function printJson(options: DemoOptions, pcap: string | undefined, terminal: Terminal): Promise<void> {
  const report = await perform(new Demo(options), pcap);
  const { content, seed, loss, latency, bandwidth } = options;
  const asked = {
    content: content.name,
    seed,
    loss,
    latencyMillis: latency,
    bitsPerSecond: Number.isFinite(bandwidth) ? bandwidth : null,
  };
  terminal.out(`${JSON.stringify({ ...asked, ...report })}\n`);
  checkEqual(report);
}

async function show(options: DemoOptions, pcap: string | undefined, terminal: Terminal): Promise<void> {
  const progress = new Progress(terminal, options.content.size);
  const demo = new Demo({ ...options, onProgress: progress.update });
  terminal.out(`${styled(terminal, BOLD, heading(options))}\n\n`);
  const start = process.hrtime.bigint();
  let report: DemoReport;
  try {
    report = await perform(demo, pcap);
  } finally {
    progress.end();
    terminal.out(`${picture(demo, terminal).join("\n")}\n\n`);
  }
  const wallSeconds = Number(process.hrtime.bigint() - start) / 1e9;
  terminal.out(`${summary(report).join("\n")}\n`);
  if (pcap !== undefined) terminal.out(`  ${"capture".padEnd(LABEL)}  ${pcap}\n`);
  const rate = amount(report.bytes.received / wallSeconds);
  terminal.err(`  ${"real time".padEnd(LABEL)}  ${wallSeconds.toFixed(3)} s: ${rate}B/s\n`);
  checkEqual(report);
}

/** Runs it; the capture is written whatever comes of it. */
async function perform(demo: Demo, pcap: string | undefined): Promise<DemoReport> {
  try {
    return await demo.run();
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (error instanceof DeadlockError) {
      throw new Failure(`the transfer stalled: nothing can happen any more (${error.pending.join("; ")})`);
    }
    throw new Failure(`the transfer failed: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    if (pcap !== undefined && demo.capture !== undefined) writeCapture(pcap, demo.capture.pcapng());
  }
}

function writeCapture(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes);
  } catch (error) {
    throw new Failure(`cannot write ${path}: ${fileError(error)}`);
  }
}

function checkEqual({ equal }: DemoReport): void {
  if (!equal) throw new Failure("the bytes that arrived are not the bytes that were sent");
}

function heading({ content, latency, loss, bandwidth, seed }: DemoOptions): string {
  const rate = Number.isFinite(bandwidth) ? `, ${amount(bandwidth)}bit/s` : "";
  const wire = `a wire of ${latency} ms${rate} and ${percent(loss)} loss`;
  return `${content.name}: ${grouped(content.size)} ${content.size === 1 ? "byte" : "bytes"} from ${CLIENT} to ${SERVER} over ${wire} (seed ${seed})`;
}

/** The ladder, lost packets red and repeated ones yellow. */
function picture(demo: Demo, terminal: Terminal): string[] {
  const width = Math.min(Math.max(terminal.columns ?? 100, 72), 120);
  const lines = ladder(excerpt(demo.events), { left: CLIENT, right: SERVER, width });
  return lines.map((line) => {
    if (!line.includes("│")) return line; // heading and legend
    if (line.includes("✗")) return styled(terminal, RED, line);
    return line.includes("↻") ? styled(terminal, YELLOW, line) : line;
  });
}

/** Width of the summary's first column. */
const LABEL = 16;

function summary(report: DemoReport): string[] {
  const { bytes, sha256, equal, goodputBytesPerSecond: goodput, rtt, cwnd, wire } = report;
  const rows: [string, string][] = [
    ["bytes", `${grouped(bytes.sent)} sent, ${grouped(bytes.received)} received`],
    ["SHA-256 sent", sha256.sent],
    ["SHA-256 received", `${sha256.received}${equal ? "" : "  NOT THE SAME"}`],
    ["virtual time", `${(report.virtualMillis / 1000).toFixed(3)} s`],
    ["goodput", goodput === null ? "no time has passed" : `${amount(goodput)}B/s`],
    ["segments", `${grouped(report.segments)}, of them ${grouped(report.retransmissions)} sent again`],
    ["timeouts", `${report.timeouts}, fast retransmits ${report.fastRetransmits}`],
    ["RTT", `${rtt.smoothedMillis.toFixed(3)} ms smoothed, ${rtt.leastMillis.toFixed(3)} ms at least`],
    ["cwnd at the end", `${cwnd.segments} segments, ${grouped(cwnd.bytes)} bytes`],
    ["lost on the wire", `${grouped(wire.lost)} of ${grouped(wire.packets)} packets`],
    ["digest", report.hash],
  ];
  return rows.map(([label, text]) => `  ${label.padEnd(LABEL)}  ${text}`);
}

/** 74802 → "74,802": the same in every locale. */
function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** 2540000 → "2.54 M". */
function amount(value: number): string {
  for (const [unit, name] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    if (value >= unit) return `${(value / unit).toPrecision(3)} ${name}`;
  }
  return `${Math.round(value)} `;
}

function percent(probability: number): string {
  return `${Number((probability * 100).toPrecision(6))} %`;
}
