/** How a running process is asked what it does: the folder of sockets, the questions, the signals. */
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { connect, createServer, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { serveEcho } from "../../src/index.ts";
import { Capture } from "../../src/node/station/capture.ts";
import { ask, chooseProcess, converse } from "../../src/node/station/control-client.ts";
import { runningProcesses } from "../../src/node/station/control-folder.ts";
import { type ControlServer, startControl } from "../../src/node/station/control-server.ts";
import { realHost } from "../support/world.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

let runtime: string;
let folder: string;
const started: ControlServer[] = [];

beforeEach(() => {
  runtime = mkdtempSync(join(tmpdir(), "netwright-"));
  folder = join(runtime, "netwright");
  vi.stubEnv("XDG_RUNTIME_DIR", runtime);
});
afterEach(() => {
  for (const server of started.splice(0)) server.close();
  vi.unstubAllEnvs();
  rmSync(runtime, { recursive: true });
});

async function start(
  description = "netwright test, 10.9.0.2 on nothing",
  report?: (text: string) => void,
): Promise<ControlServer | undefined> {
  const host = realHost();
  serveEcho(host);
  const server = await startControl({ host, capture: new Capture(host, "nothing"), description }, report);
  if (server !== undefined) started.push(server);
  return server;
}

/** A socket whose process has gone without a word: its name stays. */
function leaveStale(pid: number): Promise<void> {
  const path = join(folder, `${pid}.sock`);
  const program = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  return new Promise((resolve) => {
    spawn(process.execPath, ["-e", program]).once("exit", () => resolve());
  });
}

describe("the folder of sockets", () => {
  test("is its user's alone, and empty when the process has ended", async () => {
    const server = await start();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder)).toEqual([`${process.pid}.sock`]);
    server!.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("is not used when others may write there: the process says so and works without", async () => {
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    const said: string[] = [];
    expect(await start(undefined, (text) => said.push(text))).toBeUndefined();
    expect(said).toEqual([
      `netwright netstat and dump --watch will not find this process: ${folder} is not a folder of this user alone; remove it, or set XDG_RUNTIME_DIR\n`,
    ]);
    expect(readdirSync(folder)).toEqual([]);
    expect(await runningProcesses()).toEqual([]);
  });

  test("is cleared of sockets that nobody listens at", async () => {
    await start();
    await leaveStale(1234);
    expect(existsSync(join(folder, "1234.sock"))).toBe(true);
    expect(await runningProcesses()).toEqual([
      { pid: process.pid, path: join(folder, `${process.pid}.sock`) },
    ]);
    expect(existsSync(join(folder, "1234.sock"))).toBe(false);
  });

  test("lets a process have the place of an earlier one with its PID", async () => {
    mkdirSync(folder, { mode: 0o700 });
    await leaveStale(process.pid);
    expect(await start()).toBeDefined();
    expect(await runningProcesses()).toHaveLength(1);
  });
});

test("a client whom the kernel cannot hand over ends nothing", async () => {
  const listening = vi.spyOn(Server.prototype, "listen");
  await start();
  const [server] = listening.mock.contexts as Server[];
  listening.mockRestore();
  for (let count = 0; count < 2; count++) server!.emit("error", new Error("accept ENOMEM"));
  expect(await runningProcesses()).toHaveLength(1);
});

describe("which process", () => {
  test("is the only one, or the one that is named", async () => {
    await start();
    const only = { pid: process.pid, path: join(folder, `${process.pid}.sock`) };
    expect(await chooseProcess("netwright netstat", undefined)).toEqual(only);
    expect(await chooseProcess("netwright netstat", String(process.pid))).toEqual(only);
    await expect(chooseProcess("netwright netstat", "1")).rejects.toThrow(
      `no netwright process of yours has the PID 1; there are: ${process.pid} (netwright test, 10.9.0.2 on nothing)`,
    );
  });

  test("has to be said when there are several", async () => {
    await start();
    const other = createServer((client) => client.on("error", () => {}).end("netwright other\n"));
    await new Promise<void>((resolve) => other.listen(join(folder, "1.sock"), resolve));
    await expect(chooseProcess("netwright netstat", undefined)).rejects.toThrow(
      `several netwright processes run: 1 (netwright other), ${process.pid} (netwright test, 10.9.0.2 on nothing); say which: netwright netstat PID`,
    );
    other.close();
  });
});

describe("questions", () => {
  test("are answered", async () => {
    await start();
    const { path } = await chooseProcess("netwright netstat", undefined);
    expect(await ask(path, "netstat")).toMatch(
      /^Proto .*\ntcp +0 +1024 0\.0\.0\.0:7 +0\.0\.0\.0:\* +LISTEN\nudp /,
    );
    const { sockets, counters } = JSON.parse(await ask(path, "netstat json"));
    expect(sockets).toHaveLength(2);
    expect(counters.tcp.segmentsReceived).toBe(0);
    expect(await ask(path, "nonsense")).toBe("");
  });

  test("that never end, or are too long, end the conversation", async () => {
    await start();
    const { path } = await chooseProcess("netwright netstat", undefined);
    const socket = connect(path);
    socket.write("x".repeat(1000));
    await new Promise((resolve) => socket.once("close", resolve).on("error", () => {}));
  });

  test("to watch end with the process", async () => {
    const server = await start();
    const { path } = await chooseProcess("netwright netstat", undefined);
    const pieces: Uint8Array[] = [];
    for await (const piece of converse(path, "watch")) {
      pieces.push(piece);
      server!.close();
    }
    expect(Buffer.concat(pieces).subarray(0, 4).toString("hex")).toBe("0a0d0d0a");
  });

  test("to watch, from somebody who then reads nothing, do not keep the process", async () => {
    const program = `
      import { Host } from "./src/index.ts";
      import { Capture } from "./src/node/station/capture.ts";
      import { startControl } from "./src/node/station/control-server.ts";
      const host = new Host({ name: "busy" });
      const seen = { name: "eth0", linkType: 228 };
      class Busy extends Capture {
        add(output) {
          for (let count = 0; count < 10_000; count++) output.add(seen, "in", 0, new Uint8Array(192), 0, 192);
          setTimeout(() => { clearInterval(busy); host.close(); server.close(); }, 100); // it is being sent
        }
      }
      const server = await startControl({ host, capture: new Busy(host, "nothing"), description: "" });
      const busy = setInterval(() => {}, 1000);
      console.log(process.pid);`;
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = new Promise((resolve) => child.once("exit", (...how) => resolve(how)));
    const pid = await new Promise((resolve) => child.stdout!.once("data", (data) => resolve(Number(data))));
    const socket = connect(join(folder, `${pid}.sock`)).pause();
    socket.on("error", () => {}).write("watch\n");
    expect(await ended).toEqual([0, null]);
    socket.destroy();
  });
});

describe("signals", () => {
  const program = `
    import { catchSignals } from "./src/node/station/signals.ts";
    const signals = catchSignals();
    setInterval(() => {}, 1000); // it does not end by itself
    signals.stop.signal.addEventListener("abort", () => console.log("stop", signals.code()));
    console.log("ready");`;

  test("repeated at once are one wish; repeated later they end the process", async () => {
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
      cwd: ROOT,
    });
    let out = "";
    const said = async (text: string) => {
      while (!out.includes(text)) await new Promise((resolve) => child.stdout.once("data", resolve));
    };
    child.stdout.on("data", (data) => {
      out += data;
    });
    const ended = new Promise((resolve) => child.once("exit", (...how) => resolve(how)));
    await said("ready");
    child.kill("SIGHUP"); // the terminal is closed
    await said("stop");
    for (let count = 0; count < 3; count++) child.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(child.exitCode).toBe(null);
    child.kill("SIGTERM");
    expect(await ended).toEqual([143, null]);
    expect(out).toBe("ready\nstop 129\n");
  });
});
