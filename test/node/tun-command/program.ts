/**
 * The tun command and this machine's programs, for tun-command.test.ts, which runs it in a network namespace of its own:
 * `program.ts MODE`. Prints one line of JSON, and must end by itself.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { scanPcapng } from "../../../src/trace/index.ts";

const CLI = fileURLToPath(new URL("../../../src/node/cli.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const ADDRESSES = ["--address", "10.9.0.1/24", "--peer", "10.9.0.2"];

const folder = mkdtempSync(join(tmpdir(), "netwright-"));
const root = join(folder, "root");
const BIG = Buffer.from(new Uint8Array(2_000_000).map((_, index) => (index * 31 + (index >>> 8) * 7) & 255));

interface Ended {
  code: number | null;
  signal: string | null;
  out: string;
  err: string;
}

class Command {
  readonly child: ChildProcess;
  out = "";
  err = "";
  readonly ended: Promise<Ended>;

  constructor(file: string, args: readonly string[], options: object = {}) {
    const env = { ...process.env, XDG_RUNTIME_DIR: folder };
    this.child = spawn(file, args, {
      cwd: ROOT,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 100_000,
      ...options,
    });
    this.child.stdout!.on("data", (data) => (this.out += data));
    this.child.stderr!.on("data", (data) => (this.err += data));
    this.ended = new Promise((resolve) =>
      this.child.on("close", (code, signal) => resolve({ code, signal, out: this.out, err: this.err })),
    );
  }

  async until(pattern: RegExp): Promise<void> {
    const over = this.ended.then(() => true);
    while (!pattern.test(this.out + this.err)) {
      if (await Promise.race([over, pause(20)])) return;
    }
  }
}

const pause = (millis: number) => new Promise<undefined>((resolve) => setTimeout(resolve, millis, undefined));

/** Started without a wrapper, so that its PID is the command's. */
function netwright(...args: string[]): Command {
  return new Command(process.execPath, ["--import", "tsx", CLI, ...args]);
}

function run(file: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(file, args, { timeout: 30_000, maxBuffer: 1 << 26, encoding: "latin1" }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err }),
    );
  });
}

const deviceExists = (name: string) => spawnSync("ip", ["link", "show", name]).status === 0;

function makeFiles(): void {
  mkdirSync(join(root, "sub"), { recursive: true });
  writeFileSync(join(root, "hello.txt"), "hello\n");
  writeFileSync(join(root, "big"), BIG);
  writeFileSync(join(folder, "secret"), "secret");
  symlinkSync("../secret", join(root, "out"));
}

/** How many packets netstat says that the device has carried. */
function packetsIn(netstat: string): number {
  const [, device = ""] = netstat.split(/^nw3 .*:$/m);
  const counts = [...device.matchAll(/^ +(\d+) (?:received|sent)Packets$/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

const URL_ROOT = "http://10.9.0.2";
const sha256 = (text: string) => createHash("sha256").update(text, "latin1").digest("hex");

/** Everything that it offers, once. */
async function everything(): Promise<object> {
  const pcap = join(folder, "all.pcapng");
  const services = ["--echo", "7", "--discard", "9", "--chargen", "19"];
  const command = netwright(
    "tun",
    ...ADDRESSES,
    "--name",
    "nw3",
    "--serve",
    root,
    "--upload",
    ...services,
    "--pcap",
    pcap,
  );
  await command.until(/\n/);
  const ready = command.out;
  const curl = (...args: string[]) => run("curl", "-s", ...args);
  const list = await curl(`${URL_ROOT}/`);
  const range = await curl("-r", "1-3", `${URL_ROOT}/hello.txt`);
  const out = await curl(
    "-o",
    "/dev/null",
    "-o",
    "/dev/null",
    "-w",
    "%{http_code}",
    "--path-as-is",
    `${URL_ROOT}/../secret`,
    `${URL_ROOT}/out`,
  );
  const kept = await curl("-v", `${URL_ROOT}/hello.txt`, `${URL_ROOT}/hello.txt`);
  const upload = await curl("-T", join(root, "big"), `${URL_ROOT}/x`);
  const many = await Promise.all(Array.from({ length: 50 }, () => curl(`${URL_ROOT}/big`)));
  const python = await run(
    "python3",
    "-c",
    `import http.client
c = http.client.HTTPConnection("10.9.0.2")
for path in ("/hello.txt", "/sub", "/none"):
    c.request("GET", path); r = c.getresponse(); r.read(); print(r.status, end=" ")`,
  );
  const half = await run(
    "sh",
    "-c",
    "printf 'GET /hello.txt HTTP/1.0\\r\\n\\r\\n' | nc -N -w5 10.9.0.2 80 | tail -1",
  );
  const echo = await run(
    "sh",
    "-c",
    "echo over tcp | nc -N -w5 10.9.0.2 7; echo over udp | nc -u -w1 10.9.0.2 7",
  );
  const chargen = await run("sh", "-c", "nc -w5 10.9.0.2 19 < /dev/null | head -c 74");
  const discard = await run("sh", "-c", "head -c 1000000 /dev/zero | nc -N -w5 10.9.0.2 9 | wc -c");
  const ping = await run("ping", "-c", "3", "-i", "0.2", "-s", "4000", "10.9.0.2");
  const growing = await run("tshark", "-r", pcap, "-q", "-z", "expert,warn");
  const watch = netwright("dump", "--watch", String(command.child.pid));
  for (let tries = 0; tries < 30 && !/echo reply/.test(watch.out); tries++) {
    await run("ping", "-c", "1", "10.9.0.2");
    await pause(200);
  }
  const netstat = await netwright("netstat").ended;
  command.child.kill("SIGUSR1");
  await command.until(/^nw3 .*:$/m);
  command.child.kill("SIGINT");
  const ended = await command.ended;
  const watched = await watch.ended;
  const verify = ["ip", "tcp", "udp"].flatMap((layer) => ["-o", `${layer}.check_checksum:TRUE`]);
  const judged = await run("tshark", "-r", pcap, ...verify, "-q", "-z", "expert,warn");
  const checksums = await run(
    "tshark",
    "-r",
    pcap,
    ...verify,
    "-T",
    "fields",
    "-e",
    "tcp.checksum.status",
    "-e",
    "udp.checksum.status",
  );
  return {
    ready,
    listed: list.out.match(/>[^<]*<\/a>/g),
    range: range.out,
    out: out.out,
    reused: /Re-using existing connection/i.test(kept.err),
    upload: JSON.parse(upload.out),
    sha256: sha256(BIG.toString("latin1")),
    many: many.filter(({ out }) => sha256(out) === sha256(BIG.toString("latin1"))).length,
    python: python.out,
    half: half.out,
    echo: echo.out,
    chargen: chargen.out,
    discard: discard.out.trim(),
    ping: /(\d+) received/.exec(ping.out)?.[1],
    growing: growing.code,
    watched: { code: watched.code, lines: watched.out.trim().split("\n").slice(0, 2) },
    netstat: netstat.out.split("\n").slice(0, 4),
    usr1: command.err.split("\n").slice(0, 4),
    ended: { code: ended.code, signal: ended.signal },
    gone: !deviceExists("nw3"),
    // of what a busy machine makes of order and timing nothing is said here
    judged: judged.out.split("\n").filter((line) => /malformed|illegal|checksum/i.test(line)),
    counted: packetsIn(command.err) > 1000,
    missing: Math.max(0, packetsIn(command.err) - scanPcapng(readFileSync(pcap)).packets.length),
    badChecksums: checksums.out.split("\n").filter((line) => /\b0\b/.test(line)).length,
    packets: checksums.out.split("\n").length,
  };
}

/** ^C at a terminal reaches npx, tsx and the command at once, and the wrappers hand it on besides. */
async function wrapped(...wrapper: string[]): Promise<object> {
  const pcap = join(folder, "wrapped.pcapng");
  const [file = "", ...args] = [...wrapper, CLI, "tun", ...ADDRESSES, "--name", "nw4", "--pcap", pcap];
  const command = new Command(file, args, { detached: true });
  await command.until(/ready/);
  const there = deviceExists("nw4");
  await run("ping", "-c", "2", "-i", "0.2", "10.9.0.2");
  const start = performance.now();
  process.kill(-command.child.pid!, "SIGINT");
  const { code, signal } = await command.ended;
  for (let tries = 0; tries < 100 && deviceExists("nw4"); tries++) await pause(20); // npx does not wait for it
  const millis = performance.now() - start;
  const pings = (await run("tshark", "-r", pcap, "icmp")).out.trim().split("\n").length;
  return { there, code, signal, fast: millis < 3000, gone: !deviceExists("nw4"), pings };
}

async function refusals(): Promise<object> {
  const first = netwright("tun", ...ADDRESSES, "--name", "nw5");
  await first.until(/\n/);
  const taken = await netwright("tun", "--address", "10.9.1.1/24", "--peer", "10.9.1.2", "--name", "nw5")
    .ended;
  const third = ["--address", "10.9.3.1/24", "--peer", "10.9.3.2"];
  const folderFull = await netwright("tun", ...third, "--pcap", "/dev/full").ended;
  const second = netwright("tun", "--address", "10.9.2.1/24", "--peer", "10.9.2.2", "--name", "nw6");
  await second.until(/\n/);
  const several = await netwright("netstat").ended;
  first.child.kill("SIGTERM");
  await first.ended;
  spawnSync("ip", ["link", "delete", "nw6"]);
  const deleted = await second.ended;
  const nobody = await netwright("netstat").ended;
  const plain = ({ code, err }: Ended) => ({ code, err });
  return {
    taken: plain(taken),
    full: plain(folderFull),
    several: { code: several.code, err: several.err.replaceAll(/\d{2,}(?= \()/g, "PID") },
    deleted: plain(deleted),
    nobody: plain(nobody),
  };
}

/** `dump --watch FILE` shows what is there, and what comes. */
async function follow(): Promise<object> {
  const pcap = join(folder, "follow.pcapng");
  const command = netwright("tun", ...ADDRESSES, "--name", "nw7", "--pcap", pcap);
  await command.until(/\n/);
  await run("ping", "-c", "1", "10.9.0.2");
  const watch = netwright("dump", "--watch", pcap);
  await watch.until(/reply/);
  const first = watch.out.match(/echo reply/g)?.length;
  await run("ping", "-c", "2", "-i", "0.2", "10.9.0.2");
  await watch.until(/(reply[\s\S]*){3}/);
  command.child.kill("SIGTERM");
  await command.ended;
  watch.child.kill("SIGINT");
  const { code, out } = await watch.ended;
  const whole = readFileSync(pcap);
  appendFileSync(pcap, whole.subarray(0, 20)); // a block that never ends is no fault while it may still come
  const again = netwright("dump", "--watch", pcap);
  await again.until(/(reply[\s\S]*){3}/);
  again.child.kill("SIGINT");
  const cut = await again.ended;
  return { first, replies: out.match(/echo reply/g)?.length, code, cut: { code: cut.code, err: cut.err } };
}

const MODES: Readonly<Record<string, () => Promise<object>>> = {
  everything,
  npx: () => wrapped("npx", "tsx"),
  tsx: () => wrapped(join(ROOT, "node_modules/.bin/tsx")),
  refusals,
  follow,
};

async function main(): Promise<void> {
  spawnSync("ip", ["link", "set", "lo", "up"]);
  makeFiles();
  try {
    console.log(JSON.stringify(await MODES[process.argv[2]!]!()));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

await main();
