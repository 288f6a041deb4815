/**
 * A process of perl or python3 as waker, by public means alone: it waits in `select` with a descriptor of its own on the same
 * device and says so in one byte; it is told in one byte to wait again. It ends when we do.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync } from "node:fs";
import type { Socket } from "node:net";
import type { Memory, Waker, WakerEvents } from "./waker.ts";

const PERL = `
$SIG{INT} = "IGNORE";
for (;;) {
  my $ready = "\\0";
  vec($ready, 0, 1) = 1;
  vec($ready, 3, 1) = 1;
  next if select($ready, undef, undef, undef) < 0;
  exit if vec($ready, 0, 1);
  syswrite(STDOUT, "r") or exit;
  sysread(STDIN, my $again, 1) or exit;
}
`;

const PYTHON = `
import os, select, signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
while True:
    ready = select.select([0, 3], [], [])[0]
    if 0 in ready or os.write(1, b"r") == 0 or os.read(0, 1) == b"":
        break
`;

const WAITERS: readonly (readonly [command: string, ...args: string[]])[] = [
  ["perl", "-e", PERL],
  ["python3", "-I", "-S", "-c", PYTHON],
];

export interface SelectWaker extends Waker {
  /** The process that waits; undefined when it could not be started. */
  readonly pid: number | undefined;
}

export const selectWaker = (file: number, _memory: Memory, events: WakerEvents): SelectWaker => {
  const [command, ...args] = findWaiter();
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit", file] });
  const { stdin, stdout } = child as ChildProcess & { stdin: Socket; stdout: Socket };
  let closed = false;
  const fail = (error: unknown) => {
    if (closed) return;
    closed = true;
    events.failed(error);
  };
  stdout.on("data", () => {
    if (closed) return;
    try {
      events.woken(0);
    } finally {
      if (!closed) stdin.write("a");
    }
  });
  stdin.on("error", () => {}); // the process has ended, which is heard of below
  child.on("error", fail);
  child.on("exit", (code, signal) => fail(new Error(`the waiting ${command} ended (${code ?? signal})`)));
  child.unref(); // its pipes say whether we stay
  return {
    pid: child.pid,
    keepProcess(keeps) {
      for (const end of [stdin, stdout]) {
        if (keeps) end.ref();
        else end.unref();
      }
    },
    close() {
      closed = true;
      stdin.destroy();
      stdout.destroy();
      child.kill("SIGKILL"); // it holds the device
      closeSync(file);
    },
  };
};

function findWaiter(): readonly [string, ...string[]] {
  for (const waiter of WAITERS) {
    const [command] = waiter;
    const { error } = spawnSync(command, ["--version"], { stdio: "ignore" });
    if (error === undefined) return waiter;
  }
  throw new Error("neither perl nor python3 was found to wait for packets");
}
