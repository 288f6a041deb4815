/** `netwright throughput HOST`: how much gets there, or back. */
import { iperf3Json } from "../../services/iperf3/json.ts";
import type { TestStart } from "../../services/iperf3/server.ts";
import { IPERF3_PORT } from "../../services/iperf3/settings.ts";
import { intervalHeading, intervalLines, summaryLines } from "../../services/iperf3/text.ts";
import {
  type IntervalReport,
  ThroughputError,
  type ThroughputOptions,
  throughput,
} from "../../services/throughput.ts";
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
import { addressOf, errorText, portNumber, throwIfLinkEnded, wantedArgument } from "../client.ts";
import { cpuMeter } from "../cpu-meter.ts";
import { LINK_OPTIONS } from "../station/link-options.ts";
import { openStation, type Station } from "../station/station.ts";
import type { Terminal } from "../terminal.ts";
import { serveUntilStopped } from "./iperf3.ts";

const USAGE = "netwright throughput HOST";

const OPTIONS: Options = {
  server: { short: "s", help: "serve measurements instead, one at a time, until SIGINT" },
  port: { short: "p", value: "PORT", help: `of the server; default ${IPERF3_PORT}` },
  time: { short: "t", value: "SECONDS", help: "how long; default 10" },
  bytes: { short: "n", value: "BYTES", help: "how much instead of how long: 100M, 2G" },
  parallel: { short: "P", value: "N", help: "so many streams at once; default 1" },
  reverse: { short: "R", help: "the server sends" },
  bidir: { help: "both send" },
  udp: { short: "u", help: "UDP instead of TCP" },
  bitrate: {
    short: "b",
    value: "BPS",
    help: "bits per second of each stream: 100M, 1G; default: no limit, of UDP 1M; 0: no limit",
  },
  length: {
    short: "l",
    value: "BYTES",
    help: "of one write or datagram; default 128K; of UDP what a packet holds",
  },
  omit: { short: "O", value: "SECONDS", help: "leave the first seconds out" },
  interval: { short: "i", value: "SECONDS", help: "from one report to the next; default 1; 0: none" },
  json: { short: "J", help: "print one JSON object, as iperf3's, and nothing else" },
  ...LINK_OPTIONS,
  help: HELP_OPTION,
};

const HELP = `${USAGE} [OPTIONS]: how much gets to HOST, or back
netwright throughput --server [OPTIONS]: the other end

${describeOptions(OPTIONS)}

Both ends speak iperf3's protocol: HOST may run \`iperf3 -s\`, and \`iperf3 -c\` may measure the server.

  sudo npx netwright throughput 10.9.0.1 -t 5 --address 10.9.0.1/24 --peer 10.9.0.2
`;

export async function throughputCommand(argv: readonly string[], terminal: Terminal): Promise<void> {
  const line = parseCommandLine("netwright throughput", OPTIONS, argv, ["HOST"]);
  if (line.values.has("help")) return terminal.out(HELP);
  const serves = line.values.has("server");
  if (serves && line.positionals.length > 0) throw new UsageError("give --server or HOST, not both");
  const host = serves ? "" : wantedArgument(line, 0, "HOST", USAGE);
  const options = measurementOptions(line);
  const station = await openStation("netwright throughput", line);
  try {
    if (serves) await serveUntilStopped(station, terminal, options);
    else await measure(station, host, options, line.values.has("json"), terminal);
    throwIfLinkEnded(station);
  } finally {
    station.close();
  }
}

type Chosen = ThroughputOptions & { port: number; interval: number };

function measurementOptions(line: CommandLine): Chosen {
  const { values } = line;
  const whole = (least: number, most: number) => (value: number) =>
    Number.isInteger(value) && value >= least && value <= most;
  const seconds = (name: string, standard: number, most: number) =>
    numberOption(
      line,
      name,
      standard,
      `a number of seconds from 0 to ${most}`,
      (value) => value >= 0 && value <= most,
    );
  if (values.has("reverse") && values.has("bidir"))
    throw new UsageError("give --reverse or --bidir, not both");
  if (values.has("time") && values.has("bytes")) throw new UsageError("give --time or --bytes, not both");
  const udp = values.has("udp");
  const fits = (value: number) => value === 0 || (value >= 0.1 && value <= 60);
  const options: Chosen = {
    port: portNumber(values.get("port") ?? String(IPERF3_PORT)),
    protocol: udp ? "udp" : "tcp",
    streams: numberOption(line, "parallel", 1, "a whole number from 1 to 128", whole(1, 128)),
    reverse: values.has("reverse"),
    bidirectional: values.has("bidir"),
    omitSeconds: seconds("omit", 0, 600),
    interval: numberOption(line, "interval", 1, "0 or a number of seconds from 0.1 to 60", fits) * 1000,
  };
  if (values.has("bytes"))
    return { ...options, bytes: amount(line, "bytes", 1024, 1, 1e15), ...rest(line, udp) };
  const time = seconds("time", 10, 86_400);
  if (time === 0) throw new UsageError("--time is a number of seconds above 0; got 0");
  return { ...options, seconds: time, ...rest(line, udp) };
}

function rest(line: CommandLine, udp: boolean): ThroughputOptions {
  const most = udp ? 65_507 : 1_048_576;
  return {
    ...(line.values.has("bitrate") && { bitsPerSecond: amount(line, "bitrate", 1000, 0, 1e15) }),
    ...(line.values.has("length") && { blockLength: amount(line, "length", 1024, udp ? 16 : 1, most) }),
  };
}

/** "100M": a number with a prefix of its unit. */
function amount(line: CommandLine, name: string, base: number, least: number, most: number): number {
  const text = line.values.get(name) ?? "";
  const [, digits, prefix = ""] = /^(\d+(?:\.\d+)?)([kKmMgGtT]?)$/.exec(text) ?? [];
  const value = Math.round(Number(digits) * base ** ["", "k", "m", "g", "t"].indexOf(prefix.toLowerCase()));
  if (value >= least && value <= most) return value;
  throw new UsageError(
    `--${name} is a number from ${least} to ${most}, such as 100K or 2M; got ${text === "" ? "nothing" : text}`,
  );
}

async function measure(
  station: Station,
  destination: string,
  options: Chosen,
  json: boolean,
  terminal: Terminal,
): Promise<void> {
  const print = (...lines: string[]) => terminal.out(lines.map((text) => `${text}\n`).join(""));
  const address = await addressOf(station, destination);
  const intervals: IntervalReport[] = [];
  let start: TestStart | undefined;
  const recorder: Partial<ThroughputOptions> = {
    onStart(begun) {
      start = begun;
    },
    onInterval: (_, report) => intervals.push(report),
  };
  const events = json ? recorder : printer(print);
  if (!json) print(`Connecting to host ${destination}, port ${options.port}`);
  const common = { ...options, cpu: cpuMeter(), signal: station.stopped };
  try {
    const result = await throughput(station.host, address, { ...common, ...events });
    if (json) print(JSON.stringify(iperf3Json({ ...result, start, intervals })));
    else print(...summaryLines(result.settings, result.local.streams, "C", result.remote.streams));
  } catch (error) {
    throwIfLinkEnded(station);
    if (error instanceof ThroughputError) throw new Failure(`throughput: ${error.message}`);
    if (!(error instanceof SocketError)) throw error;
    throw new Failure(
      `throughput: cannot measure with ${destination} port ${options.port}: ${errorText(error)}`,
    );
  }
}

/** Prints what happens meanwhile, in iperf3's words. */
function printer(print: (...lines: string[]) => void): Partial<ThroughputOptions> {
  return {
    onStart({ address, settings, streams }) {
      if (settings.reverse) print(`Reverse mode, remote host ${address} is sending`);
      for (const { id, localAddress, localPort, remoteAddress, remotePort } of streams) {
        const ends = `local ${localAddress} port ${localPort} connected to ${remoteAddress} port ${remotePort}`;
        print(`[${String(id).padStart(3)}] ${ends}`);
      }
      print(intervalHeading(settings, !settings.reverse));
    },
    onInterval: (settings, report) => print(...intervalLines(settings, report, "C")),
  };
}
