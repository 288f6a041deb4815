/** A link that does not open: whoever waits for it may stop waiting at any time, and leaves nothing behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { getEventListeners } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { RealClock } from "../../src/index.ts";
import { connectFrames, startPasst } from "../../src/node/index.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PING = ["--import", "tsx", "src/node/cli.ts", "ping", "10.9.0.1"];

/** The only place for what is temporary. */
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "netwright-"));
  const temporary = join(folder, "tmp");
  mkdirSync(temporary);
  chmodSync(folder, 0o755);
  vi.stubEnv("TMPDIR", temporary);
  vi.stubEnv("XDG_RUNTIME_DIR", folder);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });
});

function realClock(): RealClock {
  const clock = new RealClock();
  onTestFinished(() => clock.close());
  return clock;
}

function spawned(args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** A port of this machine whose queue of connections is full, so that no SYN is answered. */
async function silentPort(): Promise<number> {
  const program = `const server = require("net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
    console.log(server.address().port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); // it never comes to accept
  });`;
  const child = spawned(["-e", program]);
  const port = await new Promise<number>((resolve) =>
    child.stdout!.once("data", (data) => resolve(Number(data))),
  );
  for (let count = 0; count < 2; count++) {
    const socket = connect(port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    await new Promise((resolve) => socket.once("connect", resolve));
  }
  return port;
}

/** A passt that starts and never listens; where it writes its process id. */
function deafPasst(): { command: string; pid: () => number | undefined } {
  const bin = join(folder, "bin");
  const note = join(folder, "pid");
  mkdirSync(bin);
  const command = join(bin, "passt");
  writeFileSync(command, `#!/bin/sh\necho $$ > ${note}.new && mv ${note}.new ${note}\nexec sleep 300\n`, {
    mode: 0o755,
  });
  return { command, pid: () => (existsSync(note) ? Number(readFileSync(note, "utf8")) : undefined) };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

const temporaryFiles = () => readdirSync(join(folder, "tmp"));

describe("a connection to a host that does not answer", () => {
  test("ends when its signal is aborted", async () => {
    const { signal, abort } = controls();
    const connecting = connectFrames(realClock(), { port: await silentPort() }, { signal });
    setTimeout(abort, 50);
    await expect(connecting).rejects.toThrow(/^cannot connect to 127\.0\.0\.1 port \d+: interrupted$/);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("is not begun when it was aborted before; one that is there cares no more", async () => {
    const clock = realClock();
    const path = join(folder, "s");
    const server = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const { signal, abort } = controls();
    const stream = await connectFrames(clock, { path }, { signal });
    abort();
    expect(getEventListeners(signal, "abort")).toEqual([]);
    await expect(connectFrames(clock, { path }, { signal })).rejects.toThrow(
      `cannot connect to ${path}: interrupted`,
    );
    expect(stream.error).toBeUndefined();
    stream.close();
    server.close();
  });

  test("ends by the first SIGINT", async () => {
    const port = await silentPort();
    const child = spawned([...PING, "--frames", `127.0.0.1:${port}`]);
    const ended = outcome(child);
    await expect.poll(() => isCalled(port), { timeout: 20_000 }).toBe(true);
    child.kill("SIGINT");
    expect(await ended).toEqual({ code: 1, err: `cannot connect to 127.0.0.1 port ${port}: interrupted\n` });
  }, 30_000);
});

describe("a passt that does not listen", () => {
  test("ends with the wish that it starts, and its folder too", async () => {
    const { command, pid } = deafPasst();
    const { signal, abort } = controls();
    const starting = startPasst(realClock(), { command, signal });
    starting.catch(() => {});
    await expect.poll(pid).toBeDefined();
    expect(temporaryFiles()).toHaveLength(1);
    abort();
    await expect(starting).rejects.toThrow("interrupted while passt was started");
    await expect.poll(() => isRunning(pid()!)).toBe(false);
    expect(temporaryFiles()).toEqual([]);
  });

  test("ends when the process that starts it exits", async () => {
    const { command, pid } = deafPasst();
    const program = `
      import { RealClock } from "./src/index.ts";
      import { startPasst } from "./src/node/index.ts";
      import { existsSync } from "node:fs";
      void startPasst(new RealClock(), { command: ${JSON.stringify(command)} });
      setInterval(() => existsSync(${JSON.stringify(join(folder, "pid"))}) && process.exit(3), 5);`;
    const { code } = await outcome(spawned(["--import", "tsx", "--input-type=module", "-e", program]));
    expect(code).toBe(3);
    await expect.poll(() => isRunning(pid()!)).toBe(false);
    expect(temporaryFiles().filter((name) => name.startsWith("netwright-passt"))).toEqual([]);
  }, 30_000);

  test("ends by the first SIGINT", async () => {
    const { command, pid } = deafPasst();
    vi.stubEnv("PATH", `${join(command, "..")}:${process.env["PATH"]}`);
    const child = spawned([...PING, "--passt"]);
    const ended = outcome(child);
    await expect.poll(pid, { timeout: 20_000 }).toBeDefined();
    child.kill("SIGINT");
    expect(await ended).toEqual({ code: 1, err: "interrupted while passt was started\n" });
    await expect.poll(() => isRunning(pid()!)).toBe(false);
    expect(temporaryFiles().filter((name) => name.startsWith("netwright-passt"))).toEqual([]);
  }, 30_000);
});

function controls(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

function outcome(child: ChildProcess): Promise<{ code: number | null; err: string }> {
  let err = "";
  child.stderr!.setEncoding("utf8").on("data", (text) => {
    err += text;
  });
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, err })));
}

/** Whether somebody has sent a SYN to a port of this machine, and waits. */
function isCalled(port: number): boolean {
  const number = port.toString(16).toUpperCase().padStart(4, "0");
  return readFileSync("/proc/net/tcp", "utf8").includes(` 0100007F:${number} 02 `);
}
