import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { packetPool } from "../../src/index.ts";
import { defaultContent } from "../../src/node/demo/content.ts";
import { Demo, seededContent } from "../../src/node/index.ts";
import { main } from "../../src/node/main.ts";
import { readPcapng, writePcapng } from "../../src/trace/index.ts";
import { ROOT, run } from "../examples/run.ts";
import { readWith } from "../trace/tools.ts";
import { netwright, TestTerminal } from "./terminal.ts";

const ESC = "\u001b";

const folder = mkdtempSync(join(tmpdir(), "netwright-"));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => expect(packetPool.outstanding).toBe(0));

/** The report of `netwright demo --json ARGUMENTS…`. */
async function report(...argv: string[]) {
  const { code, out, err } = await netwright("demo", "--json", ...argv);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out.endsWith("}\n")).toBe(true);
  return JSON.parse(out);
}

describe("the picture", () => {
  test("without arguments: a real file, the handshake, losses, their repair, TIME-WAIT and the sum", async () => {
    const { code, out, err } = await netwright("demo");
    expect(code).toBe(0);
    const lines = out.split("\n");
    expect(lines[0]).toMatch(
      /^package-lock\.json: [\d,]+ bytes from client to server over a wire of 20 ms and 2 % loss/,
    );
    const inOrder = [
      /LISTEN/,
      /SYN-SENT .* SYN seq 0 .*▶│ SYN-RECEIVED/,
      /ESTABLISHED .*◀─* SYN ACK seq 0 ack 1/,
      /ACK ack 1 .*▶│ ESTABLISHED/,
      /ACK 1:1449 ack 1/,
      /✗ loss/,
      /⋮ \d+ more/,
      /↻ ACK \d+:\d+ ack 1/,
      /FIN/,
      /TIME-WAIT .* LAST-ACK/,
      /CLOSED/,
      /^ *\d+\.000 CLOSED/,
      /↻ sent again {3}✗ dropped by the wire/,
    ];
    let at = 0;
    for (const pattern of inOrder) {
      const found = lines.slice(at).findIndex((line) => pattern.test(line));
      expect(found, `${pattern} below line ${at}`).toBeGreaterThanOrEqual(0);
      at += found;
    }
    expect(err).toMatch(/^ {2}real time +[\d.]+ s: .*B\/s\n$/);
  });

  test("its SHA-256 sums are those of the file", async () => {
    const path = join(folder, "content");
    const content = new Uint8Array(50_000).map((_, index) => index * 7);
    writeFileSync(path, content);
    const sum = createHash("sha256").update(content).digest("hex");
    const { out } = await netwright("demo", "--file", path);
    expect(out).toContain(`  SHA-256 sent      ${sum}\n  SHA-256 received  ${sum}\n`);
    expect(out).toContain("  bytes             50,000 sent, 50,000 received\n");
  });

  test("equal seeds print equal bytes, other seeds others", async () => {
    const argv = ["demo", "--size", "60000", "--loss", "0.05", "--seed"];
    const first = await netwright(...argv, "4");
    expect((await netwright(...argv, "4")).out).toBe(first.out);
    expect((await netwright(...argv, "5")).out).not.toBe(first.out);
  });

  test("of a short conversation is whole", async () => {
    const { out } = await netwright("demo", "--size", "10", "--loss", "0");
    expect(out).not.toContain("⋮");
    expect(out).toContain("├─ PSH ACK 1:11 ack 1 ");
  });

  test("has colours where the terminal does, and there alone", async () => {
    const argv = ["demo", "--size", "12000", "--loss", "0.1", "--seed", "1"];
    const plain = await netwright(...argv);
    expect(plain.out).not.toContain(ESC);
    const terminal = new TestTerminal({ colours: true });
    await main(argv, terminal);
    const lines = terminal.output.split("\n").filter((line) => line.startsWith(ESC));
    expect(lines.filter((line) => line.startsWith(`${ESC}[31m`) && line.includes("✗ loss"))).toHaveLength(2);
    expect(lines.filter((line) => line.startsWith(`${ESC}[33m`) && line.includes("↻"))).not.toEqual([]);
    for (const line of lines) expect(line.endsWith(`${ESC}[0m`)).toBe(true);
    const codes = ["[0m", "[1m", "[31m", "[33m"].map((code) => ESC + code);
    expect(codes.reduce((text, code) => text.replaceAll(code, ""), terminal.output)).toBe(plain.out);
  });

  test.each([
    [60, 72],
    [80, 80],
    [300, 120],
  ])("on %i columns is at most %i wide", async (columns, width) => {
    const terminal = new TestTerminal({ columns });
    await main(["demo", "--size", "20000"], terminal);
    const rows = terminal.output.split("\n").filter((line) => line.includes("│"));
    expect(rows.length).toBeGreaterThan(15);
    for (const row of rows) expect(row.length).toBeLessThanOrEqual(width);
  });
});

describe("progress of a long transfer", () => {
  test("is four lines where there is no terminal", async () => {
    const { err } = await netwright("demo", "--size", "1000000", "--loss", "0");
    const lines = err.trimEnd().split("\n");
    expect(lines).toHaveLength(5);
    for (const [index, percent] of [25, 50, 75, 100].entries()) {
      const shown = Number(lines[index]!.match(/^[█░]{40} +(\d+) % {2}[\d.]+ s of virtual time$/)?.[1]);
      expect(shown).toBeGreaterThanOrEqual(percent);
      expect(shown).toBeLessThan(percent + 25);
    }
  });

  test("is one line drawn over and over on a terminal, and gone at the end", async () => {
    const terminal = new TestTerminal({ redraws: true });
    await main(["demo", "--size", "1000000", "--loss", "0"], terminal);
    const drawn = terminal.errors.split("\r");
    expect(drawn.length).toBeGreaterThan(10);
    expect(drawn.slice(0, -1).join("")).not.toContain("\n");
    expect(drawn.at(-1)?.startsWith(`${ESC}[K  real time`)).toBe(true);
  });

  test("is not shown of a short one", async () => {
    expect((await netwright("demo", "--size", "999999", "--loss", "0")).err).not.toContain("█");
  });
});

describe("--json", () => {
  test("is one object, with the same figures as the picture", async () => {
    const argv = ["--size", "100000", "--loss", "0.03", "--latency", "5", "--seed", "2"];
    const result = await report(...argv);
    expect(result).toMatchObject({
      content: "bytes made from seed 2",
      seed: 2,
      loss: 0.03,
      latencyMillis: 5,
      bitsPerSecond: null,
      bytes: { sent: 100_000, received: 100_000 },
      equal: true,
    });
    expect(result.sha256.sent).toBe(result.sha256.received);
    expect(result.rtt.leastMillis).toBe(10);
    expect(result.wire.lost).toBeGreaterThan(0);
    expect(result.retransmissions).toBeGreaterThan(0);
    const { out } = await netwright("demo", ...argv);
    expect(out).toContain(`  digest            ${result.hash}\n`);
    expect(out).toContain(`  virtual time      ${(result.virtualMillis / 1000).toFixed(3)} s\n`);
  });

  test("does not differ between two runs", async () => {
    expect(await report("--seed", "3")).toEqual(await report("--seed", "3"));
  });

  test("without loss nothing is sent again", async () => {
    expect(await report("--size", "300000", "--loss", "0")).toMatchObject({
      retransmissions: 0,
      timeouts: 0,
      wire: { lost: 0 },
      equal: true,
    });
  });

  test("a bandwidth is what it says", async () => {
    const { goodputBytesPerSecond } = await report("--size", "300000", "--loss", "0", "--bandwidth", "1e6");
    expect(goodputBytesPerSecond).toBeGreaterThan(100_000);
    expect(goodputBytesPerSecond).toBeLessThan(125_000);
  });

  test("without latency no time passes, and there is no goodput to speak of", async () => {
    const argv = ["--size", "1000", "--loss", "0", "--latency", "0"];
    expect(await report(...argv)).toMatchObject({ virtualMillis: 0, goodputBytesPerSecond: null });
    expect((await netwright("demo", ...argv)).out).toContain("  goodput           no time has passed\n");
  });

  test.each([0, 1, 1448, 1449, 65_537])("%i bytes", async (size) => {
    expect(await report("--size", String(size))).toMatchObject({
      bytes: { sent: size, received: size },
      equal: true,
    });
  });

  test("an empty file", async () => {
    const path = join(folder, "empty");
    writeFileSync(path, "");
    expect(await report("--file", path)).toMatchObject({ content: path, bytes: { sent: 0, received: 0 } });
  });
});

describe("--pcap", () => {
  test("keeps every packet; dump prints them", async () => {
    const path = join(folder, "demo.pcapng");
    const { segments } = await report("--size", "20000", "--pcap", path);
    const { packets } = readPcapng(readFileSync(path));
    expect(packets).toHaveLength(segments);
    const { code, out, err } = await netwright("dump", path);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const lines = out.trimEnd().split("\n");
    expect(lines).toHaveLength(segments);
    expect(lines[0]).toMatch(
      /^00:00:00\.000000 IP 10\.0\.0\.1\.\d+ > 10\.0\.0\.2\.12000: Flags \[S\], seq \d+, win/,
    );
  });

  test("dump prints what is whole of a file that was cut off, then says so", async () => {
    const path = join(folder, "cut.pcapng");
    const { segments } = await report("--size", "20000", "--pcap", path);
    writeFileSync(path, readFileSync(path).subarray(0, -1));
    const { code, out, err } = await netwright("dump", path);
    expect(code).toBe(1);
    expect(out.trimEnd().split("\n")).toHaveLength(segments - 1);
    expect(err).toMatch(/cut\.pcapng: not a readable pcapng file: it is cut off in a block .*\n$/);
  });

  test("dump says how many packets are not IPv4", async () => {
    const path = join(folder, "arp.pcapng");
    const packet = {
      time: 0,
      interface: 0,
      direction: "unknown" as const,
      bytes: new Uint8Array(42),
      originalLength: 42,
    };
    const bytes = writePcapng({ interfaces: ["eth0"], packets: [packet] });
    const view = new DataView(bytes.buffer);
    view.setUint16(view.getUint32(4, true) + 8, 1, true); // Ethernet
    writeFileSync(path, bytes);
    const err = "packets left out because they are not IPv4: 1\n";
    expect(await netwright("dump", path)).toEqual({ code: 0, out: "", err });
  });

  test("Wireshark finds nothing wrong with it", async (context) => {
    const path = join(folder, "large.pcapng");
    await report("--size", "300000", "--pcap", path);
    const complaints = readWith(context, "tshark", ["-q", "-z", "expert,warn"], readFileSync(path));
    // rows are "  5   Sequence   TCP  D-SACK Sequence": what is lost and sent again may be remarked upon, nothing else
    expect(complaints.split("\n").filter((row) => /^ *\d+ +(?!Sequence|\s)/.test(row))).toEqual([]);
  });

  test("is written when the transfer fails too", async () => {
    const path = join(folder, "failed.pcapng");
    const { code } = await netwright("demo", "--loss", "1", "--pcap", path);
    expect(code).toBe(1);
    expect(readPcapng(readFileSync(path)).packets).toHaveLength(8);
  });
});

describe("what cannot succeed ends", () => {
  test("on a wire that loses everything: SYNs, then ETIMEDOUT and exit 1", async () => {
    const { code, out, err } = await netwright("demo", "--loss", "1");
    expect({ code, err }).toEqual({
      code: 1,
      err: "the transfer failed: connect ETIMEDOUT 10.0.0.2:12000\n",
    });
    expect(out.match(/SYN seq 0/g)).toHaveLength(8);
  });

  test("with nothing on standard output for --json", async () => {
    expect(await netwright("demo", "--loss", "1", "--json")).toMatchObject({ code: 1, out: "" });
  });

  test("on a wire that dies in the middle: the client's TCP gives up", async () => {
    const content = seededContent(1, 1_000_000);
    function* pieces() {
      let count = 0;
      for (const piece of content.pieces()) {
        yield piece;
        if (++count === 6) demo["wire"].set({ loss: 1 });
      }
    }
    const options = { seed: 1, loss: 0, latency: 20, bandwidth: 1e8, capture: false };
    const demo = new Demo({ ...options, content: { ...content, pieces } });
    await expect(demo.run()).rejects.toMatchObject({ code: "ETIMEDOUT" });
    expect(demo.events.length).toBeGreaterThan(0);
  });

  test("on a wire that is slower than TCP's patience", async () => {
    expect(await netwright("demo", "--latency", "1e9")).toMatchObject({ code: 1 });
  });
});

test("as a process: equal bytes on standard output, progress and real time beside it", async () => {
  const argv = ["demo", "--size", "1500000", "--seed", "9"] as const;
  const [first, second] = [await run("src/node/cli.ts", ...argv), await run("src/node/cli.ts", ...argv)];
  expect(first.code).toBe(0);
  expect(first.out).toBe(second.out);
  expect(first.out).not.toContain("real time");
  expect(first.err).toMatch(/100 % .*\n {2}real time/);
});

test("as a process: usage errors exit 2", async () => {
  expect(await run("src/node/cli.ts", "demo", "--loss", "2")).toEqual({
    code: 2,
    out: "",
    err: "--loss is a probability between 0 and 1; got 2\n",
  });
});

test("where there is no lock file, bytes from the seed are sent", () => {
  const content = defaultContent(4, join(folder, "package-lock.json"));
  expect(content).toMatchObject({ name: "bytes made from seed 4", size: 77_318 });
});

test.skipIf(!existsSync("/dev/full"))("as a process: what cannot be written is one line, exit 1", () => {
  const demo = `"${process.execPath}" --import tsx src/node/cli.ts demo --size 10`;
  const { status, stderr } = spawnSync("sh", ["-c", `${demo} > /dev/full`], { cwd: ROOT, encoding: "utf8" });
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: "cannot write to standard output: no space left on the device\n",
  });
  expect(spawnSync("sh", ["-c", `${demo} 2> /dev/full`], { cwd: ROOT }).status).toBe(0);
});
