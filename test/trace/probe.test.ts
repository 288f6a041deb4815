import { afterEach, describe, expect, it } from "vitest";
import { packetPool } from "../../src/packet/pool.ts";
import type { TcpInfo } from "../../src/tcp/index.ts";
import { Probe } from "../../src/trace/index.ts";
import { back, forth, Stage } from "./stage.ts";

afterEach(() => expect(packetPool.outstanding).toBe(0));

const INFO = {
  snd_mss: 1000,
  snd_cwnd: 10,
  snd_ssthresh: 0x7fff_ffff,
  rtt: 20_500,
  unacked: 6,
  sacked: 2,
  lost: 1,
  retrans: 1,
  total_retrans: 3,
} as TcpInfo;

describe("the probe", () => {
  it("turns TCP_INFO into bytes and milliseconds, at each packet of its host", () => {
    const info = { ...INFO };
    const probe = new Probe("a", () => info);
    const stage = new Stage({}, probe);
    stage.send("a", 1, forth(".", 1, 1)).arrives(5);
    info.snd_ssthresh = 7;
    stage.send("b", 6, back(".", 1, 1)).arrives(8);
    const sample = { cwnd: 10_000, srtt: 20.5, inFlight: 4000, retransmissions: 3 };
    expect(probe.samples).toEqual([
      { time: 1, ssthresh: Number.POSITIVE_INFINITY, ...sample },
      { time: 8, ssthresh: 7000, ...sample },
    ]);
  });

  it("keeps its interval", () => {
    const probe = new Probe("a", () => INFO, { interval: 10 });
    const stage = new Stage({}, probe);
    for (let time = 0; time <= 35; time++) stage.send("a", time, forth(".", 1, 1)).lost();
    expect(probe.samples.map((sample) => sample.time)).toEqual([0, 10, 20, 30]);
    expect(() => new Probe("a", () => INFO, { interval: -1 })).toThrow(
      "interval must be milliseconds, 0 or more",
    );
  });

  it("says what it takes", () => {
    for (const [host, info] of [
      [{}, {}],
      ["a", {}],
      [{}, () => INFO],
    ]) {
      expect(() => new Probe(host as never, info as never)).toThrow(
        new TypeError(
          'a Probe takes a host\'s name and a function that reads TCP_INFO: new Probe("a", () => socket.getsockopt(IPPROTO_TCP, TCP_INFO))',
        ),
      );
    }
  });
});
