/**
 * passt, started as a child: it speaks frames to us and ordinary sockets to this machine's kernel, so that the stack reaches whatever
 * this user's programs reach. It ends when the stream does, also when this process is killed. Only a SIGKILL before there is a stream, in
 * the few milliseconds that it takes to listen, leaves it waiting, and its folder.
 *
 * It is told of a socket's name, since one end of a pair of sockets, which it would take too, has a buffer of the kernel's usual size,
 * and frames that do not fit there passt drops.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
  /** Ends the start when it is aborted. Of no effect afterwards. */
  signal?: AbortSignal | undefined;
}

/** Running passt. */
export interface Passt {
  /** Closing it ends passt. */
  readonly stream: FrameStream;
  /** The process. */
  readonly pid: number;
  /** Resolves with the reason when passt has ended; never rejects. */
  readonly ended: Promise<Error>;
}

/** The longest frame that passt takes holds a datagram of so many bytes. */
export const PASST_MTU = 65_520;

/** Its complaints that there is no syslog to complain to, and that it is not to be root. */
const NOISE = /^(Failed to send \d+ bytes to syslog|Don't run as root\. .*)$/;
/** As whom it goes on when root has started it. */
const NOBODY = 65_534;

/** How long its socket may take to appear, ms, and how often one looks. */
const PATIENCE = 5000;
const LOOK_EVERY = 10;

/**
 * Starts passt. Rejects with a Failure that says what to do when it is not installed or does not work here, or that `signal` was
 * aborted; nothing of it is left then, nor when this process exits meanwhile.
 */
export async function startPasst(clock: Clock, options: PasstOptions = {}): Promise<Passt> {
  const { forward = [], mtu, command = "passt", signal, ...streamOptions } = options;
  const ports = forward.flatMap((each) => ["--tcp-ports", each, "--udp-ports", each]);
  const size = mtu === undefined ? [] : ["--mtu", String(mtu)];
  const folder = makeFolder();
  const path = join(folder, "socket");
  let started: ChildProcess | undefined;
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  const giveUp = () => {
    started?.kill("SIGKILL"); // it has nothing to lose
    removeFolder();
  };
  process.once("exit", giveUp);
  try {
    const once = ["--foreground", "--quiet", "--one-off", "--ipv4-only", "--socket", path];
    const child = spawn(command, [...once, ...size, ...ports], { stdio: ["ignore", "ignore", "pipe"] });
    started = child;
    const { ended, forget } = listenTo(child);
    await hasStarted(child, command);
    const socket = await connectTo(path, child, ended, signal);
    forget();
    socket.once("close", () => child.kill()); // it goes by itself; the signal is for one that hangs
    const stream = new FrameStream(clock, socket, streamOptions);
    removeFolder(); // who is connected needs the name no more
    return { stream, pid: child.pid!, ended };
  } catch (error) {
    giveUp();
    throw error;
  } finally {
    process.off("exit", giveUp);
  }
}

/** Where passt may make its socket, and nobody else but us. */
function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "netwright-passt-"));
  if (process.getuid?.() === 0) {
    chownSync(folder, NOBODY, NOBODY);
    chmodSync(folder, 0o700);
  }
  return folder;
}

async function hasStarted(child: ChildProcess, command: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error: NodeJS.ErrnoException) => reject(new Failure(startError(command, error))));
  });
}

/** Connects as soon as there is a socket at `path`. */
async function connectTo(
  path: string,
  child: ChildProcess,
  ended: Promise<Error>,
  signal: AbortSignal | undefined,
): Promise<Socket> {
  for (const end = performance.now() + PATIENCE; performance.now() < end; ) {
    if (child.exitCode !== null || child.signalCode !== null) throw await ended;
    if (signal?.aborted) throw new Failure("interrupted while passt was started");
    const socket = existsSync(path) ? await tryConnect(path) : undefined;
    if (socket !== undefined) return socket;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  }
  throw new Failure(`passt does not listen at ${path}: may it write in ${tmpdir()}?`);
}

/** Undefined where nobody listens yet. */
function tryConnect(path: string): Promise<Socket | undefined> {
  const socket = connect(path);
  return new Promise((resolve) => {
    const failed = () => resolve(undefined);
    socket.once("error", failed);
    socket.once("connect", () => {
      socket.off("error", failed);
      resolve(socket);
    });
  });
}

function startError(command: string, { code, message }: NodeJS.ErrnoException): string {
  if (code !== "ENOENT") return `cannot start ${command}: ${message}`;
  return `${command} is not installed: \`apt-get install passt\` (https://passt.top), or use a TUN device (needs root)`;
}

/** Why a passt that has begun has ended: by its own words since the last `forget`. */
function listenTo(child: ChildProcess): { ended: Promise<Error>; forget: () => void } {
  let words = "";
  child.stderr!.on("data", (data) => {
    words = (words + data).slice(-4096);
  });
  const forget = (): void => {
    words = "";
  };
  const ended = new Promise<Error>((resolve) => {
    child.once("close", (code, signal) => {
      const lines = words.split("\n").filter((line) => line !== "" && !NOISE.test(line));
      const what = lines.length > 0 ? lines.join("; ") : signal === null ? `code ${code}` : signal;
      const isLonely = /routable interface|not usable/.test(what);
      const advice = isLonely ? ": it needs an interface with an address and a default route" : "";
      resolve(new Failure(`passt has ended (${what})${advice}`));
    });
  });
  return { ended, forget };
}
