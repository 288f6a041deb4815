/** The commands: which there are, and what becomes of their errors. */
import { readFileSync } from "node:fs";
import { Failure, UsageError } from "./arguments.ts";
import { demoCommand } from "./commands/demo.ts";
import { dumpCommand } from "./commands/dump.ts";
import { getCommand } from "./commands/get.ts";
import { iperf3Command } from "./commands/iperf3.ts";
import { ncCommand } from "./commands/nc.ts";
import { netstatCommand } from "./commands/netstat.ts";
import { pingCommand } from "./commands/ping.ts";
import { throughputCommand } from "./commands/throughput.ts";
import { tracerouteCommand } from "./commands/traceroute.ts";
import { tunCommand } from "./commands/tun.ts";
import { nearest } from "./nearest.ts";
import type { Terminal } from "./terminal.ts";

/** Resolves with the exit code where that is not 0. */
type Command = (argv: readonly string[], terminal: Terminal) => Promise<unknown>;

const COMMANDS: Readonly<Record<string, Command>> = {
  demo: demoCommand,
  dump: dumpCommand,
  get: getCommand,
  iperf3: iperf3Command,
  nc: ncCommand,
  netstat: netstatCommand,
  ping: pingCommand,
  throughput: throughputCommand,
  traceroute: tracerouteCommand,
  tun: tunCommand,
};

/** Promised for later versions. */
const LATER = ["drill"];

const HELP = `netwright COMMAND [OPTIONS]: a TCP/IP stack in TypeScript

  demo              two hosts over a lossy wire move a file, and you see how
  dump FILE.pcapng  prints a capture as tcpdump would
  get URL           a document over HTTP
  iperf3 --server   a server that the real iperf3 can measure against
  nc HOST PORT      standard input and output on a connection, or with -l on whoever connects
  netstat [PID]     sockets and counters of a netwright process that runs
  ping HOST         echo requests and their answers, as ping(8) prints them
  throughput HOST   how much gets there or back, over TCP or UDP; with --server the other end
  traceroute HOST   who is on the way there
  tun               a host on a TUN device: answers ping, serves files over HTTP, echoes

  netwright COMMAND --help tells more; netwright --version says which version this is.
  Not in this version: ${LATER.join(", ")}.
`;

/** Runs one command; returns the exit code: 0, 1 when it did not work, 2 when what was typed makes no sense. */
export async function main(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const code = await dispatch(argv, terminal);
    return typeof code === "number" ? code : 0;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof Failure)) throw error;
    terminal.err(`${error.message}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

async function dispatch(argv: readonly string[], terminal: Terminal): Promise<unknown> {
  const [name, ...rest] = argv;
  if (name === undefined) throw new UsageError("no command given; see netwright --help");
  if (name === "--help" || name === "-h" || name === "help") return terminal.out(HELP);
  if (name === "--version") return terminal.out(`${version()}\n`);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return command(rest, terminal);
  if (LATER.includes(name)) throw new UsageError(`${name} is not in this version of netwright`);
  if (name.startsWith("-")) throw new UsageError(`unknown option ${name}; see netwright --help`);
  const meant = nearest(name, Object.keys(COMMANDS));
  const hint = meant === undefined ? "; see" : `: is ${meant} meant? See`;
  throw new UsageError(`unknown command ${name}${hint} netwright --help`);
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return String(manifest.version);
}
