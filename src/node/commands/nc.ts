/** `netwright nc HOST PORT`: the terminal on a connection, as OpenBSD's netcat. */
import {
  AF_INET,
  MSG_PEEK,
  SO_BROADCAST,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../../sockets/constants.ts";
import { SocketError } from "../../sockets/error.ts";
import { inet_aton } from "../../sockets/inet.ts";
import { ServiceTable } from "../../sockets/names/services.ts";
import type { Socket } from "../../sockets/socket.ts";
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
import {
  addressOf,
  closeWhenSent,
  errorText,
  portNumber,
  throwIfLinkEnded,
  wantedArgument,
} from "../client.ts";
import { Input, Relay } from "../relay.ts";
import { LINK_OPTIONS } from "../station/link-options.ts";
import { openStation, type Station } from "../station/station.ts";
import type { Terminal } from "../terminal.ts";

const USAGE = "netwright nc HOST PORT";
const LISTEN_USAGE = "netwright nc -l PORT";

const OPTIONS: Options = {
  listen: { short: "l", help: "wait for a connection to PORT instead of making one" },
  udp: { short: "u", help: "datagrams instead of a connection" },
  keep: { short: "k", help: "with -l: wait for another one when a connection has ended" },
  shutdown: {
    short: "N",
    help: "shut the sending direction down at the end of the input; default: leave it open",
  },
  quit: { short: "q", value: "SECONDS", help: "end so long after the end of the input; implies -N" },
  wait: {
    short: "w",
    value: "SECONDS",
    help: "end when nothing came or went for so long; and as long to connect",
  },
  zero: { short: "z", help: "connect and send nothing" },
  source: { short: "s", value: "ADDRESS", help: "the local address" },
  port: { short: "p", value: "PORT", help: "the local port" },
  verbose: { short: "v", help: "say on standard error who is connected" },
  numeric: { short: "n", help: "HOST is an address" },
  ...LINK_OPTIONS,
  help: HELP_OPTION,
};

const HELP = `${USAGE} [OPTIONS]: standard input to HOST, and what HOST sends to standard output
${LISTEN_USAGE} [OPTIONS]: the same with whoever connects to PORT

${describeOptions(OPTIONS)}

It ends when the peer has ended and the input too; with -l when the peer has. Bytes go both ways as they are.

  sudo npx netwright nc -N 10.9.0.1 7000 --address 10.9.0.1/24 --peer 10.9.0.2 < file
`;

/** Resolves with the exit code: 130 after SIGINT, of which netcat dies. */
export async function ncCommand(argv: readonly string[], terminal: Terminal): Promise<number> {
  const line = parseCommandLine("netwright nc", OPTIONS, argv, ["HOST", "PORT"]);
  if (line.values.has("help")) {
    terminal.out(HELP);
    return 0;
  }
  const plan = planOf(line);
  const station = await openStation("netwright nc", line);
  try {
    const session = new Session(station, plan, terminal);
    await (plan.listens ? session.listen() : session.connect());
    throwIfLinkEnded(station);
    return station.signalCode();
  } catch (error) {
    throwIfLinkEnded(station);
    if (error instanceof SocketError && station.stopped.aborted) return station.signalCode();
    if (error instanceof SocketError) throw new Failure(`nc: ${errorText(error)}`);
    throw error;
  } finally {
    station.close();
  }
}

/** What was typed, checked. */
interface Plan {
  readonly listens: boolean;
  readonly udp: boolean;
  readonly keep: boolean;
  readonly zero: boolean;
  readonly verbose: boolean;
  /** Whom to connect to; where to listen, "" for anywhere. */
  readonly host: string;
  readonly port: number;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly shutdown: boolean;
  readonly lingerMillis: number | undefined;
  readonly idleMillis: number | undefined;
}

function planOf(line: CommandLine): Plan {
  const { values, positionals } = line;
  const listens = values.has("listen");
  const sourcePort = values.get("port");
  const [quit, wait] = [secondsOption(line, "quit"), secondsOption(line, "wait")];
  if (values.has("keep") && !listens) throw new UsageError("-k needs -l");
  if (values.has("zero") && listens) throw new UsageError("give -z or -l, not both");
  let host = positionals[0] ?? "";
  let port: string | undefined = positionals[1];
  if (!listens) {
    host = wantedArgument(line, 0, "HOST", USAGE);
    port = wantedArgument(line, 1, "PORT", USAGE);
  } else if (positionals.length < 2) {
    port = positionals[0] ?? sourcePort;
    host = values.get("source") ?? "";
    if (port === undefined) throw new UsageError(`${LISTEN_USAGE}: PORT is missing`);
  }
  if (values.has("numeric") && host !== "" && !isAddress(host)) {
    throw new UsageError(`with -n HOST is an address such as 10.9.0.1; got ${host}`);
  }
  return {
    listens,
    udp: values.has("udp"),
    keep: values.has("keep"),
    zero: values.has("zero"),
    verbose: values.has("verbose"),
    host,
    port: portOrService(port ?? "", values.has("udp")),
    sourceAddress: values.get("source") ?? "",
    sourcePort: sourcePort === undefined || listens ? 0 : portNumber(sourcePort),
    shutdown: values.has("shutdown") || quit !== undefined,
    lingerMillis: quit,
    idleMillis: wait,
  };
}

function isAddress(text: string): boolean {
  try {
    return inet_aton(text).length === 4;
  } catch {
    return false;
  }
}

/** A port by its number or the name of its service: "80", "http". */
function portOrService(text: string, udp: boolean): number {
  const service = /^\d*$/.test(text) ? undefined : new ServiceTable().byName(text, udp ? "udp" : "tcp");
  if (service !== undefined) return service.port;
  if (/^\d*$/.test(text)) return portNumber(text);
  throw new UsageError(`PORT is a whole number from 1 to 65535 or the name of a service; got ${text}`);
}

/** Milliseconds. */
function secondsOption(line: CommandLine, name: string): number | undefined {
  if (!line.values.has(name)) return undefined;
  const fits = (value: number) => value >= 0 && value <= 1e6;
  return numberOption(line, name, 0, "a number of seconds from 0 to 1e6", fits) * 1000;
}

class Session {
  private readonly station: Station;
  private readonly plan: Plan;
  private readonly terminal: Terminal;
  private readonly input: Input;
  /** Aborted to let go of standard input. */
  private readonly done = new AbortController();

  constructor(station: Station, plan: Plan, terminal: Terminal) {
    this.station = station;
    this.plan = plan;
    this.terminal = terminal;
    this.input = new Input(terminal, this.done.signal);
  }

  async connect(): Promise<void> {
    const { station, plan, terminal } = this;
    const address = await addressOf(station, plan.host);
    const socket = this.socket();
    try {
      await this.establish(socket, address);
      if (plan.verbose)
        terminal.err(`Connection to ${plan.host} ${plan.port} port ${this.service()} succeeded!\n`);
      if (!plan.zero) await this.relay(socket);
    } finally {
      this.done.abort();
      await closeWhenSent(socket, station);
    }
  }

  async listen(): Promise<void> {
    const { plan } = this;
    try {
      if (plan.udp) await this.listenToDatagrams();
      else await this.listenForConnections();
    } finally {
      this.done.abort();
    }
  }

  private async establish(socket: Socket, address: string): Promise<void> {
    const { station, plan } = this;
    const { host, port, sourceAddress, sourcePort, idleMillis } = plan;
    try {
      if (sourceAddress !== "" || sourcePort !== 0) socket.bind({ address: sourceAddress, port: sourcePort });
      socket.settimeout(plan.udp || idleMillis === undefined ? null : Math.max(idleMillis, 1));
      await socket.connect({ address, port }, { signal: station.stopped });
      socket.settimeout(null);
    } catch (error) {
      if (!(error instanceof SocketError) || station.stopped.aborted) throw error;
      const kind = plan.udp ? "udp" : "tcp";
      throw new Failure(`nc: connect to ${host} port ${port} (${kind}) failed: ${errorText(error)}`);
    }
  }

  private async listenForConnections(): Promise<void> {
    const { station, plan, terminal } = this;
    const listener = this.bound();
    try {
      listener.listen(plan.keep ? 128 : 1);
      this.announce(listener);
      do {
        const [connection, { address, port }] = await listener.accept({ signal: station.stopped });
        if (!plan.keep) await listener.close();
        if (plan.verbose) terminal.err(`Connection received on ${address} ${port}\n`);
        try {
          await this.relay(connection);
        } finally {
          await closeWhenSent(connection, station);
        }
      } while (plan.keep && !station.stopped.aborted);
    } catch (error) {
      if (!station.stopped.aborted) throw error;
    } finally {
      await listener.close();
    }
  }

  /** Without -k the first sender is whom the rest is with; with it everything that comes is shown, and nothing sent. */
  private async listenToDatagrams(): Promise<void> {
    const { station, plan, terminal } = this;
    const socket = this.bound();
    try {
      this.announce(socket);
      do {
        const flags = plan.keep ? 0 : MSG_PEEK;
        const [data, from] = await socket.recvfrom(65_535, flags, { signal: station.stopped });
        if (plan.verbose) terminal.err(`Connection received on ${from.address} ${from.port}\n`);
        if (plan.keep) {
          await terminal.write(data);
        } else {
          await socket.connect(from);
          await this.relay(socket);
        }
      } while (plan.keep && !station.stopped.aborted);
    } catch (error) {
      if (!station.stopped.aborted) throw error;
    } finally {
      await socket.close();
    }
  }

  private async relay(socket: Socket): Promise<void> {
    const { station, plan, input, terminal } = this;
    const { shutdown, lingerMillis, idleMillis } = plan;
    const options = {
      shutdown,
      lingerMillis,
      idleMillis,
      untilPeerEnds: plan.listens,
      signal: station.stopped,
    };
    await new Relay(socket, input, terminal, options).run();
  }

  private socket(): Socket {
    const { host } = this.station;
    const socket = host.socket(AF_INET, this.plan.udp ? SOCK_DGRAM : SOCK_STREAM);
    if (this.plan.udp) socket.setsockopt(SOL_SOCKET, SO_BROADCAST, 1);
    return socket;
  }

  private bound(): Socket {
    const { host, port } = this.plan;
    const socket = this.socket();
    try {
      socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
      socket.bind({ address: host, port });
      return socket;
    } catch (error) {
      void socket.close();
      throw new Failure(
        `nc: cannot listen on ${host === "" ? "" : `${host} `}port ${port}: ${errorText(error)}`,
      );
    }
  }

  private announce(socket: Socket): void {
    const { address, port } = socket.getsockname();
    const verb = this.plan.udp ? "Bound" : "Listening";
    if (this.plan.verbose) this.terminal.err(`${verb} on ${address} ${port}\n`);
  }

  /** "[tcp/http]" */
  private service(): string {
    const protocol = this.plan.udp ? "udp" : "tcp";
    try {
      return `[${protocol}/${this.station.host.getservbyport(this.plan.port, protocol)}]`;
    } catch (error) {
      if (error instanceof SocketError) return `[${protocol}/*]`;
      throw error;
    }
  }
}
