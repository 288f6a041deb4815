/**
 * Where running processes can be spoken to: a UNIX socket each, PID.sock, in a folder that is its user's alone:
 * $XDG_RUNTIME_DIR/netwright, or /tmp/netwright-UID.
 */
import { lstatSync, mkdirSync, readdirSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { fileError } from "../arguments.ts";

/** The folder; undefined where there are no users to tell apart. */
function controlFolder(): string | undefined {
  const user = process.getuid?.();
  if (user === undefined) return undefined;
  const runtime = process.env["XDG_RUNTIME_DIR"] ?? "";
  return runtime !== "" && isOwn(runtime, user)
    ? join(runtime, "netwright")
    : join("/tmp", `netwright-${user}`);
}

/** Makes the folder and returns its path, or undefined: somebody else could read or write there, which `report` hears in one line. */
export function makeControlFolder(report: (text: string) => void): string | undefined {
  const folder = controlFolder();
  if (folder === undefined) return undefined;
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      report(`${UNSEEN}: cannot make ${folder}: ${fileError(error)}\n`);
      return undefined;
    }
  }
  if (isPrivate(folder)) return folder;
  report(`${UNSEEN}: ${folder} is not a folder of this user alone; remove it, or set XDG_RUNTIME_DIR\n`);
  return undefined;
}

const UNSEEN = "netwright netstat and dump --watch will not find this process";

function isOwn(path: string, user: number): boolean {
  try {
    const info = lstatSync(path);
    return info.isDirectory() && info.uid === user;
  } catch {
    return false;
  }
}

/** Others must not put sockets there that pose as ours. */
function isPrivate(path: string): boolean {
  return isOwn(path, process.getuid?.() ?? -1) && (lstatSync(path).mode & 0o077) === 0;
}

export interface RunningProcess {
  readonly pid: number;
  readonly path: string;
}

/** The processes of this user that answer, by PID. What is left of others is cleared away. */
export async function runningProcesses(): Promise<RunningProcess[]> {
  const folder = controlFolder();
  if (folder === undefined || !isPrivate(folder)) return [];
  const found: RunningProcess[] = [];
  for (const name of readdirSync(folder)) {
    const pid = Number(/^(\d+)\.sock$/.exec(name)?.[1] ?? Number.NaN);
    if (!Number.isNaN(pid)) found.push({ pid, path: join(folder, name) });
  }
  const answers = await Promise.all(found.map(({ path }) => isAlive(path)));
  return found.filter((_, index) => answers[index]).sort((a, b) => a.pid - b.pid);
}

/** Whether somebody listens at `path`; where nobody does any more, it is taken away. */
export function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED") remove(path);
      resolve(error.code !== "ECONNREFUSED" && error.code !== "ENOENT");
    });
  });
}

/** Takes the name of a socket away, if it is there. */
export function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // it has gone already
  }
}
