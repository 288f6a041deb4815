/**
 * Network namespaces of a test's own: made under unique names, removed with whatever runs in them. Nothing outside them is touched.
 * A run has a number, {@link runNumber}, which begins every name; so what a run that was killed has left can be told from what another
 * run is using, and run.ts removes it.
 */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { Namespace } from "./namespace.ts";

const FOLDER = "/run/netns";
const PREFIX = "nwtest";

/** The process id of run.ts, or of this process where vitest was started without it. */
export const runNumber = (): number => Number(process.env["NETWRIGHT_INTEROP_RUN"] ?? process.pid);

let made = 0;

export class Namespaces {
  private readonly all: Namespace[] = [];
  private readonly onExit = () => removeAll(this.all.map(({ name }) => name));

  constructor() {
    process.once("exit", this.onExit);
  }

  /** A new namespace with its loopback up. `label` is a short word, for people. */
  create(label: string): Namespace {
    const name = `${PREFIX}-${runNumber()}-${process.pid}-${++made}-${label}`;
    ip("netns", "add", name);
    const namespace = new Namespace(name);
    this.all.push(namespace);
    ip("-n", name, "link", "set", "lo", "up");
    return namespace;
  }

  /** Ends what runs in them, removes them; throws when something is left. */
  async close(): Promise<void> {
    process.off("exit", this.onExit);
    const names = this.all.splice(0).map(({ name }) => name);
    removeAll(names);
    const left = names.filter((name) => listed().includes(name));
    if (left.length > 0) throw new Error(`namespaces are left: ${left.join(", ")}`);
  }
}

/** The namespaces of runs that no process is behind any more, and those of run `ended`. */
export function leftBehind(ended?: number): string[] {
  return listed().filter((name) => {
    const run = Number(name.split("-")[1]);
    return run === ended || !isAlive(run);
  });
}

/** Kills what runs in each, by process id, and removes it. */
export function removeAll(names: readonly string[]): void {
  for (const name of names) {
    for (const pid of processesIn(name)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // it has ended by itself
      }
    }
    spawnSync("ip", ["netns", "del", name]);
  }
}

/** The process ids in a namespace. */
export function processesIn(name: string): number[] {
  const { stdout } = spawnSync("ip", ["netns", "pids", name], { encoding: "utf8" });
  return (stdout ?? "").split(/\s+/).filter(Boolean).map(Number);
}

function listed(): string[] {
  try {
    return readdirSync(FOLDER).filter((name) => name.startsWith(`${PREFIX}-`));
  } catch {
    return []; // nobody has ever made one here
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function ip(...args: string[]): void {
  const { status, stderr, error } = spawnSync("ip", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${error?.message ?? stderr.trim()}`);
}
