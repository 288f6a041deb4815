/** `netwright ping HOST`: as iputils' ping. */

import { type PingEvent, type PingOptions, ping } from "../../services/ping/ping.ts";
import { pingHeading, pingLine, pingProgress, pingSummary } from "../../services/ping/text.ts";
import { AF_INET, SOCK_DGRAM } from "../../sockets/constants.ts";
import { SocketError } from "../../sockets/error.ts";
import {
  type CommandLine,
  describeOptions,
  Failure,
  HELP_OPTION,
  numberOption,
  type Options,
  parseCommandLine,
  UsageError,
} from "../arguments.ts";
import { addressOf, throwIfLinkEnded, wantedArgument } from "../client.ts";
import { LINK_OPTIONS } from "../station/link-options.ts";
import { openStation, type Station } from "../station/station.ts";
import type { Terminal } from "../terminal.ts";

const USAGE = "netwright ping HOST";
const DEFAULT_SIZE = 56;
/** passt sends them by ping sockets, which not every machine lets everybody have. */
const PASST_HINT =
  'ping: passt hands echo requests on only where this machine lets it: sysctl -w net.ipv4.ping_group_range="0 2147483647"\n';

const OPTIONS: Options = {
  count: { short: "c", value: "COUNT", help: "end after so many requests; default: at SIGINT" },
  interval: {
    short: "i",
    value: "SECONDS",
    help: "from one request to the next; default 1; 0: as fast as answers come",
  },
  size: { short: "s", value: "BYTES", help: `data in each request, 0 to 65507; default ${DEFAULT_SIZE}` },
  pmtudisc: {
    short: "M",
    value: "do|want|dont",
    help: "do: never fragment; want: fragment to the path's MTU (default); dont: let routers fragment",
  },
  ttl: { short: "t", value: "TTL", help: "time to live, 1 to 255" },
  timeout: {
    short: "W",
    value: "SECONDS",
    help: "wait so long for a first answer after the last request; default 10",
  },
  deadline: { short: "w", value: "SECONDS", help: "end after so many seconds, whatever has come" },
  pattern: { short: "p", value: "HEX", help: "fill the data with these bytes, at most 16" },
  broadcast: { short: "b", help: "allow a broadcast address" },
  quiet: { short: "q", help: "print the summary alone" },
  numeric: { short: "n", help: "print addresses without names" },
  ...LINK_OPTIONS,
  help: HELP_OPTION,
};

const HELP = `${USAGE} [OPTIONS]: echo requests, their answers, and statistics, as ping(8) prints them

${describeOptions(OPTIONS)}

SIGQUIT shows the statistics so far. The exit code is 0 when an answer came, 1 when none did, 2 for other troubles.

  sudo npx netwright ping 10.9.0.1 -c 3 --address 10.9.0.1/24 --peer 10.9.0.2
`;

/** Resolves with the exit code. */
export async function pingCommand(argv: readonly string[], terminal: Terminal): Promise<number> {
  const line = parseCommandLine("netwright ping", OPTIONS, argv, ["HOST"]);
  if (line.values.has("help")) {
    terminal.out(HELP);
    return 0;
  }
  const destination = wantedArgument(line, 0, "HOST", USAGE);
  const options = pingOptions(line);
  const station = await openStation("netwright ping", line);
  try {
    return await run(station, destination, options, line, terminal);
  } catch (error) {
    if (!(error instanceof Failure || error instanceof SocketError)) throw error;
    throwIfLinkEnded(station);
    terminal.err(`ping: ${error instanceof SocketError ? `connect: ${error.strerror}` : error.message}\n`);
    return 2;
  } finally {
    station.close();
  }
}

function pingOptions(line: CommandLine): PingOptions {
  const whole = (least: number, most: number) => (value: number) =>
    Number.isInteger(value) && value >= least && value <= most;
  const seconds = (value: number) => value >= 0 && value <= 1e6;
  const timesAllowed = "a number of seconds from 0 to 1e6";
  const { values } = line;
  const discover = values.get("pmtudisc") ?? "want";
  if (discover !== "do" && discover !== "want" && discover !== "dont") {
    throw new UsageError(`--pmtudisc is do, want or dont; got ${discover === "" ? "nothing" : discover}`);
  }
  const options: PingOptions = {
    interval: numberOption(line, "interval", 1, timesAllowed, seconds) * 1000,
    size: numberOption(
      line,
      "size",
      DEFAULT_SIZE,
      "a whole number of bytes from 0 to 65507",
      whole(0, 65_507),
    ),
    discover,
    pattern: parsePattern(values.get("pattern")),
    broadcast: values.has("broadcast"),
  };
  if (values.has("count")) {
    options.count = numberOption(line, "count", 1, "a whole number from 1 to 1e15", whole(1, 1e15));
  }
  if (values.has("ttl")) {
    options.timeToLive = numberOption(line, "ttl", 64, "a whole number from 1 to 255", whole(1, 255));
  }
  if (values.has("timeout")) options.wait = numberOption(line, "timeout", 10, timesAllowed, seconds) * 1000;
  if (values.has("deadline"))
    options.deadline = numberOption(line, "deadline", 0, timesAllowed, seconds) * 1000;
  return options;
}

function parsePattern(text: string | undefined): Uint8Array {
  if (text === undefined) return new Uint8Array(0);
  if (!/^([0-9a-fA-F]{1,2}){1,16}$/.test(text) || text.length > 32) {
    throw new UsageError(
      `--pattern is 1 to 16 bytes in hexadecimal digits; got ${text === "" ? "nothing" : text}`,
    );
  }
  return Uint8Array.from(text.match(/.{1,2}/g) ?? [], (digits) => Number.parseInt(digits, 16));
}

async function run(
  station: Station,
  destination: string,
  options: PingOptions,
  line: CommandLine,
  terminal: Terminal,
): Promise<number> {
  const address = await addressOf(station, destination);
  await checkRoute(station, address, options.broadcast === true);
  terminal.out(`${pingHeading(destination, address, options.size ?? DEFAULT_SIZE)}\n`);
  const quiet = line.values.has("quiet");
  const named = !line.values.has("numeric") && destination !== address;
  const running = ping(station.host, address, { ...options, signal: station.stopped });
  const progress = () => terminal.err(`\r${pingProgress(running.statistics)}\n`);
  process.on("SIGQUIT", progress);
  try {
    for await (const event of running) {
      if (quiet) continue;
      const text = `${pingLine(event, named ? await nameOf(station, event) : (event.from ?? ""))}\n`;
      if (event.kind === "error" && event.from === undefined) terminal.err(text);
      else terminal.out(text);
    }
  } finally {
    process.off("SIGQUIT", progress);
  }
  const { statistics } = running;
  terminal.out(`${pingSummary(destination, statistics).join("\n")}\n`);
  throwIfLinkEnded(station);
  if (statistics.transmitted > 0 && statistics.received === 0 && station.place.kind === "passt") {
    terminal.err(PASST_HINT);
  }
  const { count, deadline } = options;
  const tooFew = deadline !== undefined && count !== undefined && statistics.received < count;
  return statistics.received === 0 || tooFew ? 1 : 0;
}

/** Whether there is a way to `address` at all: what ping finds out by connecting a datagram socket. SocketError. */
async function checkRoute({ host }: Station, address: string, broadcast: boolean): Promise<void> {
  const probe = host.socket(AF_INET, SOCK_DGRAM);
  try {
    await probe.connect({ address, port: 1025 });
  } catch (error) {
    if (!(error instanceof SocketError) || error.code !== "EACCES") throw error;
    if (!broadcast) throw new Failure("this is a broadcast address: give -b if that is meant");
  } finally {
    await probe.close();
  }
}

/** "b (10.0.0.2)" where the address has a name. */
async function nameOf({ host }: Station, { from }: PingEvent): Promise<string> {
  if (from === undefined) return "";
  try {
    const [name] = await host.gethostbyaddr(from);
    return `${name} (${from})`;
  } catch (error) {
    if (error instanceof SocketError) return from;
    throw error;
  }
}
