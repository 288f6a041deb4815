/** Raw endpoints (raw(7)). What Linux does was tried on Linux 6.18 with Python, over lo and a TUN device. */
import { describe, expect, test } from "vitest";
import {
  EACCES,
  EADDRNOTAVAIL,
  EAGAIN,
  ECONNREFUSED,
  EDESTADDRREQ,
  EFAULT,
  EHOSTUNREACH,
  EINVAL,
  EMSGSIZE,
  ENETUNREACH,
  ENOTCONN,
  EPIPE,
} from "../../src/base/errno.ts";
import { MSG_ERRQUEUE, MSG_PEEK, MSG_TRUNC } from "../../src/base/message-flags.ts";
import { IP_PMTUDISC_DO, IP_PMTUDISC_DONT, IP_PMTUDISC_PROBE } from "../../src/base/mtu-discovery.ts";
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP } from "../../src/base/readiness.ts";
import type { RawEndpoint } from "../../src/ip/raw-endpoint.ts";
import { ReceivedInfo } from "../../src/ip/received.ts";
import { IpHost, type IpHostOptions, leaveNothingBehind } from "../support/ip-host.ts";
import { ip as address, checksum, icmp, ipv4, parseIpv4, pattern, text } from "../support/wire.ts";

leaveNothingBehind();

/** A protocol that nobody speaks. */
const PROTOCOL = 200;
const info = new ReceivedInfo();

function open(host: IpHost, protocol = PROTOCOL): RawEndpoint {
  const endpoint = host.ip.raw.create(protocol);
  endpoints.push(endpoint);
  return endpoint;
}

const endpoints: RawEndpoint[] = [];

/** A host whose endpoints are closed at the end. */
function using(act: (host: IpHost) => void, options: IpHostOptions = {}): void {
  act(new IpHost(options));
  for (const endpoint of endpoints.splice(0)) endpoint.close();
}

/** The next datagram, or a negative errno. */
function take(endpoint: RawEndpoint, flags = 0): Uint8Array | number {
  const buffer = new Uint8Array(70_000);
  const count = endpoint.receive(buffer, 0, buffer.length, flags, info);
  return count < 0 ? count : buffer.slice(0, count);
}

function send(endpoint: RawEndpoint, data: Uint8Array, to: string): number {
  return endpoint.sendTo(data, 0, data.length, address(to), undefined);
}

/** A datagram of {@link PROTOCOL} to 10.0.0.1. */
function datagram(fields: Parameters<typeof ipv4>[0] = {}): Uint8Array {
  return ipv4({ protocol: PROTOCOL, payload: text("hola"), ...fields });
}

describe("raw endpoints receive", () => {
  test("the whole datagram with its header, each a copy, and no protocol unreachable goes out", () => {
    using((host) => {
      const endpoints = [open(host), open(host)];
      const stranger = open(host, 201);
      const options = Uint8Array.of(1, 1, 1, 0);
      const whole = datagram({ options, timeToLive: 7, trafficClass: 0x20 });
      expect(host.receive(whole)).toEqual([]);
      for (const endpoint of endpoints) {
        expect(take(endpoint)).toEqual(whole);
        expect(info.address).toBe(address("10.0.0.2"));
        expect(info).toMatchObject({ timeToLive: 7, trafficClass: 0x20, interfaceIndex: 1 });
        expect(take(endpoint)).toBe(-EAGAIN);
      }
      expect(take(stranger)).toBe(-EAGAIN);
      expect(host.ip.raw.counters.delivered).toBe(2);
    });
  });

  test("what was cut into fragments as one datagram, whose header says its length", () => {
    using((host) => {
      const endpoint = open(host);
      const payload = pattern(64);
      const whole = parseIpv4(datagram({ identification: 9, payload }));
      host.receive(datagram({ identification: 9, payload: payload.slice(0, 40), moreFragments: true }));
      expect(take(endpoint)).toBe(-EAGAIN);
      host.receive(datagram({ identification: 9, payload: payload.slice(40), fragmentOffset: 40 }));
      const taken = take(endpoint) as Uint8Array;
      expect(parseIpv4(taken)).toEqual(whole);
      expect(checksum(taken.slice(0, 20))).toBe(0);
    });
  });

  test("ICMP too, also what the stack answers itself, and with a wrong checksum", () => {
    using((host) => {
      const endpoint = open(host, 1);
      const request = icmp({ type: 8, rest: 0x0001_0002 });
      expect(host.receive(request).length).toBe(1);
      expect(take(endpoint)).toEqual(request);
      const broken = icmp({ type: 8, checksum: 0x1111 });
      expect(host.receive(broken)).toEqual([]);
      expect(take(endpoint)).toEqual(broken);
    });
  });

  test("by ICMP_FILTER only types whose bit is clear; those from 32 on always, an empty message never", () => {
    using((host) => {
      const endpoint = open(host, 1);
      endpoint.settings.icmpFilter = ~(1 << 0);
      for (const type of [8, 0, 31, 40]) host.receive(icmp({ type }));
      expect(parseIpv4(take(endpoint) as Uint8Array).payload[0]).toBe(0);
      expect(parseIpv4(take(endpoint) as Uint8Array).payload[0]).toBe(40);
      host.receive(datagram({ protocol: 1, payload: new Uint8Array(0) }));
      expect(take(endpoint)).toBe(-EAGAIN);
    });
  });

  test("bound, only what is for their address: a broadcast address hears broadcasts alone", () => {
    using((host) => {
      const own = open(host);
      const everybody = open(host);
      expect(own.bind(address("10.0.0.1"))).toBe(0);
      expect(everybody.bind(address("10.0.0.255"))).toBe(0);
      host.receive(datagram());
      host.receive(datagram({ destination: "10.0.0.255" }));
      expect(parseIpv4(take(own) as Uint8Array).destination).toBe("10.0.0.1");
      expect(take(own)).toBe(-EAGAIN);
      expect(parseIpv4(take(everybody) as Uint8Array).destination).toBe("10.0.0.255");
      expect(take(everybody)).toBe(-EAGAIN);
      expect(own.bind(address("127.0.0.1"))).toBe(0); // again, as Linux has it
      expect(own.bind(address("192.0.2.1"))).toBe(-EADDRNOTAVAIL);
    });
  });

  test("connected, only what comes from their peer; then they cannot be bound", () => {
    using((host) => {
      const endpoint = open(host);
      expect(endpoint.connect(address("10.0.0.2"), 0)).toBe(0);
      expect(endpoint.localAddress).toBe(address("10.0.0.1"));
      expect(endpoint.bind(address("10.0.0.1"))).toBe(-EINVAL);
      host.receive(datagram({ source: "10.0.0.3" }));
      expect(take(endpoint)).toBe(-EAGAIN);
      host.receive(datagram());
      expect(take(endpoint)).toEqual(datagram());
    });
  });

  test("nothing any more once they were disconnected, as in Linux", () => {
    using((host) => {
      const endpoint = open(host);
      endpoint.connect(address("10.0.0.2"), 0);
      expect(endpoint.disconnect()).toBe(0);
      expect(endpoint.localAddress).toBe(0);
      expect(host.receive(datagram()).length).toBe(1); // protocol unreachable
      expect(take(endpoint)).toBe(-EAGAIN);
    });
  });

  test("groups that the host has joined, and with IP_MULTICAST_ALL off only their own", () => {
    using((host) => {
      const member = open(host);
      const other = open(host);
      other.settings.multicastAll = false;
      expect(member.memberships.join(address("224.1.1.1"), 1)).toBe(0);
      host.receive(datagram({ destination: "224.1.1.1" }));
      expect(take(member)).toEqual(datagram({ destination: "224.1.1.1" }));
      expect(take(other)).toBe(-EAGAIN);
      member.close();
      host.receive(datagram({ destination: "224.1.1.1" }));
      expect(host.ip.counters.notForUs).toBe(1);
    });
  });

  test("only by the interface of SO_BINDTODEVICE", () => {
    using((host) => {
      const endpoint = open(host);
      endpoint.settings.interface = 0;
      host.receive(datagram());
      expect(take(endpoint)).toBe(-EAGAIN);
      endpoint.settings.interface = 1;
      host.receive(datagram());
      expect(take(endpoint)).toEqual(datagram());
    });
  });

  test("no more than SO_RCVBUF has room for", () => {
    using((host) => {
      const endpoint = open(host);
      endpoint.settings.receiveBufferBytes = 2000;
      for (let round = 0; round < 5; round++) host.receive(datagram());
      let taken = 0;
      while (take(endpoint) !== -EAGAIN) taken++;
      expect(taken).toBe(2);
      expect(endpoint.dropped).toBe(3);
      expect(host.ip.raw.counters.receiveQueueFull).toBe(3);
    });
  });

  test("with MSG_PEEK and MSG_TRUNC as datagram sockets do", () => {
    using((host) => {
      const endpoint = open(host);
      const buffer = new Uint8Array(30);
      host.receive(datagram());
      expect(endpoint.nextLength).toBe(24);
      expect(endpoint.receive(buffer, 0, 5, MSG_PEEK | MSG_TRUNC, info)).toBe(24);
      expect(info.truncated).toBe(true);
      expect(endpoint.receive(buffer, 0, 5, 0, info)).toBe(5);
      expect(buffer.slice(0, 5)).toEqual(datagram().slice(0, 5));
      expect(endpoint.receive(buffer, 0, 5, 0, info)).toBe(-EAGAIN);
    });
  });
});

describe("raw endpoints send", () => {
  test("with a header that the stack writes: DF on what fits, fragments of the rest", () => {
    using((host) => {
      const endpoint = open(host);
      endpoint.settings.timeToLive = 9;
      endpoint.settings.trafficClass = 0x10;
      expect(send(endpoint, text("hello"), "10.0.0.2")).toBe(5);
      const [small] = host.link.take();
      expect(parseIpv4(small as Uint8Array)).toMatchObject({
        source: "10.0.0.1",
        destination: "10.0.0.2",
        protocol: PROTOCOL,
        timeToLive: 9,
        trafficClass: 0x10,
        dontFragment: true,
        payload: text("hello"),
      });
      expect(send(endpoint, pattern(1500), "10.0.0.2")).toBe(1500);
      expect(host.link.take().map((each) => parseIpv4(each).moreFragments)).toEqual([true, false]);
    });
  });

  test("never DF with IP_PMTUDISC_DONT, never pieces with DO, the link's MTU alone with PROBE", () => {
    using((host) => {
      const endpoint = open(host);
      endpoint.settings.pathMtuDiscovery = IP_PMTUDISC_DONT;
      send(endpoint, text("x"), "10.0.0.2");
      expect(parseIpv4(host.link.take()[0] as Uint8Array).dontFragment).toBe(false);
      for (const mode of [IP_PMTUDISC_DO, IP_PMTUDISC_PROBE]) {
        endpoint.settings.pathMtuDiscovery = mode;
        expect(send(endpoint, pattern(1500), "10.0.0.2")).toBe(-EMSGSIZE);
        expect(send(endpoint, pattern(1480), "10.0.0.2")).toBe(1480);
      }
      host.link.take();
    });
  });

  test("to their peer, or else EDESTADDRREQ; address 0 is this host", () => {
    using((host) => {
      const endpoint = open(host);
      expect(endpoint.send(text("x"), 0, 1, undefined)).toBe(-EDESTADDRREQ);
      expect(endpoint.connect(0, 0)).toBe(0);
      expect(endpoint.remoteAddress).toBe(address("127.0.0.1"));
      expect(endpoint.send(text("x"), 0, 1, undefined)).toBe(1);
      host.clock.runInstant();
      expect(parseIpv4(take(endpoint) as Uint8Array).payload).toEqual(text("x"));
    });
  });

  test("no broadcast without SO_BROADCAST, nothing longer than a datagram, nothing without a route", () => {
    using(
      (host) => {
        const endpoint = open(host);
        expect(send(endpoint, text("x"), "10.0.0.255")).toBe(-EACCES);
        expect(endpoint.connect(address("10.0.0.255"), 0)).toBe(-EACCES);
        endpoint.settings.broadcast = true;
        endpoint.settingsChanged();
        expect(send(endpoint, text("x"), "10.0.0.255")).toBe(1);
        expect(send(endpoint, new Uint8Array(65_536), "127.0.0.1")).toBe(-EMSGSIZE);
        expect(send(endpoint, new Uint8Array(65_516), "127.0.0.1")).toBe(-EMSGSIZE);
        expect(send(endpoint, new Uint8Array(65_515), "127.0.0.1")).toBe(65_515);
        expect(send(endpoint, text("x"), "192.0.2.1")).toBe(-ENETUNREACH);
        expect(host.ip.raw.counters.sendFailed).toBe(4);
        host.clock.runInstant();
      },
      { prefixLength: 24 },
    );
  });

  test("an ICMP message only with a type and a code: EFAULT, as Linux", () => {
    using((host) => {
      const endpoint = open(host, 1);
      expect(send(endpoint, Uint8Array.of(8), "10.0.0.2")).toBe(-EFAULT);
      expect(send(endpoint, Uint8Array.of(8, 0), "10.0.0.2")).toBe(2);
      host.link.take();
    });
  });

  test("for one send what control messages ask, and MSG_DONTROUTE", () => {
    using((host) => {
      const endpoint = open(host);
      const one = { source: address("127.0.0.1"), interfaceIndex: -1, timeToLive: 3, trafficClass: 4 };
      expect(endpoint.sendTo(text("x"), 0, 1, address("127.0.0.1"), one)).toBe(1);
      host.clock.runInstant();
      const sent = parseIpv4(take(endpoint) as Uint8Array);
      expect(sent).toMatchObject({ source: "127.0.0.1", timeToLive: 3, trafficClass: 4 });
      const direct = { source: 0, interfaceIndex: -1, timeToLive: -1, trafficClass: -1, onLink: true };
      expect(send(endpoint, text("x"), "192.0.2.1")).toBe(1); // by the default gateway
      expect(endpoint.sendTo(text("x"), 0, 1, address("192.0.2.1"), direct)).toBe(-ENETUNREACH);
      host.link.take();
    });
  });
});

describe("IP_HDRINCL", () => {
  /** An endpoint whose user writes headers. */
  function including(host: IpHost): RawEndpoint {
    const endpoint = open(host, 255);
    endpoint.settings.headerIncluded = true;
    return endpoint;
  }

  test("fills in checksum and total length always, identification and source where they are 0", () => {
    using((host) => {
      const endpoint = including(host);
      const open = ipv4({
        source: "0.0.0.0",
        destination: "10.0.0.9",
        totalLength: 9,
        checksum: 1,
        payload: text("hi"),
      });
      expect(send(endpoint, open, "10.0.0.9")).toBe(22);
      const [sent] = host.link.take() as [Uint8Array];
      expect(parseIpv4(sent)).toMatchObject({ source: "10.0.0.1", totalLength: 22, timeToLive: 64 });
      expect(parseIpv4(sent).identification).not.toBe(0);
      expect(checksum(sent.slice(0, 20))).toBe(0);
    });
  });

  test("leaves the rest to the user: a foreign source, an identification, options, another destination than sendto's", () => {
    using((host) => {
      const endpoint = including(host);
      const fields = {
        source: "192.0.2.7",
        destination: "10.0.0.9",
        identification: 77,
        timeToLive: 3,
        protocol: 99,
      };
      const whole = ipv4({ ...fields, options: Uint8Array.of(1, 1, 1, 0), payload: text("hi") });
      expect(send(endpoint, whole, "10.0.0.8")).toBe(26);
      expect(host.link.nextHops).toEqual([address("10.0.0.8")]);
      expect(host.link.take()).toEqual([whole]);
    });
  });

  test("refuses what is no header and what does not fit: nothing is cut", () => {
    using((host) => {
      const endpoint = including(host);
      const headed = (first: number, length: number) => {
        const bytes = new Uint8Array(length);
        bytes[0] = first;
        return bytes;
      };
      expect(send(endpoint, headed(0x45, 19), "10.0.0.9")).toBe(-EINVAL);
      expect(send(endpoint, headed(0x46, 20), "10.0.0.9")).toBe(-EINVAL);
      expect(send(endpoint, headed(0x41, 24), "10.0.0.9")).toBe(-EINVAL);
      expect(send(endpoint, headed(0x45, 1501), "10.0.0.9")).toBe(-EMSGSIZE);
      expect(send(endpoint, headed(0x45, 20), "10.0.0.255")).toBe(-EACCES);
      endpoint.settings.options = Uint8Array.of(1, 1, 1, 0);
      expect(send(endpoint, headed(0x45, 20), "10.0.0.9")).toBe(-EINVAL);
      endpoint.settings.options = undefined;
      expect(send(endpoint, headed(0x45, 1500), "10.0.0.9")).toBe(1500);
      endpoint.shutdown(1);
      expect(send(endpoint, headed(0x45, 20), "10.0.0.9")).toBe(-EPIPE);
      host.link.take();
    });
  });

  test("to a group: those of this host who are in it get a copy", () => {
    using((host) => {
      const listener = open(host);
      listener.memberships.join(address("224.1.1.1"), 1);
      host.clock.runInstant();
      expect(host.link.take().map((bytes) => bytes[9])).toEqual([2]); // routers are told
      const endpoint = including(host);
      const whole = datagram({
        source: "10.0.0.1",
        destination: "224.1.1.1",
        identification: 1,
        timeToLive: 1,
      });
      expect(send(endpoint, whole, "224.1.1.1")).toBe(24);
      host.clock.runInstant();
      expect(host.link.take()).toEqual([whole]);
      expect(take(listener)).toEqual(whole);
    });
  });
});

describe("ICMP errors about what raw endpoints sent", () => {
  /** An error from 10.0.0.254 about a datagram of {@link PROTOCOL} to `destination`. */
  function error(type: number, code: number, destination: string, rest = 0): Uint8Array {
    const quoted = datagram({ source: "10.0.0.1", destination, payload: text("12345678") });
    return icmp({ type, code, rest, payload: quoted }, { source: "10.0.0.254" });
  }

  test("reach a connected one when they are hard and come from its peer's way", () => {
    using((host) => {
      const endpoint = open(host);
      const bystander = open(host);
      endpoint.connect(address("10.0.0.2"), 0);
      host.receive(error(3, 3, "10.0.0.3"));
      host.receive(error(11, 0, "10.0.0.2"));
      expect(endpoint.readiness()).toBe(POLLOUT);
      host.receive(error(3, 3, "10.0.0.2"));
      expect(endpoint.readiness()).toBe(POLLOUT | POLLERR);
      expect(take(endpoint)).toBe(-ECONNREFUSED);
      expect(take(endpoint)).toBe(-EAGAIN);
      expect(bystander.readiness()).toBe(POLLOUT);
      expect(host.ip.icmp.counters.errorUnclaimed).toBe(0);
    });
  });

  test("are queued with IP_RECVERR, soft ones too and without a peer", () => {
    using((host) => {
      const endpoint = open(host);
      endpoint.settings.receiveErrors = true;
      host.receive(error(11, 0, "10.0.0.2"));
      expect(endpoint.takeError()).toBe(EHOSTUNREACH);
      expect(take(endpoint, MSG_ERRQUEUE)).toEqual(text("12345678"));
      expect(info.address).toBe(address("10.0.0.2"));
      expect(info.error).toMatchObject({ errno: EHOSTUNREACH, origin: 2, type: 11, code: 0, port: 0 });
      expect(info.error?.offender).toBe(address("10.0.0.254"));
      expect(take(endpoint, MSG_ERRQUEUE)).toBe(-EAGAIN);
      expect(endpoint.readiness()).toBe(POLLOUT);
      // what is too long for DF is an error of this host
      endpoint.settings.pathMtuDiscovery = IP_PMTUDISC_DO;
      expect(send(endpoint, pattern(1500), "10.0.0.2")).toBe(-EMSGSIZE);
      expect(take(endpoint, MSG_ERRQUEUE)).toEqual(new Uint8Array(0));
      expect(info.error).toMatchObject({ errno: EMSGSIZE, origin: 1, info: 1500 });
    });
  });

  test("give back the header with IP_HDRINCL, its options too", () => {
    using((host) => {
      const endpoint = open(host);
      Object.assign(endpoint.settings, { receiveErrors: true, headerIncluded: true });
      const options = Uint8Array.of(1, 1, 1, 0);
      const payload = datagram({ source: "10.0.0.1", destination: "10.0.0.2", options, payload: pattern(8) });
      host.receive(icmp({ type: 3, code: 2, payload }));
      expect(take(endpoint, MSG_ERRQUEUE)).toEqual(payload);
    });
  });

  test("share the room with datagrams", () => {
    using((host) => {
      const endpoint = open(host);
      endpoint.settings.receiveErrors = true;
      for (let each = 0; each < 300; each++) host.receive(error(3, 3, "10.0.0.2"));
      for (let each = 0; each < 50; each++) host.receive(datagram());
      expect(endpoint.takeError()).toBe(ECONNREFUSED);
      let [errors, datagrams] = [0, 0];
      while (typeof take(endpoint, MSG_ERRQUEUE) !== "number") errors++;
      while (typeof take(endpoint) !== "number") datagrams++;
      expect([errors, datagrams]).toEqual([255, 1]);
    });
  });

  test("lower the path's MTU, unless discovery is off", () => {
    using((host) => {
      const endpoint = open(host);
      expect(send(endpoint, pattern(1480), "10.0.0.2")).toBe(1480);
      endpoint.settings.pathMtuDiscovery = IP_PMTUDISC_DONT;
      host.receive(error(3, 4, "10.0.0.2", 1000));
      endpoint.settings.pathMtuDiscovery = IP_PMTUDISC_DO;
      expect(send(endpoint, pattern(1480), "10.0.0.2")).toBe(1480);
      host.receive(error(3, 4, "10.0.0.2", 1000));
      expect(send(endpoint, pattern(981), "10.0.0.2")).toBe(-EMSGSIZE);
      expect(send(endpoint, pattern(980), "10.0.0.2")).toBe(980);
      host.link.take();
    });
  });

  test("RFC5927-7: lower no path to which nothing is sent, nor one whose transport checks more closely", () => {
    using((host) => {
      const [connected, idle, sniffer] = [open(host), open(host), open(host, 17)];
      connected!.connect(address("10.0.0.2"), 0);
      const mtuAfter = (message: Uint8Array, to: string) => {
        host.receive(message);
        return host.path(to).mtu;
      };
      expect(mtuAfter(error(3, 4, "10.0.0.3", 1000), "10.0.0.3")).toBe(1500);
      expect(mtuAfter(error(3, 4, "10.0.0.2", 1000), "10.0.0.2")).toBe(1000);
      expect(send(idle!, text("x"), "10.0.0.3")).toBe(1);
      expect(mtuAfter(error(3, 4, "10.0.0.3", 1000), "10.0.0.3")).toBe(1000);
      expect(send(sniffer!, text("12345678"), "10.0.0.4")).toBe(8);
      const payload = datagram({
        protocol: 17,
        source: "10.0.0.1",
        destination: "10.0.0.4",
        payload: pattern(8),
      });
      expect(mtuAfter(icmp({ type: 3, code: 4, rest: 1000, payload }), "10.0.0.4")).toBe(1500);
      host.link.take();
    });
  });

  test("are nothing to one that is bound to another interface, as in Linux", () => {
    using((host) => {
      const [here, elsewhere] = [open(host), open(host)];
      for (const endpoint of [here!, elsewhere!]) endpoint.settings.receiveErrors = true;
      here!.settings.interface = host.eth0.index;
      elsewhere!.settings.interface = host.lo.index;
      host.receive(error(3, 3, "10.0.0.2"));
      expect([here!.takeError(), elsewhere!.takeError()]).toEqual([ECONNREFUSED, 0]);
    });
  });

  test("reach the ping socket that is bound to the interface by which they come", () => {
    using((host) => {
      const [here, elsewhere] = [host.ip.raw.pings.create(), host.ip.raw.pings.create()];
      for (const endpoint of [here!, elsewhere!]) {
        endpoint.settings.receiveErrors = true;
        expect(endpoint.bind(0, 7)).toBe(0);
      }
      elsewhere!.settings.interface = host.lo.index; // the newest, which would be asked first
      const { payload } = parseIpv4(icmp({ type: 8, rest: 0x7_0001 }));
      const request = datagram({ protocol: 1, source: "10.0.0.1", destination: "10.0.0.2", payload });
      host.receive(icmp({ type: 3, code: 1, payload: request }));
      expect([here!.takeError(), elsewhere!.takeError()]).toEqual([EHOSTUNREACH, 0]);
      for (const endpoint of [here!, elsewhere!]) endpoint.close();
    });
  });

  test("with IP_HDRINCL are told by the next send too", () => {
    using((host) => {
      const endpoint = open(host);
      endpoint.connect(address("10.0.0.2"), 0);
      host.receive(error(3, 2, "10.0.0.2"));
      expect(endpoint.send(text("x"), 0, 1, undefined)).toBe(1); // without it they are not, as in Linux
      endpoint.settings.headerIncluded = true;
      const whole = datagram({ destination: "10.0.0.2" });
      expect(endpoint.send(whole, 0, whole.length, undefined)).toBeLessThan(0);
      expect(endpoint.send(whole, 0, whole.length, undefined)).toBe(whole.length);
      host.link.take();
    });
  });
});

test("shut down, a raw endpoint says so, and ENOTCONN without a peer", () => {
  using((host) => {
    const endpoint = open(host);
    expect(endpoint.shutdown(0)).toBe(-ENOTCONN);
    expect(endpoint.readiness()).toBe(POLLOUT | POLLIN | POLLRDHUP);
    expect(take(endpoint)).toEqual(new Uint8Array(0));
    expect(endpoint.shutdown(1)).toBe(-ENOTCONN);
    expect(endpoint.readiness() & POLLHUP).toBe(POLLHUP);
  });
});
