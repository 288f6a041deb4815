/** ping, traceroute, nc, throughput and iperf3 of this process against a host of this process, over a frame stream. */
import { describe, expect, test } from "vitest";
import { AF_INET, type Host, SOCK_DGRAM, serveThroughput, throughput } from "../../../src/index.ts";
import { listener, pattern, readAll, text } from "../../support/world.ts";
import { TestTerminal } from "../terminal.ts";
import { cable } from "./cable.ts";

describe("ping", () => {
  test("prints what iputils' ping prints, and exits with 0", async () => {
    const { run } = await cable();
    const { code, out, err } = await run(["ping", "10.9.0.1", "-c", "2", "-i", "0.01"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^PING 10\.9\.0\.1 \(10\.9\.0\.1\) 56\(84\) bytes of data\.\n/);
    expect(out).toMatch(/\n64 bytes from 10\.9\.0\.1: icmp_seq=2 ttl=64 time=[\d.]+ ms\n\n---/);
    expect(out).toMatch(
      /\n2 packets transmitted, 2 received, 0% packet loss, time \d+ms\nrtt min\/avg\/max\/mdev = /,
    );
  });

  test("-q prints the summary alone", async () => {
    const { run } = await cable();
    const { out } = await run(["ping", "10.9.0.1", "-q", "-c", "1"]);
    expect(out.split("\n").length).toBe(6);
    expect(out).not.toContain("icmp_seq");
  });

  test("exits with 1 when nobody answers, and with 2 for other troubles", async () => {
    const { run } = await cable();
    const { code, out } = await run(["ping", "10.9.0.77", "-c", "1", "-W", "0.1"]);
    expect({ code, lines: out.split("\n").slice(1, 4) }).toEqual({
      code: 1,
      lines: [
        "",
        "--- 10.9.0.77 ping statistics ---",
        "1 packets transmitted, 0 received, 100% packet loss, time 0ms",
      ],
    });
    expect(await run(["ping", "nosuch"])).toEqual({
      code: 2,
      out: "",
      err: "ping: nosuch: Name or service not known\n",
    });
    expect(await run(["ping", "10.9.0.255"])).toMatchObject({
      code: 2,
      err: "ping: this is a broadcast address: give -b if that is meant\n",
    });
    expect(await run(["ping", "192.0.2.1"])).toMatchObject({
      code: 2,
      err: "ping: connect: Network is unreachable\n",
    });
  });

  test("tells the MTU when -M do forbids fragments", async () => {
    const { run } = await cable();
    const { code, err } = await run(["ping", "10.9.0.1", "-c", "1", "-M", "do", "-s", "1473"]);
    expect({ code, err }).toEqual({ code: 1, err: "ping: local error: message too long, mtu=1500\n" });
  });
});

describe("traceroute", () => {
  test.each([[[]], [["-I"]], [["-T"]]])("prints what Debian's traceroute prints %j", async (more) => {
    const { run } = await cable();
    const { code, out } = await run(["traceroute", "-n", "10.9.0.1", ...more]);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^traceroute to 10\.9\.0\.1 \(10\.9\.0\.1\), 30 hops max, 60 byte packets\n 1 {2}10\.9\.0\.1( {2}\d+\.\d{3} ms){3}\n$/,
    );
  });

  test("shows stars where nobody answers", async () => {
    const { run } = await cable();
    const { out } = await run(["traceroute", "10.9.0.77", "-w", "0.05", "-m", "2", "-q", "2"]);
    expect(out.split("\n").slice(1)).toEqual([" 1  * *", " 2  * *", ""]);
  });
});

/** What the peer gets on one connection, to which it sends `reply` meanwhile. */
async function once(peer: Host, port: number, reply: Uint8Array, closes = true): Promise<Uint8Array> {
  const listening = listener(peer, port);
  const [socket] = await listening.accept();
  await listening.close();
  const receiving = readAll(socket);
  await socket.sendall(reply);
  if (closes) socket.shutdown(1);
  const got = await receiving;
  await socket.close();
  return got;
}

describe("nc", () => {
  const [there, back] = [pattern(3_000_000), pattern(2_000_000).reverse()];

  test("carries bytes both ways as they are", async () => {
    const { peer, run } = await cable();
    const serving = once(peer, 7000, back);
    const terminal = new TestTerminal();
    for (let at = 0; at < there.length; at += 65_536) terminal.pieces.push(there.subarray(at, at + 65_536));
    expect(await run(["nc", "-N", "10.9.0.1", "7000"], terminal)).toMatchObject({ code: 0, err: "" });
    expect(Buffer.concat(terminal.written).equals(back)).toBe(true);
    expect(Buffer.from(await serving).equals(there)).toBe(true);
  });

  test("-N tells a peer that waits for the end", async () => {
    const { peer, run } = await cable();
    const listening = listener(peer, 7000);
    const terminal = new TestTerminal();
    terminal.pieces.push(there);
    const running = run(["nc", "-N", "-w", "5", "10.9.0.1", "7000"], terminal);
    const [socket] = await listening.accept();
    await listening.close();
    const { length } = await readAll(socket);
    await socket.sendall(`${length} bytes`);
    await socket.close();
    expect(await running).toEqual({ code: 0, out: "3000000 bytes", err: "" });
  });

  test("-l does so with whoever connects", async () => {
    const { peer, run } = await cable();
    const terminal = new TestTerminal();
    terminal.pieces.push(there);
    const running = run(["nc", "-l", "-v", "-N", "7000"], terminal);
    await until(() => terminal.errors.includes("Listening on 0.0.0.0 7000\n"));
    const socket = await peer.create_connection({ address: "10.9.0.2", port: 7000 });
    const receiving = readAll(socket);
    await socket.sendall(back);
    socket.shutdown(1);
    expect(Buffer.from(await receiving).equals(there)).toBe(true);
    await socket.close();
    expect(await running).toMatchObject({ code: 0 });
    expect(terminal.errors).toMatch(/\nConnection received on 10\.9\.0\.1 \d+\n$/);
    expect(Buffer.concat(terminal.written).equals(back)).toBe(true);
  });

  test("without -N leaves its direction open; -w ends it when nothing comes", async () => {
    const { peer, run } = await cable();
    let ended = false;
    const serving = once(peer, 7000, Uint8Array.of(1), false).then(() => {
      ended = true;
    });
    const running = run(["nc", "10.9.0.1", "7000", "-w", "0.3"]);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(ended).toBe(false);
    expect(await running).toMatchObject({ code: 0 });
    await serving;
  });

  test("holds the peer back when the terminal does not take more", async () => {
    const { peer, run } = await cable();
    const terminal = new TestTerminal();
    let release = () => {};
    const full = new Promise<void>((resolve) => {
      release = resolve;
    });
    terminal.write = async (bytes) => {
      terminal.written.push(bytes);
      await full;
    };
    const listening = listener(peer, 7000);
    const running = run(["nc", "10.9.0.1", "7000"], terminal);
    const [socket] = await listening.accept();
    await listening.close();
    const sending = socket.sendall(new Uint8Array(40_000_000));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(terminal.written.length).toBe(1);
    release();
    await sending;
    await socket.close();
    expect(await running).toMatchObject({ code: 0 });
    expect(terminal.written.reduce((sum, { length }) => sum + length, 0)).toBe(40_000_000);
  });

  test("ends no sooner than the peer has everything, though it has ended before", async () => {
    const { peer, run } = await cable();
    const listening = listener(peer, 7000);
    const terminal = new TestTerminal();
    terminal.pieces.push(there);
    const running = run(["nc", "-N", "10.9.0.1", "7000"], terminal);
    const [socket] = await listening.accept();
    await listening.close();
    socket.shutdown(1);
    await new Promise((resolve) => setTimeout(resolve, 100)); // nothing is read yet, and more than a window was sent
    expect(Buffer.from(await readAll(socket)).equals(there)).toBe(true);
    await socket.close();
    expect(await running).toMatchObject({ code: 0 });
  });

  test("-u exchanges datagrams", async () => {
    const { peer, run } = await cable();
    const socket = peer.socket(AF_INET, SOCK_DGRAM);
    socket.bind({ address: "", port: 7000 });
    const answering = socket.recvfrom(100).then(([data, from]) => socket.sendto(`${text(data)} too`, from));
    const terminal = new TestTerminal();
    terminal.pieces.push(new TextEncoder().encode("hello"));
    const { code, out } = await run(["nc", "-u", "-w", "0.3", "10.9.0.1", "7000"], terminal);
    expect({ code, out }).toEqual({ code: 0, out: "hello too" });
    await answering;
    await socket.close();
  });

  test("-z says whether somebody listens; so does the exit code", async () => {
    const { peer, run } = await cable();
    const listening = listener(peer, 80);
    expect(await run(["nc", "-z", "-v", "10.9.0.1", "80"])).toEqual({
      code: 0,
      out: "",
      err: "Connection to 10.9.0.1 80 port [tcp/http] succeeded!\n",
    });
    await listening.close();
    expect(await run(["nc", "-z", "10.9.0.1", "81"])).toEqual({
      code: 1,
      out: "",
      err: "nc: connect to 10.9.0.1 port 81 (tcp) failed: Connection refused\n",
    });
    expect(await run(["nc", "nosuch", "81"])).toMatchObject({
      code: 1,
      err: "nosuch: Name or service not known\n",
    });
    expect(await run(["nc", "-l", "10.9.0.77", "81"])).toMatchObject({
      code: 1,
      err: "nc: cannot listen on 10.9.0.77 port 81: Cannot assign requested address\n",
    });
  });

  test("says so when the peer breaks the connection", async () => {
    const { peer, run } = await cable();
    const listening = listener(peer, 7000);
    const running = run(["nc", "10.9.0.1", "7000"]);
    const [socket] = await listening.accept();
    await listening.close();
    socket.setsockopt(1, 13, { onoff: 1, linger: 0 }); // SO_LINGER: RST
    await socket.close();
    expect(await running).toEqual({ code: 1, out: "", err: "nc: Connection reset by peer\n" });
  });
});

describe("throughput", () => {
  test("measures in iperf3's words, or in its JSON", async () => {
    const { peer, run } = await cable();
    const serving = serveThroughput(peer, { count: 2 });
    const { code, out } = await run(["throughput", "10.9.0.1", "-t", "0.3", "-i", "0.1", "-R"]);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^Connecting to host 10\.9\.0\.1, port 5201\nReverse mode, remote host 10\.9\.0\.1 is sending\n/,
    );
    expect(out).toMatch(
      /\n\[ {2}1\] {3}0\.00-0\.\d\d {3}sec .*bits\/sec +0 +sender\n\[ {2}1\] .* receiver\n$/,
    );
    const json = await run(["throughput", "10.9.0.1", "-n", "1M", "--json"]);
    await serving;
    expect(JSON.parse(json.out)).toMatchObject({
      start: { test_start: { protocol: "TCP", num_streams: 1, bytes: 1_048_576 } },
      end: { sum_sent: { bytes: 1_048_576, sender: true, retransmits: 0 }, sender_tcp_congestion: "reno" },
    });
  });

  test("says in a line what does not work", async () => {
    const { run } = await cable();
    expect(await run(["throughput", "10.9.0.1"])).toMatchObject({
      code: 1,
      err: "throughput: cannot measure with 10.9.0.1 port 5201: Connection refused\n",
    });
  });
});

test.each(["iperf3", "throughput"])("%s --server prints what iperf3 -s prints", async (command) => {
  const { peer, run } = await cable();
  const terminal = new TestTerminal();
  const more = command === "iperf3" ? ["--one-off"] : [];
  const running = run([command, "--server", ...more], terminal);
  await until(() => terminal.output.includes("Server listening on 5201 (test #1)\n"));
  const { remote } = await throughput(peer, "10.9.0.2", {
    protocol: "udp",
    seconds: 0.3,
    bitsPerSecond: 10e6,
  });
  expect(remote.streams[0]!.packets).toBeGreaterThan(100);
  await until(() => terminal.output.includes("receiver\n"));
  expect(terminal.output).toMatch(
    /\nAccepted connection from 10\.9\.0\.1, port \d+\n\[ {2}1\] local 10\.9\.0\.2 port 5201 /,
  );
  expect(terminal.output).toMatch(/ \d\.\d{3} ms {2}0\/\d+ \(0%\) +receiver\n/);
  if (command === "throughput") process.emit("SIGINT");
  expect(await running).toMatchObject({ code: 0, err: "" });
});

async function until(done: () => boolean): Promise<void> {
  for (let turn = 0; !done(); turn++) {
    if (turn > 3000) throw new Error("it never happened");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
