/** `netwright traceroute HOST`: as Debian's traceroute. */
import { type Hop, type TracerouteOptions, traceroute } from "../../services/traceroute/traceroute.ts";
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
import { LINK_OPTIONS } from "../station/link-options.ts";
import { openStation, type Station } from "../station/station.ts";
import type { Terminal } from "../terminal.ts";

const USAGE = "netwright traceroute HOST [LENGTH]";

const OPTIONS: Options = {
  icmp: { short: "I", help: "probe with ICMP echo requests; default: with UDP" },
  tcp: { short: "T", help: "probe with TCP SYN segments" },
  first: { short: "f", value: "HOP", help: "begin with this hop; default 1" },
  "max-hops": { short: "m", value: "HOPS", help: "end with this hop, at most 255; default 30" },
  queries: { short: "q", value: "N", help: "probes for each hop, 1 to 10; default 3" },
  "sim-queries": { short: "N", value: "N", help: "probes at once; default 16" },
  wait: {
    short: "w",
    value: "MAX[,HERE,NEAR]",
    help: "seconds to wait, and how many times what others took; default 5,3,10",
  },
  port: {
    short: "p",
    value: "PORT",
    help: "UDP: of the first probe, default 33434; TCP: of all, default 80",
  },
  "dont-fragment": { short: "F", help: "forbid routers to fragment" },
  numeric: { short: "n", help: "print addresses without names" },
  ...LINK_OPTIONS,
  help: HELP_OPTION,
};

const HELP = `${USAGE} [OPTIONS]: who is on the way to HOST, by packets that live for one hop, two, three …

${describeOptions(OPTIONS)}

LENGTH is that of the packets in bytes, default 60. Marks: !H, !N, !P host, network or protocol unreachable,
!X not allowed, !F-MTU too long, !S source route, !<N> any other code; * no answer.

  sudo npx netwright traceroute 192.0.2.1 --address 10.9.0.1/24 --peer 10.9.0.2
`;

export async function tracerouteCommand(argv: readonly string[], terminal: Terminal): Promise<void> {
  const line = parseCommandLine("netwright traceroute", OPTIONS, argv, ["HOST", "LENGTH"]);
  if (line.values.has("help")) return terminal.out(HELP);
  const destination = wantedArgument(line, 0, "HOST", USAGE);
  const options = tracerouteOptions(line);
  const station = await openStation("netwright traceroute", line);
  try {
    const address = await addressOf(station, destination);
    const { maxHops = 30, packetLength = 60 } = options;
    const bounds = `${maxHops} hops max, ${packetLength} byte packets`;
    terminal.out(`traceroute to ${destination} (${address}), ${bounds}\n`);
    const named = !line.values.has("numeric");
    for await (const hop of traceroute(station.host, address, { ...options, signal: station.stopped })) {
      terminal.out(`${await hopLine(station, hop, named)}\n`);
    }
    throwIfLinkEnded(station);
  } catch (error) {
    throwIfLinkEnded(station);
    if (error instanceof SocketError) throw new Failure(`traceroute: ${errorText(error)}`);
    throw error;
  } finally {
    station.close();
  }
}

function tracerouteOptions(line: CommandLine): TracerouteOptions {
  const { values, positionals } = line;
  const number = (name: string, standard: number, least: number, most: number) =>
    numberOption(
      line,
      name,
      standard,
      `a whole number from ${least} to ${most}`,
      (value) => Number.isInteger(value) && value >= least && value <= most,
    );
  if (values.has("icmp") && values.has("tcp")) throw new UsageError("give --icmp or --tcp, not both");
  const maxHops = number("max-hops", 30, 1, 255);
  const firstHop = number("first", 1, 1, 255);
  if (firstHop > maxHops)
    throw new UsageError(`--first is not above --max-hops, ${maxHops}; got ${firstHop}`);
  const port = values.get("port");
  const length = positionals[1];
  return {
    method: values.has("icmp") ? "icmp" : values.has("tcp") ? "tcp" : "udp",
    firstHop,
    maxHops,
    queries: number("queries", 3, 1, 10),
    simultaneous: number("sim-queries", 16, 1, 1000),
    ...waits(values.get("wait")),
    ...(port !== undefined && { port: portNumber(port) }),
    ...(length !== undefined && { packetLength: packetLength(length, values.has("tcp")) }),
    dontFragment: values.has("dont-fragment"),
  };
}

function packetLength(text: string, tcp: boolean): number {
  const length = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(length >= 28 && length <= 65_000)) {
    throw new UsageError(`LENGTH is a whole number of bytes from 28 to 65000; got ${text}`);
  }
  if (tcp && length !== 60) throw new UsageError(`LENGTH is 60 with --tcp; got ${text}`);
  return length;
}

function waits(text: string | undefined): TracerouteOptions {
  if (text === undefined) return {};
  const [max = Number.NaN, here, near] = text
    .split(",")
    .map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const fits = (value: number | undefined) => value === undefined || (value >= 0 && value <= 1e6);
  if (!(max > 0 && max <= 1e6) || !fits(here) || !fits(near) || text.split(",").length > 3) {
    throw new UsageError(
      `--wait is a number of seconds above 0, or MAX,HERE,NEAR; got ${text === "" ? "nothing" : text}`,
    );
  }
  // alone it is what counts, as in Debian's
  return { wait: max * 1000, here: here ?? 0, near: near ?? 0 };
}

/** " 1  10.9.0.1 (10.9.0.1)  0.2 ms  0.1 ms *" */
async function hopLine(station: Station, { timeToLive, replies }: Hop, named: boolean): Promise<string> {
  let text = `${String(timeToLive).padStart(2)} `;
  let previous = "";
  for (const reply of replies) {
    if (reply === undefined) {
      text += " *";
      continue;
    }
    const { from, millis, mark } = reply;
    if (from !== previous) text += ` ${named ? await nameOf(station, from) : from}`;
    previous = from;
    text += `  ${millis.toFixed(3)} ms${mark === "" ? "" : ` ${mark}`}`;
  }
  return text;
}

/** "router (10.0.0.254)", or the address twice where it has no name. */
async function nameOf({ host }: Station, address: string): Promise<string> {
  try {
    const [name] = await host.gethostbyaddr(address);
    return `${name} (${address})`;
  } catch (error) {
    if (error instanceof SocketError) return `${address} (${address})`;
    throw error;
  }
}
