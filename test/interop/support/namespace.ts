/** One network namespace: runs programs in it, each bounded in time. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** How long a program may take where nothing else is said, seconds. */
const PATIENCE = 30;

export interface RunOptions {
  /** After so many seconds it is killed, and that is a failure. Default 30. */
  seconds?: number;
  /** Text for its standard input; default: there is none. */
  input?: string;
  /** A status other than 0 is no failure. */
  mayFail?: boolean;
}

export interface Outcome {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
  readonly seconds: number;
}

export class Namespace {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** Runs a bash script to its end. Rejects where it fails, with what it said. */
  async run(script: string, options: RunOptions = {}): Promise<Outcome> {
    const { seconds = PATIENCE, input, mayFail = false } = options;
    const running = this.start(["bash", "-o", "pipefail", "-c", script], { seconds });
    running.child.stdin?.end(input ?? "");
    const outcome = await running.ended;
    if (running.timedOut) throw new Error(`after ${seconds} s still running: ${describe(script, outcome)}`);
    if (outcome.code !== 0 && !mayFail)
      throw new Error(`ended with ${outcome.code}: ${describe(script, outcome)}`);
    return outcome;
  }

  /** What a script prints, without the white space at its ends. */
  async output(script: string, options: RunOptions = {}): Promise<string> {
    return (await this.run(script, options)).out.trim();
  }

  /** Starts a program that lives on. It is killed after `seconds`, by default after ten minutes. */
  start(command: readonly string[], { seconds = 600 }: { seconds?: number } = {}): Running {
    return new Running(["netns", "exec", this.name, ...command], seconds);
  }
}

/** A program on its way, the leader of a process group of its own. */
export class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Outcome>;
  timedOut = false;
  /** What it has printed so far. */
  out = "";
  err = "";

  constructor(args: readonly string[], seconds: number) {
    const start = performance.now();
    this.child = spawn("ip", args, { cwd: ROOT, detached: true, stdio: "pipe" });
    const bound = setTimeout(() => {
      this.timedOut = true;
      this.signal("SIGKILL");
    }, seconds * 1000);
    this.child.stdin?.on("error", () => {}); // it did not want to read all of it
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.out += text;
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.err += text;
    });
    this.ended = new Promise((resolve, reject) => {
      this.child.on("error", reject);
      this.child.on("close", (code) => {
        clearTimeout(bound);
        const { out, err } = this;
        resolve({ code: code ?? undefined, out, err, seconds: (performance.now() - start) / 1000 });
      });
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** To it and to what it has started. */
  signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, signal);
    } catch {
      // it has ended by itself
    }
  }

  /** Resolves when it has printed `text` to either stream; rejects when it has ended without, or after `seconds`. */
  async says(text: string | RegExp, seconds = PATIENCE): Promise<void> {
    const heard = () =>
      [this.out, this.err].some((all) => (typeof text === "string" ? all.includes(text) : text.test(all)));
    let over = false;
    this.ended.then(() => {
      over = true;
    });
    for (const end = performance.now() + seconds * 1000; !heard(); ) {
      if (over || performance.now() > end) {
        throw new Error(`${over ? "ended" : "went on"} without saying ${text}; said: ${this.out}${this.err}`);
      }
      await pause(10);
    }
  }

  /** Asks it to end, and waits for it. */
  async stop(signal: NodeJS.Signals = "SIGTERM", seconds = 10): Promise<Outcome> {
    this.signal(signal);
    const bound = setTimeout(() => {
      this.timedOut = true;
      this.signal("SIGKILL");
    }, seconds * 1000);
    const outcome = await this.ended;
    clearTimeout(bound);
    return outcome;
  }
}

export const pause = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis));

/** The end of what a program said is where the reason is. */
function describe(script: string, { out, err }: Outcome): string {
  return `${script}\n${out.slice(-4000)}\n${err.slice(-4000)}`;
}
