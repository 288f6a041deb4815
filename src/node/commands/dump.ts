/** `netwright dump`: packets as tcpdump prints them, of a capture, of one that grows, or of a process that runs. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { PcapngReader } from "../../trace/pcapng-reader.ts";
import { Printer } from "../../trace/print.ts";
import {
  describeOptions,
  Failure,
  fileError,
  HELP_OPTION,
  type Options,
  parseCommandLine,
  UsageError,
} from "../arguments.ts";
import { chooseProcess, converse } from "../station/control-client.ts";
import { catchSignals } from "../station/signals.ts";
import type { Terminal } from "../terminal.ts";

const OPTIONS: Options = {
  watch: {
    help: "go on with what comes: to FILE.pcapng, or to the netwright process with this PID, or to the only one",
  },
  help: HELP_OPTION,
};

const HELP = `netwright dump FILE.pcapng: prints a capture as tcpdump would
netwright dump --watch FILE.pcapng: and what is added to it, until ^C
netwright dump --watch [PID]: what a netwright process of yours sends and receives

It reads pcapng files of Ethernet or raw IPv4 (link types 1, 101 and 228) and prints their IPv4 packets, with the time of day in
UTC; of other packets it says how many there are. A classic pcap file has to be converted first:
\`tshark -r OLD.pcap -w NEW.pcapng -F pcapng\`.

${describeOptions(OPTIONS)}

  npx netwright dump capture.pcapng
  sudo npx netwright dump --watch          what a netwright process of root's does now
`;

/** Read at once, bytes. */
const PIECE = 1 << 20;
/** How often a capture is looked at for more, milliseconds. */
const LOOK_MILLIS = 100;

export async function dumpCommand(argv: readonly string[], terminal: Terminal): Promise<void> {
  const { values, positionals } = parseCommandLine("netwright dump", OPTIONS, argv, ["FILE.pcapng"]);
  if (values.has("help")) return terminal.out(HELP);
  const [what] = positionals;
  const lines = new Lines(terminal);
  if (!values.has("watch")) {
    if (what === undefined || what === "")
      throw new UsageError("dump needs a file: netwright dump FILE.pcapng");
    return printFile(what, lines);
  }
  const { stop, close } = catchSignals();
  try {
    if (what === undefined || /^\d+$/.test(what)) await watchProcess(what, lines, stop.signal);
    else await watchFile(what, lines, stop.signal);
  } finally {
    close();
    lines.tellRest();
  }
}

/** Reads bytes of pcapng and prints the packets in them. */
class Lines {
  private readonly terminal: Terminal;
  private readonly printer = new Printer();
  private text = "";
  private readonly reader = new PcapngReader(({ time, bytes }) => {
    this.text += `${this.printer.line(time, bytes)}\n`;
  });

  constructor(terminal: Terminal) {
    this.terminal = terminal;
  }

  /** What is whole is shown even when the rest makes no sense: then it throws a RangeError. */
  async push(bytes: Uint8Array): Promise<void> {
    try {
      this.reader.push(bytes);
    } finally {
      const { text } = this;
      this.text = "";
      if (text !== "") await this.terminal.write(new TextEncoder().encode(text));
    }
  }

  /** Nothing more comes: a RangeError if something is missing. */
  async end(): Promise<void> {
    this.reader.end();
  }

  tellRest(): void {
    const { notIpv4 } = this.reader;
    if (notIpv4 > 0) this.terminal.err(`packets left out because they are not IPv4: ${notIpv4}\n`);
  }
}

async function printFile(path: string, lines: Lines): Promise<void> {
  const file = open(path);
  try {
    await pushRest(path, file, lines);
    lines.tellRest();
    await judged(path, () => lines.end());
  } finally {
    closeSync(file);
  }
}

async function watchFile(path: string, lines: Lines, signal: AbortSignal): Promise<void> {
  const file = open(path);
  try {
    let read = 0;
    while (!signal.aborted) {
      read += await pushRest(path, file, lines, signal);
      if (fstatSync(file).size < read) throw new Failure(`${path}: another capture has taken its place`);
      await pause(LOOK_MILLIS, undefined, { signal }).catch(() => {}); // it is over
    }
  } finally {
    closeSync(file);
  }
}

async function watchProcess(pid: string | undefined, lines: Lines, signal: AbortSignal): Promise<void> {
  const chosen = await chooseProcess("netwright dump --watch", pid);
  for await (const piece of converse(chosen.path, "watch", signal)) await lines.push(piece);
}

/** Prints what of `file` has not been read yet; returns how many bytes that were. */
async function pushRest(path: string, file: number, lines: Lines, signal?: AbortSignal): Promise<number> {
  const buffer = new Uint8Array(PIECE);
  let total = 0;
  while (!signal?.aborted) {
    const length = read(path, file, buffer);
    if (length === 0) break;
    total += length;
    await judged(path, () => lines.push(buffer.subarray(0, length)));
  }
  return total;
}

function open(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    throw new Failure(`cannot read ${path}: ${fileError(error)}`);
  }
}

function read(path: string, file: number, buffer: Uint8Array): number {
  try {
    return readSync(file, buffer);
  } catch (error) {
    throw new Failure(`cannot read ${path}: ${fileError(error)}`);
  }
}

/** Runs `step`; what makes no sense in the capture becomes a Failure that names it. */
async function judged(path: string, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (error instanceof RangeError) throw new Failure(`${path}: ${error.message}`);
    throw error;
  }
}
