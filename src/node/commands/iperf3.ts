/** `netwright iperf3 --server`: what the real iperf3 measures against. */
import { type ServerOptions, serveIperf3 } from "../../services/iperf3/server.ts";
import { IPERF3_PORT } from "../../services/iperf3/settings.ts";
import { intervalHeading, intervalLines, summaryLines } from "../../services/iperf3/text.ts";
import { SocketError } from "../../sockets/error.ts";
import {
  describeOptions,
  Failure,
  HELP_OPTION,
  numberOption,
  type Options,
  parseCommandLine,
  UsageError,
} from "../arguments.ts";
import { errorText, portNumber, throwIfLinkEnded } from "../client.ts";
import { cpuMeter } from "../cpu-meter.ts";
import { LINK_OPTIONS } from "../station/link-options.ts";
import { openStation, type Station } from "../station/station.ts";
import type { Terminal } from "../terminal.ts";

const USAGE = "netwright iperf3 --server";
const RULE = "-----------------------------------------------------------";

const OPTIONS: Options = {
  server: { short: "s", help: "serve measurements, one at a time, until SIGINT" },
  port: { short: "p", value: "PORT", help: `TCP and UDP; default ${IPERF3_PORT}` },
  "one-off": { short: "1", help: "end after one measurement" },
  interval: { short: "i", value: "SECONDS", help: "from one report to the next; default 1; 0: none" },
  ...LINK_OPTIONS,
  help: HELP_OPTION,
};

const HELP = `${USAGE} [OPTIONS]: a server that iperf3 (3.x) of another host can measure against

${describeOptions(OPTIONS)}

  sudo npx netwright iperf3 --server --address 10.9.0.1/24 --peer 10.9.0.2
  iperf3 -c 10.9.0.2            and with -R, --bidir, -P 4, -u -b 100M, -t 30, --json …
`;

export async function iperf3Command(argv: readonly string[], terminal: Terminal): Promise<void> {
  // iperf3's own way to measure, which people type from habit
  if (argv.some((word) => /^(-c.*|--client(=.*)?)$/.test(word))) throw noServer();
  const line = parseCommandLine("netwright iperf3", OPTIONS, argv);
  if (line.values.has("help")) return terminal.out(HELP);
  if (!line.values.has("server")) throw noServer();
  const port = portNumber(line.values.get("port") ?? String(IPERF3_PORT));
  const fits = (value: number) => value === 0 || (value >= 0.1 && value <= 60);
  const interval = numberOption(line, "interval", 1, "0 or a number of seconds from 0.1 to 60", fits) * 1000;
  const station = await openStation("netwright iperf3", line);
  try {
    await serveUntilStopped(station, terminal, {
      port,
      interval,
      ...(line.values.has("one-off") && { count: 1 }),
    });
    throwIfLinkEnded(station);
  } finally {
    station.close();
  }
}

function noServer(): UsageError {
  return new UsageError(
    "iperf3 is a server here: netwright iperf3 --server; to measure: netwright throughput HOST",
  );
}

/** Serves with iperf3's own words on the terminal. Failure where the port cannot be had. */
export async function serveUntilStopped(
  station: Station,
  terminal: Terminal,
  options: Pick<ServerOptions, "port" | "interval" | "count">,
): Promise<void> {
  try {
    await serveIperf3(station.host, {
      ...options,
      ...reporter(terminal),
      cpu: cpuMeter(),
      signal: station.stopped,
    });
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    throw new Failure(`cannot listen on port ${options.port}: ${errorText(error)}`);
  }
}

/** Prints what the server tells. */
function reporter(terminal: Terminal): ServerOptions {
  const print = (...lines: string[]) => terminal.out(lines.map((text) => `${text}\n`).join(""));
  return {
    onListening: (port, number) => print(RULE, `Server listening on ${port} (test #${number})`, RULE),
    onAccepted: (address, port) => print(`Accepted connection from ${address}, port ${port}`),
    onStart({ settings, streams }) {
      for (const { id, localAddress, localPort, remoteAddress, remotePort } of streams) {
        const ends = `local ${localAddress} port ${localPort} connected to ${remoteAddress} port ${remotePort}`;
        print(`[${String(id).padStart(3)}] ${ends}`);
      }
      print(intervalHeading(settings, settings.reverse));
    },
    onInterval: (settings, report) => print(...intervalLines(settings, report, "S")),
    onEnd: (settings, { streams }) => print(...summaryLines(settings, streams, "S")),
    onFailure: (message) => terminal.err(`iperf3: ${message}\n`),
  };
}
