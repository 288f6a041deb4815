/** What the commands that talk to some host have in common: who that is, and what becomes of errors. */
import { SO_LINGER, SOL_SOCKET } from "../sockets/constants.ts";
import { SocketError } from "../sockets/error.ts";
import { GaiError } from "../sockets/gai-error.ts";
import type { Socket } from "../sockets/socket.ts";
import { type CommandLine, Failure, UsageError } from "./arguments.ts";
import type { Station } from "./station/station.ts";

/** The positional argument `index` of `line`; `usage` is "netwright ping HOST". */
export function wantedArgument(line: CommandLine, index: number, what: string, usage: string): string {
  const value = line.positionals[index];
  if (value === undefined || value === "") throw new UsageError(`${usage}: ${what} is missing`);
  return value;
}

/** A port as a number, from 1 to 65535. */
export function portNumber(text: string, what = "PORT"): number {
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 1 && port <= 65_535) return port;
  throw new UsageError(`${what} is a whole number from 1 to 65535; got ${text === "" ? "nothing" : text}`);
}

/** The dotted quad of `name`. */
export async function addressOf({ host }: Station, name: string): Promise<string> {
  try {
    return await host.resolve(name);
  } catch (error) {
    throw error instanceof GaiError ? new Failure(`${name}: ${error.strerror}`) : error;
  }
}

/** What went wrong, in the words of strerror where it is an error of the sockets. */
export function errorText(error: unknown): string {
  if (error instanceof SocketError) return error.strerror;
  return error instanceof Error ? error.message : String(error);
}

/** Throws why the station has ended, unless somebody has stopped it by a signal. */
export function throwIfLinkEnded({ stopped }: Station): void {
  const { reason } = stopped;
  if (reason instanceof Error && reason.name !== "AbortError") throw new Failure(reason.message);
}

/** Seconds: longer than TCP goes on trying. */
const LINGER = 3600;

/**
 * Closes a connection, and waits until the peer has everything: a kernel would send the rest after the process has ended, but here the
 * stack ends with it. A signal ends the waiting.
 */
export async function closeWhenSent(socket: Socket, { stopped }: Station): Promise<void> {
  if (stopped.aborted) return socket.close();
  socket.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: LINGER });
  let wake = (): void => {};
  const interrupted = new Promise<void>((resolve) => {
    wake = resolve;
  });
  stopped.addEventListener("abort", wake);
  await Promise.race([socket.close(), interrupted]);
  stopped.removeEventListener("abort", wake);
}
