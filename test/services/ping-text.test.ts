/** What ping prints. The expected lines are those of iputils 20221126, as it printed them. */
import { describe, expect, it } from "vitest";
import { errno, type PingError, type PingReply, type PingStatistics } from "../../src/index.ts";
import { pingHeading, pingLine, pingProgress, pingSummary } from "../../src/services/ping/text.ts";

const REPLY: PingReply = {
  kind: "reply",
  sequence: 1,
  from: "10.9.1.2",
  length: 64,
  timeToLive: 63,
  millis: 0.113,
  duplicate: false,
  truncated: false,
  damage: undefined,
};

const ERROR: PingError = {
  kind: "error",
  sequence: 1,
  errno: errno.EHOSTUNREACH,
  from: "10.9.0.2",
  type: 3,
  code: 1,
  mtu: 0,
};

const STATISTICS: PingStatistics = {
  transmitted: 2,
  received: 2,
  duplicates: 0,
  damaged: 0,
  errors: 0,
  millis: 200,
  roundTrip: { min: 0.071, average: 0.092, max: 0.113, deviation: 0.021, smoothed: 0.095 },
  pipe: 1,
};

const reply = (changes: Partial<PingReply> = {}) => pingLine({ ...REPLY, ...changes }, "10.9.1.2");
const error = (changes: Partial<PingError> = {}) => pingLine({ ...ERROR, ...changes }, "10.9.0.2");
const summary = (changes: Partial<PingStatistics> = {}) =>
  pingSummary("10.9.1.2", { ...STATISTICS, ...changes });

describe("ping's words", () => {
  it("the heading counts the IP and ICMP headers too", () => {
    expect(pingHeading("b", "10.9.1.2", 56)).toBe("PING b (10.9.1.2) 56(84) bytes of data.");
  });

  it("a reply", () => {
    expect(reply()).toBe("64 bytes from 10.9.1.2: icmp_seq=1 ttl=63 time=0.113 ms");
    expect(reply({ duplicate: true })).toBe("64 bytes from 10.9.1.2: icmp_seq=1 ttl=63 time=0.113 ms (DUP!)");
    expect(reply({ damage: { at: 3, expected: 3, got: 0xfc } })).toBe(
      "64 bytes from 10.9.1.2: icmp_seq=1 ttl=63 time=0.113 ms\nwrong data byte #3 should be 0x3 but was 0xfc",
    );
    expect(reply({ truncated: true })).toContain("(truncated)");
  });

  it("its progress, as iputils tells it at SIGQUIT", () => {
    expect(pingProgress(STATISTICS)).toBe(
      "2/2 packets, 0% loss, min/avg/ewma/max = 0.071/0.092/0.095/0.113 ms",
    );
    const nothing = { ...STATISTICS, transmitted: 3, received: 0, roundTrip: undefined };
    expect(pingProgress(nothing)).toBe("0/3 packets, 100% loss");
    expect(pingProgress({ ...STATISTICS, transmitted: 3 })).toMatch(/^2\/3 packets, 33% loss, /);
    expect(pingProgress({ ...nothing, transmitted: 0 })).toBe("0/0 packets, 0% loss");
  });

  it.each([
    [0.012, "0.012"],
    [0.9994, "0.999"],
    [1, "1.00"],
    [3.13, "3.13"],
    [9.994, "9.99"],
    [9.996, "10.0"],
    [24.43, "24.4"],
    [99.96, "100"],
    [1234.5, "1235"],
  ])("%d ms is time=%s", (millis, text) => {
    expect(reply({ millis })).toContain(`time=${text} ms`);
  });

  it.each([
    [11, 0, "Time to live exceeded"],
    [11, 1, "Frag reassembly time exceeded"],
    [3, 0, "Destination Net Unreachable"],
    [3, 1, "Destination Host Unreachable"],
    [3, 3, "Destination Port Unreachable"],
    [3, 13, "Packet filtered"],
    [3, 77, "Dest Unreachable, Bad Code: 77"],
    [12, 0, "Parameter problem"],
    [77, 0, "Bad ICMP type: 77"],
  ])("ICMP type %d, code %d: %s", (type, code, text) => {
    expect(error({ type, code })).toBe(`From 10.9.0.2 icmp_seq=1 ${text}`);
  });

  it("what is too long, for a router and for this host", () => {
    expect(error({ code: 4, mtu: 1400 })).toBe(
      "From 10.9.0.2 icmp_seq=1 Frag needed and DF set (mtu = 1400)",
    );
    const local = { errno: errno.EMSGSIZE, from: undefined, sequence: undefined, type: -1, code: -1 };
    expect(error({ ...local, mtu: 1400 })).toBe("ping: local error: message too long, mtu=1400");
    expect(error({ ...local, sequence: 1, errno: errno.ENETUNREACH })).toBe(
      "ping: sendmsg: Network is unreachable",
    );
  });

  it("the summary", () => {
    expect(summary()).toEqual([
      "",
      "--- 10.9.1.2 ping statistics ---",
      "2 packets transmitted, 2 received, 0% packet loss, time 200ms",
      "rtt min/avg/max/mdev = 0.071/0.092/0.113/0.021 ms",
    ]);
    expect(summary({ transmitted: 3, received: 2, pipe: 3 }).slice(2)).toEqual([
      "3 packets transmitted, 2 received, 33.3333% packet loss, time 200ms",
      "rtt min/avg/max/mdev = 0.071/0.092/0.113/0.021 ms, pipe 3",
    ]);
    expect(summary({ received: 0, errors: 2, roundTrip: undefined, millis: 201.4 }).slice(2)).toEqual([
      "2 packets transmitted, 0 received, +2 errors, 100% packet loss, time 201ms",
      "",
    ]);
    expect(summary({ duplicates: 1, damaged: 2 })[2]).toBe(
      "2 packets transmitted, 2 received, +1 duplicates, +2 corrupted, 0% packet loss, time 200ms",
    );
  });
});
