/** `netwright tun`: a host that answers ping, serves files over HTTP, and has the small services of the early Internet. */
import { realpathSync, statSync } from "node:fs";
import type { Host } from "../../host/host.ts";
import { serveChargen } from "../../services/chargen.ts";
import { serveDiscard } from "../../services/discard.ts";
import { serveEcho } from "../../services/echo.ts";
import type { SmallService, SmallServiceOptions } from "../../services/small-service.ts";
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
import { FileServer, type FileServerOptions } from "../http-files/file-server.ts";
import { type HttpService, serveHttp } from "../http-files/serve-http.ts";
import { LINK_OPTIONS } from "../station/link-options.ts";
import { openStation, type Station } from "../station/station.ts";
import { wayIn } from "../station/way-in.ts";
import type { Terminal } from "../terminal.ts";

const HTTP_PORT = 80;

const OPTIONS: Options = {
  ...LINK_OPTIONS,
  serve: {
    value: "DIR",
    help: "serve the files of DIR over HTTP on port 80; names that begin with a dot are not",
  },
  upload: { help: "take PUT and POST too: answer with length and SHA-256 of what comes, and throw it away" },
  echo: { value: "PORT", help: "send back what comes, over TCP and UDP (RFC 862)" },
  discard: { value: "PORT", help: "throw away what comes, over TCP and UDP (RFC 863)" },
  chargen: { value: "PORT", help: "send characters without end, over TCP and UDP (RFC 864)" },
  help: HELP_OPTION,
};

const HELP = `netwright tun --address 10.9.0.1/24 --peer 10.9.0.2 [OPTIONS]: a host on a TUN device that answers

It makes the device, gives the kernel's side its address, and brings the stack up at the other end: this machine's programs
reach it by its address. It answers ping, and what the options ask for; ^C ends it, and the device goes with it. So does SIGTERM to
its own process, the last that \`pgrep -f "netwright tun"\` names: npx, its parent, would not hand it on. With --passt or --frames
there is no device, and no root needed. A device that root has prepared needs none either:

  sudo ip tuntap add dev nw0 mode tun user "$USER"
  sudo ip address add 10.9.0.1/24 dev nw0; sudo ip link set nw0 up
  npx netwright tun --name nw0 --peer 10.9.0.2

${describeOptions(OPTIONS)}

  sudo npx netwright tun --address 10.9.0.1/24 --peer 10.9.0.2 --serve .
  curl http://10.9.0.2/
`;

type Serve = (host: Host, options: SmallServiceOptions) => SmallService;

const SERVICES: readonly (readonly [name: string, serve: Serve])[] = [
  ["echo", serveEcho],
  ["discard", serveDiscard],
  ["chargen", serveChargen],
];

/** What the options ask for, checked. */
interface Wishes {
  readonly files: FileServerOptions | undefined;
  readonly services: readonly { readonly name: string; readonly port: number; readonly serve: Serve }[];
}

export async function tunCommand(argv: readonly string[], terminal: Terminal): Promise<void> {
  const line = parseCommandLine("netwright tun", OPTIONS, argv);
  if (line.values.has("help")) return terminal.out(HELP);
  const wishes = wishesOf(line);
  const station = await openStation("netwright tun", line, (text) => terminal.err(text));
  let http: HttpService | undefined;
  try {
    http = startAll(station.host, wishes);
    terminal.out(`${readyLine(station, wishes)}\n`);
    await untilStopped(station);
  } finally {
    http?.close();
    station.close();
  }
}

function wishesOf(line: CommandLine): Wishes {
  const services = SERVICES.filter(([name]) => line.values.has(name)).map(([name, serve]) => ({
    name,
    port: portOption(line, name),
    serve,
  }));
  const path = pathOption(line, "serve");
  const upload = line.values.has("upload");
  const hasHttp = path !== undefined || upload;
  const users = new Map<number, string>(
    hasHttp ? [[HTTP_PORT, path === undefined ? "upload" : "serve"]] : [],
  );
  for (const { name, port } of services) {
    const other = users.get(port);
    if (other !== undefined) throw new UsageError(`--${other} and --${name} cannot both have port ${port}`);
    users.set(port, name);
  }
  const root = path === undefined ? undefined : folderAt(path);
  return { files: hasHttp ? { root, upload } : undefined, services };
}

function portOption(line: CommandLine, name: string): number {
  const fits = (value: number) => Number.isInteger(value) && value >= 1 && value <= 65_535;
  return numberOption(line, name, 0, "a port, a whole number from 1 to 65535", fits);
}

/** The real path of a folder. */
function folderAt(path: string): string {
  try {
    const real = realpathSync(path);
    if (statSync(real).isDirectory()) return real;
  } catch (error) {
    throw new Failure(`cannot serve ${path}: ${fileError(error)}`);
  }
  throw new Failure(`cannot serve ${path}: it is no directory`);
}

function startAll(host: Host, { files, services }: Wishes): HttpService | undefined {
  const deafTo = services.map(({ port }) => port);
  for (const { serve, port } of services) serve(host, { port, deafTo });
  return files === undefined ? undefined : serveHttp(host, HTTP_PORT, new FileServer(files));
}

/** `ready: 10.9.0.2 on nw0 (TUN, MTU 1500), http on port 80, echo on port 7; try: curl http://10.9.0.2/` */
function readyLine({ address, label, place }: Station, { files, services }: Wishes): string {
  const offers = services.map(({ name, port }) => `${name} on port ${port}`);
  if (files !== undefined) offers.unshift(`http on port ${HTTP_PORT}`);
  const port = files === undefined ? services[0]?.port : HTTP_PORT;
  const hint = wayIn(place, address, port, files?.root !== undefined);
  return `${["ready: ".concat(address, " on ", label), ...offers].join(", ")}; ${hint}`;
}

/** Waits until the station is to end; a Failure where its link has ended by itself. */
async function untilStopped({ stopped }: Station): Promise<void> {
  if (!stopped.aborted) await new Promise((resolve) => stopped.addEventListener("abort", resolve));
  if (stopped.reason instanceof Error && stopped.reason.name !== "AbortError")
    throw new Failure(stopped.reason.message);
}
