/** What one send may ask for, and what several put together: sendmsg, MSG_DONTROUTE, MSG_MORE, UDP_CORK. As Linux 6.18. */
import { describe, expect, test } from "vitest";
import { EAGAIN, ECONNREFUSED, EINVAL, EMSGSIZE, ENETUNREACH, ENODEV, EPIPE } from "../../src/base/errno.ts";
import { DatagramInfo, type UdpEndpoint } from "../../src/udp/endpoint.ts";
import { type DatagramChoice, DEFAULT_DATAGRAM } from "../../src/udp/sender.ts";
import { IpHost, leaveNothingBehind } from "../support/ip-host.ts";
import { TestLink } from "../support/test-link.ts";
import { icmp, ip, parseIpv4, parseUdp, pattern, text } from "../support/wire.ts";

leaveNothingBehind();

const MSG_DONTROUTE = 4;
const MSG_DONTWAIT = 0x40;
const MSG_CONFIRM = 0x800;
const MSG_MORE = 0x8000;
const PEER = "10.0.0.2";

function home() {
  const host = new IpHost();
  const second = new TestLink(host.clock);
  host.ip.addInterface({ name: "eth1", link: second, address: ip("10.0.1.1"), prefixLength: 24 });
  return { host, second };
}

const info = new DatagramInfo();

function give(endpoint: UdpEndpoint, data: string, flags: number, to = "0.0.0.0", port = 0): number {
  return endpoint.send(text(data), 0, data.length, ip(to), port, flags);
}

/** What has left: "10.0.0.2:7 abc". */
function left(host: IpHost): string[] {
  return host.link.take().map((bytes) => {
    const datagram = parseIpv4(bytes);
    const { destinationPort, payload } = parseUdp(datagram.payload);
    return `${datagram.destination}:${destinationPort} ${new TextDecoder().decode(payload)}`;
  });
}

describe("one datagram's own", () => {
  function send(choice: Partial<DatagramChoice>, to = PEER, flags = 0) {
    const { host, second } = home();
    const endpoint = host.udp.create();
    endpoint.connect(ip(PEER), 7);
    endpoint.disconnect();
    const result = endpoint.send(text("x"), 0, 1, ip(to), 7, flags, { ...DEFAULT_DATAGRAM, ...choice });
    const own = [...host.link.take(), ...second.take()].map((bytes) => parseIpv4(bytes))[0];
    // the next one knows nothing of it
    expect(endpoint.send(text("x"), 0, 1, ip(to), 7)).toBe(1);
    const next = host.link.take().map((bytes) => parseIpv4(bytes))[0];
    expect(next).toMatchObject({ source: "10.0.0.1", timeToLive: to === PEER ? 64 : 1, trafficClass: 0 });
    return { result, own };
  }

  test("source address and interface", () => {
    expect(send({ source: ip("10.0.1.1") }).own).toMatchObject({ source: "10.0.1.1" });
    expect(send({ interfaceIndex: 2 }).own).toMatchObject({ source: "10.0.1.1", destination: PEER });
    expect(send({ source: ip("192.0.2.1") }).result).toBe(-ENETUNREACH);
    expect(send({ interfaceIndex: 9 }).result).toBe(-ENODEV);
    expect(send({ source: ip("127.0.0.1") }).result).toBe(-EINVAL);
  });

  test("time to live and type of service, of multicasts too", () => {
    expect(send({ timeToLive: 3, trafficClass: 0x10 }).own).toMatchObject({
      timeToLive: 3,
      trafficClass: 0x10,
    });
    expect(send({ timeToLive: 3 }, "224.1.1.1").own).toMatchObject({ timeToLive: 3 });
  });

  test("its interface goes before the one that was bound", () => {
    const { host, second } = home();
    const endpoint = host.udp.create();
    endpoint.settings.interface = 1;
    endpoint.send(text("x"), 0, 1, ip(PEER), 7, 0, { ...DEFAULT_DATAGRAM, interfaceIndex: 2 });
    expect([host.link.take().length, second.take().length]).toEqual([0, 1]);
  });

  test("MSG_DONTROUTE and SO_DONTROUTE ask no gateway; MSG_CONFIRM asks for nothing", () => {
    const { host } = home();
    const endpoint = host.udp.create();
    expect(give(endpoint, "x", 0, "8.8.8.8", 7)).toBe(1);
    expect(give(endpoint, "x", MSG_DONTROUTE, "8.8.8.8", 7)).toBe(-ENETUNREACH);
    expect(give(endpoint, "x", MSG_DONTROUTE | MSG_CONFIRM, PEER, 7)).toBe(1);
    endpoint.settings.onLink = true;
    endpoint.settingsChanged();
    expect(endpoint.connect(ip("8.8.8.8"), 7)).toBe(-ENETUNREACH);
    expect(left(host)).toHaveLength(2);
  });

  test("IP_OPTIONS stand in each, and leave the less room", () => {
    const { host } = home();
    const endpoint = host.udp.create();
    Object.assign(endpoint.settings, { options: Uint8Array.from([148, 4, 0, 0]), pathMtuDiscovery: 2 });
    const data = pattern(65_507);
    expect(endpoint.send(data, 0, 1468, ip(PEER), 7)).toBe(1468);
    expect(host.link.take().map((bytes) => [bytes.length, bytes[0]])).toEqual([[1500, 0x46]]);
    expect(endpoint.send(data, 0, 1469, ip(PEER), 7)).toBe(-EMSGSIZE);
    endpoint.settings.pathMtuDiscovery = 0;
    expect(endpoint.send(data, 0, 65_504, ip(PEER), 7)).toBe(-EMSGSIZE);
    expect(endpoint.send(data, 0, 65_503, ip(PEER), 7)).toBe(65_503);
  });
});

describe("MSG_MORE", () => {
  function corked(first = "ab") {
    const { host } = home();
    const endpoint = host.udp.create();
    expect(give(endpoint, first, MSG_MORE, PEER, 7)).toBe(first.length);
    expect(left(host)).toEqual([]);
    return { host, endpoint };
  }

  test("puts together what goes where the first went, whatever the others say", () => {
    const { host, endpoint } = corked();
    expect(give(endpoint, "cd", MSG_MORE, "10.0.0.3", 8)).toBe(2);
    expect(give(endpoint, "ef", 0)).toBe(2);
    expect(give(endpoint, "gh", 0, "10.0.0.3", 8)).toBe(2);
    expect(left(host)).toEqual(["10.0.0.2:7 abcdef", "10.0.0.3:8 gh"]);
  });

  test("an empty send ends it, even to port 0; nothing at all may be sent", () => {
    const one = corked();
    expect(give(one.endpoint, "", 0, PEER, 0)).toBe(0);
    expect(left(one.host)).toEqual(["10.0.0.2:7 ab"]);
    const two = corked("");
    give(two.endpoint, "", 0);
    expect(left(two.host)).toEqual(["10.0.0.2:7 "]);
  });

  test("the header is that of the first", () => {
    const { host } = home();
    const endpoint = host.udp.create();
    const choice = { ...DEFAULT_DATAGRAM, timeToLive: 9, source: ip("10.0.1.1") };
    endpoint.send(text("a"), 0, 1, ip(PEER), 7, MSG_MORE, choice);
    endpoint.send(text("b"), 0, 1, 0, 0, 0);
    expect(parseIpv4(host.link.take()[0]!)).toMatchObject({ timeToLive: 9, source: "10.0.1.1" });
  });

  test("too much throws all of it away", () => {
    const { host, endpoint } = corked();
    const rest = pattern(65_506);
    expect(endpoint.send(rest, 0, 65_506, 0, 0, MSG_MORE)).toBe(-EMSGSIZE);
    expect(give(endpoint, "k", 0, PEER, 7)).toBe(1);
    expect(left(host)).toEqual(["10.0.0.2:7 k"]);
    give(endpoint, "ab", MSG_MORE, PEER, 7);
    expect(endpoint.send(rest, 0, 65_505, 0, 0)).toBe(65_505);
    expect(host.link.take().length).toBe(45);
  });

  test("connect meanwhile sends it elsewhere", () => {
    const { host, endpoint } = corked();
    endpoint.connect(ip("10.0.0.3"), 8);
    give(endpoint, "cd", 0);
    expect(left(host)).toEqual(["10.0.0.3:8 abcd"]);
  });

  test("shutdown meanwhile does not stop it; a new one is EPIPE", () => {
    const { host, endpoint } = corked();
    endpoint.shutdown(1);
    expect(give(endpoint, "cd", 0)).toBe(2);
    expect(left(host)).toEqual(["10.0.0.2:7 abcd"]);
    expect(give(endpoint, "cd", MSG_MORE, PEER, 7)).toBe(-EPIPE);
  });

  test("close throws it away", () => {
    const { host, endpoint } = corked();
    endpoint.close();
    expect(left(host)).toEqual([]);
  });

  test("an error that waits is told before the first, not between", () => {
    const { host } = home();
    const endpoint = host.udp.create();
    endpoint.connect(ip(PEER), 7);
    const refuse = () => {
      give(endpoint, "x", 0);
      host.receive(icmp({ type: 3, code: 3, payload: host.link.take()[0]! }));
    };
    refuse();
    expect(give(endpoint, "a", MSG_MORE)).toBe(-ECONNREFUSED);
    expect(give(endpoint, "a", MSG_MORE)).toBe(1);
    endpoint.settings.cork = false;
    expect(give(endpoint, "b", 0)).toBe(1);
    expect(left(host)).toEqual(["10.0.0.2:7 ab"]);
  });
});

describe("UDP_CORK", () => {
  test("holds everything back until it is pulled", () => {
    const { host } = home();
    const endpoint = host.udp.create();
    endpoint.settings.cork = true;
    endpoint.settingsChanged();
    give(endpoint, "ab", 0, PEER, 7);
    give(endpoint, "cd", 0, PEER, 7);
    endpoint.settings.trafficClass = 4;
    endpoint.settingsChanged(); // another setting pulls nothing
    expect(left(host)).toEqual([]);
    endpoint.settings.cork = false;
    expect(endpoint.settingsChanged()).toBe(0);
    expect(left(host)).toEqual(["10.0.0.2:7 abcd"]);
    expect(endpoint.settingsChanged()).toBe(0);
  });

  test("what was sent with MSG_MORE survives a change of other settings", () => {
    const { host } = home();
    const endpoint = host.udp.create();
    give(endpoint, "ab", MSG_MORE, PEER, 7);
    endpoint.settingsChanged();
    expect(left(host)).toEqual([]);
    give(endpoint, "", 0);
    expect(left(host)).toEqual(["10.0.0.2:7 ab"]);
  });
});

describe("reading that was shut down", () => {
  test("is the end for who waits and EAGAIN for who does not; what still comes is read", () => {
    const { host } = home();
    const endpoint = host.udp.create();
    endpoint.connect(ip("127.0.0.1"), 9);
    endpoint.shutdown(0);
    const buffer = new Uint8Array(10);
    expect(endpoint.receive(buffer, 0, 10, 0, info)).toBe(0);
    expect(endpoint.receive(buffer, 0, 10, MSG_DONTWAIT, info)).toBe(-EAGAIN);
    const peer = host.udp.create();
    peer.bind(ip("127.0.0.1"), 9);
    give(peer, "hi", 0, "127.0.0.1", endpoint.localPort);
    host.clock.runInstant();
    expect(endpoint.receive(buffer, 0, 10, 0, info)).toBe(2);
  });
});
