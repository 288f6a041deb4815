/** Datagrams whose header is the user's, sent to a group that this host is in. Linux 6.18 was asked, with IP_HDRINCL on a TUN device. */
import { expect, test } from "vitest";
import type { Transport } from "../../src/ip/path.ts";
import type { Packet } from "../../src/packet/packet.ts";
import { IpHost, leaveNothingBehind } from "../support/ip-host.ts";
import { fragments, type Ipv4Fields, ip, ipv4, pattern } from "../support/wire.ts";

leaveNothingBehind();

const PROTOCOL = 253;
const GROUP = "224.5.5.5";

function world() {
  const host = new IpHost({ ip: { igmpVersion: 0 } }); // nothing but the copies
  const heard: number[][] = [];
  const transport: Transport = {
    input(packet: Packet) {
      heard.push([...packet.bytes()]);
      packet.release();
    },
    error() {},
  };
  host.ip.register(PROTOCOL, transport);
  host.ip.join(1, ip(GROUP));
  const endpoint = host.ip.raw.create(255);
  endpoint.settings.headerIncluded = true;
  const send = (datagram: Uint8Array) => {
    expect(endpoint.sendTo(datagram, 0, datagram.length, ip(GROUP), undefined)).toBe(datagram.length);
    host.clock.runInstant();
    expect(host.link.take()).toHaveLength(1);
    return heard.splice(0);
  };
  return { host, endpoint, send };
}

function datagram(fields: Partial<Ipv4Fields> = {}): Uint8Array {
  const own = { source: "10.0.0.1", destination: GROUP, protocol: PROTOCOL, identification: 7 };
  return ipv4({ ...own, payload: pattern(16), ...fields });
}

test("fragments wait for the others, and come back as one datagram", () => {
  const { host, endpoint, send } = world();
  const [first, second] = fragments(datagram({ payload: pattern(40) }), 24);
  expect(send(second!)).toEqual([]);
  expect(send(first!)).toEqual([[...pattern(40)]]);
  expect(send(datagram({ fragmentOffset: 8 }))).toEqual([]);
  host.advance(60_000); // nobody is told that it has waited in vain
  expect(host.link.take()).toEqual([]);
  endpoint.close();
});

test("malformed options and source routes do not come back, good options do", () => {
  const { host, endpoint, send } = world();
  const withOptions = (...options: number[]) => send(datagram({ options: Uint8Array.from(options) }));
  expect(withOptions(1, 1, 1, 0)).toEqual([[...pattern(16)]]);
  expect(withOptions(7, 0, 0, 0)).toEqual([]);
  expect(withOptions(7, 4, 2, 0)).toEqual([]);
  expect(withOptions(0x83, 7, 4, 1, 1, 1, 1, 0)).toEqual([]);
  const { badOptions, sourceRouted } = host.ip.counters;
  expect([badOptions, sourceRouted]).toEqual([2, 1]);
  endpoint.close();
});

test("whoever the header says that they are from and for, they come back", () => {
  const { endpoint, send } = world();
  for (const fields of [{ source: "8.8.8.8" }, { source: "224.1.1.1" }, { destination: "10.77.77.77" }]) {
    expect(send(datagram(fields))).toHaveLength(1);
  }
  endpoint.close();
});
