/** throughput between simulated hosts: both ends of iperf3's protocol, and peers that do not keep to it. */
import { describe, expect, it } from "vitest";
import {
  type Host,
  type IntervalReport,
  type Network,
  type Socket,
  SocketError,
  serveThroughput,
  ThroughputError,
  type ThroughputOptions,
  type ThroughputResult,
  type ThroughputServerOptions,
  throughput,
} from "../../src/index.ts";
import { readExactly } from "../../src/services/iperf3/control.ts";
import { listener, pair, readAll } from "../support/world.ts";

const MEGABIT = 1e6;
const COOKIE = "abcdefghijklmnopqrstuvwxyz2345671234\0";

/** Measures from a to b, whose server serves this one. */
async function measure(
  { net, a, b }: { net: Network; a: Host; b: Host },
  options: ThroughputOptions,
  server: ThroughputServerOptions = {},
): Promise<ThroughputResult> {
  return net.run(async () => {
    const serving = serveThroughput(b, { count: 1, ...server });
    const result = await throughput(a, "b", options);
    await serving;
    return result;
  });
}

/** Two hosts, 10 Mbit/s and 20 ms there and back. */
const narrow = (loss = 0) => pair({ latency: 10, bandwidth: 10 * MEGABIT, queue: 100, loss });

describe("throughput over TCP", () => {
  it("finds what the wire gives", async () => {
    const { local, remote } = await measure(narrow(), { seconds: 5 });
    const [sent, received] = [local.streams[0]!, remote.streams[0]!];
    expect(sent).toMatchObject({ id: 1, sends: true, start: 0, end: 5 });
    expect(received).toMatchObject({ id: 1, sends: false, start: 0, retransmits: -1 });
    expect(received.bitsPerSecond).toBeGreaterThan(9 * MEGABIT); // 9.4 without headers
    expect(received.bitsPerSecond).toBeLessThan(9.6 * MEGABIT);
    expect(received.bytes).toBeLessThanOrEqual(sent.bytes);
    expect(local.congestion).toBe("reno");
  });

  it("measures the other way, and both ways at once", async () => {
    const { local, remote } = await measure(narrow(), { seconds: 5, reverse: true });
    expect(local.streams[0]).toMatchObject({ sends: false });
    expect(local.streams[0]!.bitsPerSecond).toBeGreaterThan(9 * MEGABIT);
    expect(remote.streams[0]!.retransmits).toBeGreaterThanOrEqual(0);
    const both = await measure(narrow(), { seconds: 5, bidirectional: true });
    expect(both.local.streams.map(({ id, sends }) => [id, sends])).toEqual([
      [1, true],
      [3, false],
    ]);
    expect(both.remote.streams[0]!.bitsPerSecond).toBeGreaterThan(8 * MEGABIT);
    expect(both.local.streams[1]!.bitsPerSecond).toBeGreaterThan(8 * MEGABIT);
  });

  it("shares the wire among several streams", async () => {
    const { remote } = await measure(narrow(), { seconds: 5, streams: 4 });
    expect(remote.streams.map(({ id }) => id)).toEqual([1, 3, 4, 5]); // iperf3's numbers
    const sum = remote.streams.reduce((total, { bitsPerSecond }) => total + bitsPerSecond, 0);
    expect(sum).toBeGreaterThan(9 * MEGABIT);
    for (const { bytes } of remote.streams) expect(bytes).toBeGreaterThan(0);
  });

  it.each([false, true])("moves so many bytes, in whole blocks (reverse: %s)", async (reverse) => {
    const { local, remote } = await measure(narrow(), { bytes: 1_000_000, reverse });
    const [sender, receiver] = reverse ? [remote, local] : [local, remote];
    expect(sender.streams[0]!.bytes).toBe(8 * 131_072);
    if (reverse) expect(receiver.streams[0]!.bytes).toBeGreaterThanOrEqual(1_000_000);
  });

  it("sends the block under way to its end: a server may read whole blocks, and would wait for ever", async () => {
    const { net, a, b } = narrow();
    await net.run(async () => {
      const listening = listener(b, 5201);
      const running = throughput(a, "b", { seconds: 1 });
      const [control] = await listening.accept();
      const say = (...states: number[]) => control.sendall(Uint8Array.from(states));
      const json = async () => {
        const head = await readExactly(control, 4);
        return readExactly(control, new DataView(head!.buffer).getUint32(0));
      };
      await readExactly(control, 37);
      await say(9);
      await json();
      await say(10);
      const [stream] = await listening.accept();
      await readExactly(stream, 37);
      await say(1, 2);
      const receiving = readAll(stream);
      expect((await readExactly(control, 1))![0]).toBe(4);
      await say(13);
      await json();
      const results = new TextEncoder().encode(JSON.stringify({ streams: [{ id: 1 }] }));
      await say(0, 0, 0, results.length, ...results, 14);
      expect((await readExactly(control, 1))![0]).toBe(16);
      const { local } = await running;
      const { length } = await receiving;
      expect(length % 131_072).toBe(0);
      expect(length).toBeGreaterThan(local.streams[0]!.bytes);
      for (const socket of [stream, control, listening]) await socket.close();
    });
  });

  it.each([false, true])("sends no faster than it is told (reverse: %s)", async (reverse) => {
    const { remote, local } = await measure(narrow(), { seconds: 4, bitsPerSecond: 2 * MEGABIT, reverse });
    const received = (reverse ? local : remote).streams[0]!;
    expect(received.bitsPerSecond).toBeGreaterThan(1.8 * MEGABIT);
    expect(received.bitsPerSecond).toBeLessThan(2.5 * MEGABIT);
  });

  it("reports every second, of which the first may be left out", async () => {
    const [ours, theirs]: [IntervalReport[], IntervalReport[]] = [[], []];
    const { local } = await measure(
      narrow(),
      { seconds: 3, omitSeconds: 1, onInterval: (_, report) => ours.push(report) },
      { onInterval: (_, report) => theirs.push(report) },
    );
    expect(ours.map(({ start, end, omitted }) => [start, end, omitted])).toEqual([
      [0, 1, true],
      [0, 1, false],
      [1, 2, false],
      [2, 3, false],
    ]);
    const counted = ours
      .filter(({ omitted }) => !omitted)
      .reduce((sum, { streams }) => sum + streams[0]!.bytes, 0);
    expect(local.streams[0]).toMatchObject({ bytes: counted, end: 3 });
    expect(theirs.length).toBeGreaterThanOrEqual(4);
  });

  it("counts segments sent again, from what is lost on the way", async () => {
    const { local } = await measure(narrow(0.01), { seconds: 5 });
    expect(local.streams[0]!.retransmits).toBeGreaterThan(5);
    expect(local.streams[0]!.congestionWindow).toBeGreaterThan(0);
  });

  it("sets on its streams what is asked for", async () => {
    const options = { seconds: 1, congestion: "reno", noDelay: true, trafficClass: 8, maximumSegment: 1000 };
    const { local, remote } = await measure(narrow(), { ...options, windowBytes: 20_000, reverse: true });
    expect(remote.congestion).toBe("reno");
    expect(local.streams[0]!.bitsPerSecond).toBeLessThan(9 * MEGABIT); // a window of 20 kB or so every 20 ms
  });
});

describe("throughput over UDP", () => {
  it("sends a megabit a second, and loses none on a wire that has room", async () => {
    const { settings, local, remote } = await measure(narrow(), { protocol: "udp", seconds: 4 });
    expect(settings.blockLength).toBe(1448);
    const [sent, received] = [local.streams[0]!, remote.streams[0]!];
    expect(sent.bitsPerSecond / 1_048_576).toBeCloseTo(1, 1);
    expect(received).toMatchObject({ lost: 0, outOfOrder: 0 });
    expect(sent.packets - received.packets).toBeLessThan(3); // what is on the way at the end
    expect(received.jitterMillis).toBeLessThan(1);
  });

  it.each([false, true])("counts what is lost and what comes late (reverse: %s)", async (reverse) => {
    const options = { protocol: "udp", seconds: 5, bitsPerSecond: 5 * MEGABIT, reverse } as const;
    const { local, remote } = await measure(
      pair({ latency: 10, jitter: 5, reorder: 0.1, loss: 0.1 }),
      options,
    );
    const received = (reverse ? local : remote).streams[0]!;
    expect(received.lost / received.packets).toBeGreaterThan(0.07);
    expect(received.lost / received.packets).toBeLessThan(0.13);
    if (reverse) expect(received.outOfOrder).toBeGreaterThan(0);
    expect(received.jitterMillis).toBeGreaterThan(1);
    expect(received.jitterMillis).toBeLessThan(5);
  });

  it("without a limit fills the wire, and time goes on", async () => {
    const { remote } = await measure(narrow(), {
      protocol: "udp",
      seconds: 0.1,
      bitsPerSecond: 0,
      streams: 2,
    });
    const sum = remote.streams.reduce((total, { bitsPerSecond }) => total + bitsPerSecond, 0);
    expect(sum).toBeGreaterThan(5 * MEGABIT); // the first 10 ms nothing comes
    expect(remote.streams[0]!.lost).toBeGreaterThan(100);
  });

  it("numbers datagrams with 32 bits where it is told to", async () => {
    const { remote } = await measure(narrow(), { protocol: "udp", seconds: 1, longCounters: false });
    expect(remote.streams[0]).toMatchObject({ lost: 0 });
    expect(remote.streams[0]!.packets).toBeGreaterThan(80);
  });

  it("says so where no datagram gets through", async () => {
    const world = narrow();
    world.net.rule(({ protocol }) => (protocol === "udp" ? "drop" : "pass"));
    const failures: string[] = [];
    await world.net.run(async () => {
      const serving = serveThroughput(world.b, { count: 1, onFailure: (message) => failures.push(message) });
      await expect(throughput(world.a, "b", { protocol: "udp" })).rejects.toThrow(
        "no datagram gets through to port 5201 and back",
      );
      await serving;
    });
    expect(failures).toEqual(["the client has opened 0 of 1 streams"]);
  });
});

describe("a server", () => {
  it("serves one at a time, then the next", async () => {
    const { net, a, b } = narrow();
    await net.run(async () => {
      const numbers: number[] = [];
      const serving = serveThroughput(b, { count: 2, onListening: (_, number) => numbers.push(number) });
      const first = throughput(a, "b", { seconds: 2 });
      await net.sleep(1000);
      await expect(throughput(a, "b", { seconds: 1 })).rejects.toThrow("busy with another measurement");
      await first;
      await throughput(a, "b", { seconds: 1 });
      await serving;
      expect(numbers).toEqual([1, 2]);
    });
  });

  it("survives those who say nothing, nonsense, or half of it", async () => {
    const { net, a, b } = narrow();
    const json = (text: string) => `${COOKIE}${String.fromCharCode(0, 0, 0, text.length)}${text}`;
    const says: [string, string | undefined][] = [
      ["", undefined], // hangs up at once
      ["x", undefined],
      ["GET / HTTP/1.1\r\nHost: 10.9.0.2:5201\r\n\r\n", undefined],
      [`${COOKIE}\u007f\u007f\u007f\u007f`, "the peer announces 2139062143 bytes of JSON"],
      [json("no json"), "what the peer sent is no JSON"],
      [json("[]"), "the client's parameters make no sense: the parameters are no object"],
      [json('{"sctp":true}'), "the client's parameters make no sense: there is no SCTP here"],
      [json('{"tcp":true,"parallel":129}'), expectedRange("parallel", 1, 128, "129")],
      [json('{"tcp":true,"len":0}'), expectedRange("len", 1, 1_048_576, "0")],
      [json('{"udp":true,"len":65508}'), expectedRange("len", 16, 65_507, "65508")],
      [json('{"tcp":true,"time":"x"}'), expectedRange("time", 0, 86_400, '"x"')],
      [
        json('{"tcp":true,"TOS":1.5}'),
        "the client's parameters make no sense: TOS is a whole number, not 1.5",
      ],
      [json('{"tcp":true}'), "the client has gone"], // opens no stream
      [json('{"tcp":true}').slice(0, -1), "Connection reset by peer"], // has not read what it was told
    ];
    await net.run(async () => {
      const failures: string[] = [];
      const stop = new AbortController();
      const serving = serveThroughput(b, { signal: stop.signal, onFailure: (text) => failures.push(text) });
      for (const [text] of says) {
        const socket = await a.create_connection({ address: "b", port: 5201 });
        await socket.sendall(text);
        await net.sleep(100);
        await socket.close();
        await net.sleep(1000);
      }
      expect(failures).toEqual(says.map(([, failure]) => failure).filter((failure) => failure !== undefined));
      const { remote } = await throughput(a, "b", { seconds: 1 });
      expect(remote.streams[0]!.bytes).toBeGreaterThan(0);
      stop.abort();
      await serving;
    });
  });

  it("waits ten seconds for those who say nothing", async () => {
    const { net, a, b } = narrow();
    await net.run(async () => {
      const failures: string[] = [];
      const stop = new AbortController();
      const serving = serveThroughput(b, { signal: stop.signal, onFailure: (text) => failures.push(text) });
      const silent: Socket[] = [];
      for (const text of ["", COOKIE]) {
        silent.push(await a.create_connection({ address: "b", port: 5201 }));
        await silent.at(-1)!.sendall(text);
      }
      await net.sleep(9000);
      await expect(throughput(a, "b", { seconds: 1 })).rejects.toThrow("busy");
      await net.sleep(2000);
      expect(failures).toEqual(["Connection timed out"]);
      await throughput(a, "b", { seconds: 1 });
      for (const socket of silent) await socket.close();
      stop.abort();
      await serving;
    });
  });

  describe("that waits for a client's datagrams", () => {
    const parameters = '{"udp":true,"parallel":2}';

    /** A client that opens one of its two streams while a stranger sends every second; when the server gave up, and why. */
    async function half(goes: boolean): Promise<[string | undefined, number]> {
      const { net, a, b } = narrow();
      return net.run(async () => {
        const failures: string[] = [];
        const serving = serveThroughput(b, { count: 1, onFailure: (text) => failures.push(text) });
        const control = await a.create_connection({ address: "b", port: 5201 });
        await control.sendall(`${COOKIE}${String.fromCharCode(0, 0, 0, parameters.length)}${parameters}`);
        expect(await readExactly(control, 2)).toEqual(Uint8Array.of(9, 10));
        const begin = net.now;
        const [stream, stranger] = [a.socket(2, 2), a.socket(2, 2)];
        await stream.sendto("9876", { address: "10.0.0.2", port: 5201 });
        await stream.recv(4);
        for (let count = 1; failures.length === 0 && count < 30; count++) {
          await stranger.sendto("no iperf3", { address: "10.0.0.2", port: 5201 });
          await net.sleep(1000);
          if (goes && count === 3) await control.close();
        }
        for (const socket of [control, stream, stranger]) await socket.close();
        await serving;
        return [failures[0], Math.round((net.now - begin) / 1000)];
      });
    }

    it("does so for ten seconds in all, whoever else sends", async () => {
      expect(await half(false)).toEqual(["the client has opened 1 of 2 streams", 10]);
    });

    it("does not when the client has gone", async () => {
      expect(await half(true)).toEqual(["the client has gone", 4]);
    });
  });

  it("goes on when a client breaks off in the middle", async () => {
    const { net, a, b } = narrow();
    await net.run(async () => {
      const failures: string[] = [];
      const serving = serveThroughput(b, { count: 2, onFailure: (text) => failures.push(text) });
      const third = net.host("c");
      net.link(third, b, { latency: 1, bandwidth: MEGABIT });
      const running = throughput(third, "10.0.0.2", { seconds: 100 }).catch((error) => error);
      await net.sleep(1000);
      third.close();
      expect(await running).toBeInstanceOf(SocketError);
      net.partition(third, b);
      await expect(throughput(a, "b", { seconds: 1 })).rejects.toThrow("busy");
      await net.sleep(200_000); // what it said it would take, and a minute
      expect(failures).toEqual(["Connection timed out"]);
      await throughput(a, "b", { seconds: 1 });
      await serving;
    });
  });

  it("ends in the middle when it is told to: the client says so", async () => {
    const { net, a, b } = narrow();
    await net.run(async () => {
      const stop = new AbortController();
      const serving = serveThroughput(b, { signal: stop.signal });
      const running = throughput(a, "b", { seconds: 10 }).catch((error) => error);
      await net.sleep(1000);
      stop.abort();
      await serving;
      expect(await running).toBeInstanceOf(ThroughputError);
    });
  });

  it("ends the streams before it asks for results: iperf3 reads whole blocks, and would wait for ever", async () => {
    const { net, a, b } = narrow();
    await net.run(async () => {
      const serving = serveThroughput(b, { count: 1 });
      const connect = () => a.create_connection({ address: "b", port: 5201 });
      const control = await connect();
      await control.sendall(COOKIE);
      expect((await readExactly(control, 1))![0]).toBe(9);
      const parameters = '{"tcp":true,"reverse":true,"len":1000000}';
      await control.sendall(`${String.fromCharCode(0, 0, 0, parameters.length)}${parameters}`);
      expect((await readExactly(control, 1))![0]).toBe(10);
      const stream = await connect();
      await stream.sendall(COOKIE);
      expect(await readExactly(control, 2)).toEqual(Uint8Array.of(1, 2));
      const receiving = readAll(stream);
      await net.sleep(1000);
      await control.sendall(Uint8Array.of(4));
      const end = net.now;
      expect((await receiving).length).toBeGreaterThan(1_000_000); // and ends, before any result is told
      expect(net.now - end).toBeLessThan(2000);
      expect((await readExactly(control, 1))![0]).toBe(13);
      await control.close();
      await stream.close();
      await serving;
    });
  });

  it("gives its report to those who ask for it", async () => {
    const { remote } = await measure(narrow(), { seconds: 2, wantsServerOutput: true });
    expect(remote.output).toMatch(
      /^\[ ID\] Interval {11}Transfer {5}Bitrate\n\[ {2}1\] {3}0\.00-1\.00 {3}sec /,
    );
    expect(remote.output).toMatch(/receiver\n$/);
  });

  it("needs a port of its own", async () => {
    const { net, b } = narrow();
    await net.run(async () => {
      const other = listener(b, 5201);
      await expect(serveThroughput(b)).rejects.toMatchObject({ code: "EADDRINUSE" });
      await other.close();
    });
  });
});

describe("a client", () => {
  it("stops early when it is told to, and what was measured counts", async () => {
    const { net, a, b } = narrow();
    await net.run(async () => {
      const serving = serveThroughput(b, { count: 1 });
      const stop = new AbortController();
      const running = throughput(a, "b", { seconds: 100, signal: stop.signal });
      await net.sleep(2000);
      stop.abort();
      const { remote } = await running;
      expect(remote.streams[0]!.end).toBeGreaterThan(1.8);
      expect(remote.streams[0]!.end).toBeLessThan(2.2);
      await serving;
    });
  });

  it("says what is wrong with the server", async () => {
    const { net, a, b } = narrow();
    await net.run(async () => {
      await expect(throughput(a, "b")).rejects.toMatchObject({ code: "ECONNREFUSED" });
      const cases: [number[], string][] = [
        [[], "the server has closed the control connection"],
        [[77], "the server says 77, which is no state"],
        [[0xff], "the server is busy"],
        [[0xfe, 0, 0, 0, 114, 0, 0, 0, 22], "the server says error 114: Invalid argument"],
        [[11], "the server has terminated"],
        [[2], "the server begins before it has made streams"],
        [[14], "the server has not told its results"],
      ];
      const listening = listener(b, 5201);
      for (const [bytes, message] of cases) {
        const running = expect(throughput(a, "b")).rejects.toThrow(message);
        const [socket] = await listening.accept();
        await socket.recv(37);
        await socket.sendall(Uint8Array.from(bytes));
        socket.shutdown(1);
        await running;
        await socket.close();
      }
      await listening.close();
    });
  });

  it("refuses what cannot be measured", async () => {
    const { net, a, b } = narrow();
    await net.run(async () => {
      const listening = listener(b, 5201);
      for (const options of [{ streams: 0 }, { seconds: -1 }, { blockLength: 2 ** 21 }]) {
        await expect(throughput(a, "b", options)).rejects.toThrow(RangeError);
      }
      await listening.close();
    });
  });
});

function expectedRange(name: string, least: number, most: number, got: string): string {
  return `the client's parameters make no sense: ${name} is a number from ${least} to ${most}, not ${got}`;
}
