/** IP_RECVERR: what is queued, told and forgotten. Every answer was tried on Linux 6.18 with forged ICMP messages. */
import { describe, expect, test } from "vitest";
import {
  EAGAIN,
  ECONNREFUSED,
  EHOSTUNREACH,
  EMSGSIZE,
  ENETUNREACH,
  ENOPROTOOPT,
  EOPNOTSUPP,
  EPROTO,
} from "../../src/base/errno.ts";
import { POLLERR } from "../../src/base/readiness.ts";
import { ORIGIN_ICMP, ORIGIN_LOCAL } from "../../src/ip/path.ts";
import { DatagramInfo, type UdpEndpoint } from "../../src/udp/endpoint.ts";
import { IpHost, leaveNothingBehind } from "../support/ip-host.ts";
import { icmp, ip, pattern, text, udp } from "../support/wire.ts";

leaveNothingBehind();

const MSG_PEEK = 2;
const MSG_ERRQUEUE = 0x2000;
const PEER = "10.0.0.2";
const ROUTER = "10.0.0.254";

function makeEndpoint(host: IpHost, connected = false): UdpEndpoint {
  const endpoint = host.udp.create();
  endpoint.settings.receiveErrors = true;
  if (connected) expect(endpoint.connect(ip(PEER), 99)).toBe(0);
  return endpoint;
}

interface Fault {
  type?: number;
  code?: number;
  rest?: number;
  from?: string;
  to?: string;
  data?: Uint8Array;
}

/** Sends a datagram and lets an ICMP error about it come back. */
function provoke(host: IpHost, endpoint: UdpEndpoint, fault: Fault = {}): void {
  const { type = 3, code = 3, rest = 0, from = ROUTER, to = PEER, data = text("abcd") } = fault;
  const { pending } = endpoint.errors;
  endpoint.errors.pending = 0; // it is not the send that is to tell the last one
  expect(endpoint.send(data, 0, data.length, ip(to), 99)).toBe(data.length);
  endpoint.errors.pending = pending;
  host.receive(icmp({ type, code, rest, payload: host.link.take()[0]! }, { source: from }));
}

const info = new DatagramInfo();
const buffer = new Uint8Array(2000);

/** What MSG_ERRQUEUE tells: the payload and the error, or the errno. */
function readError(endpoint: UdpEndpoint, length = buffer.length, flags = 0) {
  const result = endpoint.receive(buffer, 0, length, MSG_ERRQUEUE | flags, info);
  if (result < 0) return result;
  const { errno, origin, type, code, info: detail, offender } = info.error!;
  return {
    data: new TextDecoder().decode(buffer.subarray(0, result)),
    errno,
    origin,
    type,
    code,
    detail,
    offender,
  };
}

const REFUSED = { errno: ECONNREFUSED, origin: ORIGIN_ICMP, type: 3, code: 3, detail: 0 };

describe("an ICMP error", () => {
  test("is queued with what it quotes, whom that was for, and how it came", () => {
    const host = new IpHost();
    const endpoint = makeEndpoint(host);
    host.advance(5);
    provoke(host, endpoint);
    host.advance(5);
    expect(endpoint.readiness() & POLLERR).toBe(POLLERR);
    expect(readError(endpoint)).toEqual({ ...REFUSED, data: "abcd", offender: ip(ROUTER) });
    expect(info).toMatchObject({
      ...{ address: ip(PEER), port: 99, destination: ip("10.0.0.1") },
      ...{ interfaceIndex: 1, timeToLive: 64, arrivedMicros: 5000, fullLength: 4, truncated: false },
    });
    expect(endpoint.readiness() & POLLERR).toBe(0);
    expect(readError(endpoint)).toBe(-EAGAIN);
  });

  test("is also told by the next call, without a peer; reading it from the queue takes that back", () => {
    const host = new IpHost();
    const endpoint = makeEndpoint(host);
    provoke(host, endpoint);
    expect(endpoint.send(text("x"), 0, 1, ip(PEER), 99)).toBe(-ECONNREFUSED);
    expect(endpoint.readiness() & POLLERR).toBe(POLLERR);
    expect(readError(endpoint)).toMatchObject(REFUSED);
    provoke(host, endpoint);
    readError(endpoint);
    expect(endpoint.takeError()).toBe(0);
  });

  test("several wait in order; reading one makes the next the one to be told", () => {
    const host = new IpHost();
    const endpoint = makeEndpoint(host);
    provoke(host, endpoint, { from: PEER });
    provoke(host, endpoint, { code: 1, to: "10.0.0.3" });
    provoke(host, endpoint, { type: 11, code: 0, to: "10.0.0.4" });
    expect(readError(endpoint)).toMatchObject({ ...REFUSED, offender: ip(PEER) });
    expect(endpoint.receive(buffer, 0, 9, 0, info)).toBe(-EHOSTUNREACH);
    expect(readError(endpoint)).toMatchObject({ errno: EHOSTUNREACH, type: 3, code: 1 });
    expect(info.address).toBe(ip("10.0.0.3"));
    expect(endpoint.takeError()).toBe(EHOSTUNREACH);
    expect(readError(endpoint)).toMatchObject({ errno: EHOSTUNREACH, type: 11, code: 0 });
    expect(endpoint.receive(buffer, 0, 9, 0, info)).toBe(-EAGAIN);
  });

  test("is read by a peek as well, and cut where there is no room", () => {
    const host = new IpHost();
    const endpoint = makeEndpoint(host);
    provoke(host, endpoint, { data: text("hello") });
    expect(readError(endpoint, 3, MSG_PEEK)).toMatchObject({ data: "hel" });
    expect([info.fullLength, info.truncated]).toEqual([5, true]);
    expect(readError(endpoint)).toBe(-EAGAIN);
    provoke(host, endpoint, { data: text("") });
    expect(readError(endpoint)).toMatchObject({ data: "" });
  });

  const KINDS: [type: number, code: number, errno: number, withoutQueue: number][] = [
    [3, 0, ENETUNREACH, 0],
    [3, 1, EHOSTUNREACH, 0],
    [3, 2, ENOPROTOOPT, ENOPROTOOPT],
    [3, 3, ECONNREFUSED, ECONNREFUSED],
    [3, 4, EMSGSIZE, EMSGSIZE],
    [3, 5, EOPNOTSUPP, 0],
    [3, 11, ENETUNREACH, 0],
    [3, 12, EHOSTUNREACH, 0],
    [3, 13, EHOSTUNREACH, EHOSTUNREACH],
    [3, 16, 0, 0],
    [11, 0, EHOSTUNREACH, 0],
    [11, 1, 0, 0],
    [12, 0, EPROTO, EPROTO],
  ];
  test.each(KINDS)(
    "of type %i, code %i is told as errno %i, without a queue %i",
    (type, code, errno, plain) => {
      const told = [true, false].map((receiveErrors) => {
        const host = new IpHost();
        const endpoint = makeEndpoint(host, true);
        endpoint.settings.receiveErrors = receiveErrors;
        provoke(host, endpoint, { type, code, rest: code === 4 ? 1400 : 0 });
        const error = endpoint.takeError();
        const queued = readError(endpoint);
        if (!receiveErrors || errno === 0) expect(queued).toBe(-EAGAIN);
        else expect(queued).toMatchObject({ errno, type, code, detail: code === 4 ? 1400 : 0 });
        return error;
      });
      expect(told).toEqual([errno, plain]);
    },
  );

  test("about somebody else's datagram is nothing to a connected one", () => {
    const host = new IpHost();
    const endpoint = makeEndpoint(host, true);
    provoke(host, endpoint, { to: "10.0.0.7" });
    expect([readError(endpoint), endpoint.takeError()]).toEqual([-EAGAIN, 0]);
  });
});

describe("a datagram that is too long", () => {
  const tooLong = (detail: number) => ({
    data: "",
    errno: EMSGSIZE,
    origin: ORIGIN_LOCAL,
    type: 0,
    code: 0,
    detail,
    offender: 0,
  });

  test.each([
    [2, 3000, 1500],
    [3, 3000, 1500],
    [0, 65_508, 1500],
    [1, 65_508, 1500],
  ])(
    "with IP_MTU_DISCOVER %i is queued with the MTU, and told by nobody else",
    (pathMtuDiscovery, length, mtu) => {
      const host = new IpHost();
      const endpoint = makeEndpoint(host);
      endpoint.settings.pathMtuDiscovery = pathMtuDiscovery;
      const data = pattern(length);
      let events = 0;
      endpoint.onEvent = () => events++;
      expect(endpoint.send(data, 0, length, ip(PEER), 99)).toBe(-EMSGSIZE);
      expect(endpoint.readiness() & POLLERR).toBe(POLLERR);
      host.clock.runInstant();
      expect(events).toBe(1);
      expect(endpoint.takeError()).toBe(0);
      expect(readError(endpoint)).toEqual(tooLong(mtu));
      expect([info.address, info.port]).toEqual([ip(PEER), 0]);
      endpoint.connect(ip(PEER), 99);
      expect(endpoint.send(data, 0, length, 0, 0)).toBe(-EMSGSIZE);
      readError(endpoint);
      expect(info.port).toBe(99);
    },
  );

  test("leaves a pending error to be told", () => {
    const host = new IpHost();
    const endpoint = makeEndpoint(host, true);
    provoke(host, endpoint);
    expect(endpoint.send(pattern(65_508), 0, 65_508, 0, 0)).toBe(-EMSGSIZE);
    expect(endpoint.takeError()).toBe(ECONNREFUSED);
  });

  test("is not queued when nobody asked, or when no datagram could be so long", () => {
    const host = new IpHost();
    const endpoint = makeEndpoint(host);
    expect(endpoint.send(pattern(65_536), 0, 65_536, ip(PEER), 99)).toBe(-EMSGSIZE);
    endpoint.settings.receiveErrors = false;
    expect(endpoint.send(pattern(65_508), 0, 65_508, ip(PEER), 99)).toBe(-EMSGSIZE);
    expect(readError(endpoint)).toBe(-EAGAIN);
  });
});

describe("the queue", () => {
  test("holds what the receive buffer has room for; an error beyond is told, not queued", () => {
    const host = new IpHost();
    const endpoint = makeEndpoint(host);
    for (let each = 0; each < 300; each++) provoke(host, endpoint);
    let count = 0;
    while (typeof readError(endpoint) !== "number") count++;
    expect([count, host.udp.counters.errorQueueFull]).toEqual([255, 45]);
    expect(endpoint.takeError()).toBe(0);
  });

  /** How many errors, about datagrams of `length` bytes, fit into a receive buffer. */
  function fill(host: IpHost, endpoint: UdpEndpoint, length: number): number {
    for (let each = 0; each < 300; each++) provoke(host, endpoint, { data: pattern(length) });
    return 300 - host.udp.counters.errorQueueFull;
  }

  test.each([
    [150, 255],
    [200, 166],
    [520, 166],
  ])("counts an error about %i bytes by the size of its message: %i fit", (length, count) => {
    const host = new IpHost();
    const endpoint = makeEndpoint(host);
    expect(fill(host, endpoint, length)).toBe(count);
    for (let each = 0; each < count; each++) expect(readError(endpoint)).toMatchObject(REFUSED);
    expect(endpoint.errors.memory).toBe(0);
  });

  test("holds no more than the receive buffer when messages quote 65 KB", () => {
    const host = new IpHost({ link: { mtu: 65_535 } });
    const endpoint = makeEndpoint(host);
    expect(fill(host, endpoint, 65_400)).toBe(1);
    expect(endpoint.errors.memory).toBeGreaterThan(65_400);
  });

  test("shares the room with datagrams: beside as many errors as fit one datagram is taken", () => {
    const host = new IpHost();
    const endpoint = makeEndpoint(host);
    fill(host, endpoint, 0);
    const arrive = () => {
      for (let each = 0; each < 50; each++) host.receive(udp({ destinationPort: endpoint.localPort }));
      return endpoint.counters.received;
    };
    endpoint.takeError();
    expect(arrive()).toBe(1);
    endpoint.settings.receiveErrors = false;
    endpoint.settingsChanged(); // the errors are gone, and their room is free
    expect(arrive()).toBe(51);
    endpoint.close();
  });

  test("is gone when nobody wants it any more; the pending error is not", () => {
    const host = new IpHost();
    const endpoint = makeEndpoint(host);
    provoke(host, endpoint);
    endpoint.settings.receiveErrors = false;
    endpoint.settingsChanged();
    expect(readError(endpoint)).toBe(-EAGAIN);
    expect(endpoint.takeError()).toBe(ECONNREFUSED);
    expect(endpoint.readiness() & POLLERR).toBe(0);
  });
});
