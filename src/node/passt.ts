/**
 * passt, started as a child: it speaks frames to us and ordinary sockets to this machine's kernel, so that the stack reaches whatever
 * this user's programs reach. It gets one end of a pair of sockets and ends with that, also when this process is killed.
 */
import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import type { Clock } from "../base/clock.ts";
import { Failure } from "./arguments.ts";
import { FrameStream, type FrameStreamOptions } from "./frames.ts";

export interface PasstOptions extends FrameStreamOptions {
  /**
   * Ports of this machine whose connections and datagrams are handed to the stack, as passt takes them: "8080", "8080:80" (the
   * stack's port behind the colon), "8000-8009". Default: none.
   */
  forward?: readonly string[];
  /** The largest datagram, bytes: what its DHCP says. Default 65520, passt's own. */
  mtu?: number;
  /** The program. Default "passt", looked for in PATH. */
  command?: string;
}

/** Running passt. */
export interface Passt {
  /** Closing it ends passt. */
  readonly stream: FrameStream;
  /** The process. */
  readonly pid: number;
  /** Resolves with the reason when passt has ended otherwise than by closing `stream`; never rejects. */
  readonly ended: Promise<Error>;
}

/** The longest frame that passt takes holds a datagram of so many bytes. */
export const PASST_MTU = 65_520;

/** Its complaints that there is no syslog to complain to. */
const NOISE = /^(Failed to send \d+ bytes to syslog|Don't run as root\. .*)$/;

/** Starts passt. Rejects with a Failure that says what to do when it is not installed. */
export async function startPasst(clock: Clock, options: PasstOptions = {}): Promise<Passt> {
  const { forward = [], mtu, command = "passt", ...streamOptions } = options;
  const ports = forward.flatMap((each) => ["--tcp-ports", each, "--udp-ports", each]);
  const size = mtu === undefined ? [] : ["--mtu", String(mtu)];
  const args = ["--foreground", "--quiet", "--ipv4-only", "--fd", "3", ...size, ...ports];
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe", "pipe"] });
  const socket = child.stdio[3] as Socket;
  let words = "";
  child.stderr!.on("data", (data) => {
    words = (words + data).slice(-4096);
  });
  socket.on("error", () => {}); // before the stream listens: it may not have started
  const gone = new Promise<string>((resolve) => {
    child.once("close", (code, signal) => resolve(reasonOf(words, code, signal)));
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error: NodeJS.ErrnoException) => reject(new Failure(startError(command, error))));
  });
  const stream = new FrameStream(clock, socket, streamOptions);
  // it goes by itself when the socket closes; the signal is for one that hangs
  socket.once("close", () => child.kill());
  const ended = gone.then((reason) => new Failure(reason));
  return { stream, pid: child.pid!, ended };
}

function startError(command: string, { code, message }: NodeJS.ErrnoException): string {
  if (code !== "ENOENT") return `cannot start ${command}: ${message}`;
  return `${command} is not installed: \`apt-get install passt\` (https://passt.top), or use a TUN device (needs root)`;
}

function reasonOf(words: string, code: number | null, signal: string | null): string {
  const lines = words.split("\n").filter((line) => line !== "" && !NOISE.test(line));
  const what = lines.length > 0 ? lines.join("; ") : `code ${code ?? signal}`;
  const advice = /routable interface|not usable/.test(what)
    ? ": it needs an interface with an address and a default route"
    : "";
  return `passt has ended (${what})${advice}`;
}
