/** Asks a running process: the other end of control-server.ts. */
import { connect, type Socket } from "node:net";
import { Failure, UsageError } from "../arguments.ts";
import { type RunningProcess, runningProcesses } from "./control-folder.ts";

/** The process that `text`, a PID, names; the only one without it. `command`: "netwright netstat". UsageError, Failure. */
export async function chooseProcess(command: string, text: string | undefined): Promise<RunningProcess> {
  if (text !== undefined && !/^\d+$/.test(text)) throw new UsageError(`a PID is a whole number; got ${text}`);
  const all = await runningProcesses();
  const [first] = all;
  if (first === undefined) {
    throw new Failure(
      `no netwright process of yours ${text === undefined ? "runs" : `has the PID ${text}`}; one that root has started answers only root: sudo ${command}`,
    );
  }
  if (text !== undefined) {
    const chosen = all.find(({ pid }) => pid === Number(text));
    if (chosen !== undefined) return chosen;
    throw new Failure(`no netwright process of yours has the PID ${text}; there are: ${await list(all)}`);
  }
  if (all.length > 1) {
    throw new UsageError(`several netwright processes run: ${await list(all)}; say which: ${command} PID`);
  }
  return first;
}

async function list(all: readonly RunningProcess[]): Promise<string> {
  const names = await Promise.all(all.map(({ path }) => ask(path, "who")));
  return all.map(({ pid }, index) => `${pid} (${names[index]!.trim()})`).join(", ");
}

/** What the process at `path` answers. Failure when it has gone. */
export async function ask(path: string, question: string): Promise<string> {
  let text = "";
  for await (const piece of converse(path, question))
    text += new TextDecoder().decode(piece, { stream: true });
  return text;
}

/** The answer piece by piece, until its end or until `signal` is aborted. */
export async function* converse(
  path: string,
  question: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const socket: Socket = connect(path);
  const stop = () => socket.destroy();
  signal?.addEventListener("abort", stop);
  socket.write(`${question}\n`);
  try {
    for await (const piece of socket) yield piece as Uint8Array;
  } catch (error) {
    if (signal?.aborted) return;
    const { code } = error as NodeJS.ErrnoException;
    throw new Failure(`the process does not answer any more (${code ?? String(error)})`);
  } finally {
    signal?.removeEventListener("abort", stop);
    socket.destroy();
  }
}
