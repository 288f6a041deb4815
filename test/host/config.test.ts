import { describe, expect, it } from "vitest";
import { Host, type HostOptions, IP_TTL, IPPROTO_IP, VirtualClock } from "../../src/index.ts";

function host(options: unknown): Host {
  return new Host({ clock: new VirtualClock(), seed: 1, ...(options as HostOptions) });
}

describe("a host's options", () => {
  it("take the place of the defaults, for this host alone", () => {
    const [slow, plain] = [host({ tcp: { delayedAckMillis: 100, timeToLive: 9 } }), host({})];
    expect(slow.tcp.config.delayedAckMillis).toBe(100);
    expect(plain.tcp.config.delayedAckMillis).toBe(40);
    const socket = slow.socket();
    expect(socket.getsockopt(IPPROTO_IP, IP_TTL)).toBe(9);
    slow.close();
    plain.close();
  });

  const bad: [options: unknown, kind: ErrorConstructor, message: string][] = [
    [
      { tpc: {} },
      RangeError,
      "a host has no option tpc; there are: name, clock, random, seed, tcp, ip, udp, capabilities, limits, resolve",
    ],
    [{ name: 5 }, TypeError, "the name of a host is a string, not 5"],
    [{ tcp: 5 }, TypeError, "tcp is an object of options, not 5"],
    [
      { tcp: { congestoin: "reno" } },
      RangeError,
      "there is no option tcp.congestoin; there are: congestion,",
    ],
    [{ tcp: { congestion: "warp" } }, RangeError, 'tcp.congestion is "reno", not "warp"'],
    [{ tcp: { congestion: 1 } }, TypeError, 'tcp.congestion is "reno", not 1'],
    [
      { tcp: { delayedAckMillis: 500 } },
      RangeError,
      "tcp.delayedAckMillis is an integer from 0 to 499, not 500",
    ],
    [{ tcp: { delayedAckMillis: "40" } }, TypeError, 'tcp.delayedAckMillis is a number, not "40"'],
    [{ tcp: { timestamps: 1 } }, TypeError, "tcp.timestamps is true or false, not 1"],
    [{ tcp: { keepCount: 1.5 } }, RangeError, "tcp.keepCount is an integer from 1 to 127, not 1.5"],
    [
      { tcp: { ephemeralPorts: [5000] } },
      TypeError,
      "tcp.ephemeralPorts is [first, last], two ports, not [5000]",
    ],
    [{ tcp: { ephemeralPorts: [9, 5] } }, RangeError, "two ports from 1 to 65535 in order, not [9, 5]"],
    [{ ip: { timeToLive: 256 } }, RangeError, "ip.timeToLive is an integer from 1 to 255, not 256"],
    [{ ip: { echoReply: "no" } }, TypeError, 'ip.echoReply is true or false, not "no"'],
    [{ udp: { timeToLive: 0 } }, RangeError, "udp.timeToLive is an integer from 1 to 255, not 0"],
    [{ udp: { receiveBufferBytes: -1 } }, RangeError, "udp.receiveBufferBytes is an integer from 1152"],
    [{ seed: 1.5 }, RangeError, "a seed is a safe integer or a string, not 1.5"],
  ];

  it.each(bad)("%j is refused", (options, kind, message) => {
    expect(() => host(options)).toThrow(message);
    expect(() => host(options)).toThrow(kind);
  });
});
