/** What the user has written above IP is verified, also where the medium is trusted: on `lo`, and on wires without checksums. */
import { describe, expect, it } from "vitest";
import {
  AF_INET,
  AF_PACKET,
  ETH_P_IP,
  type Host,
  IPPROTO_UDP,
  type Network,
  SOCK_DGRAM,
  SOCK_RAW,
} from "../../src/index.ts";
import { Loopback } from "../../src/link/loopback.ts";
import { parseIpv4, text, udp } from "../support/wire.ts";
import { network, pair, receiver } from "../support/world.ts";

const PORT = 9;
const fields = { sourcePort: 1, destinationPort: PORT, payload: text("by hand") };

/** What the two raw kinds of socket of `from` can write to `destination`, and whether it is to be received. */
function letters(source: string, destination: string): [Uint8Array, boolean][] {
  return [
    [udp(fields, { source, destination }), true],
    [udp({ ...fields, checksum: 0 }, { source, destination }), true], // RFC 768: none was made
    [udp({ ...fields, checksum: 0x1234 }, { source, destination }), false],
  ];
}

/** Datagrams received of those that were written to `to`, past IP by the interface `index` too. */
async function heard(net: Network, from: Host, to: Host, source: string, destination: string, index: number) {
  const raw = from.socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
  const tap = from.socket(AF_PACKET, SOCK_DGRAM, 0);
  const socket = receiver(to, PORT);
  const { counters } = to.udp;
  for (const [datagram, good] of letters(source, destination)) {
    const before = counters.delivered;
    await raw.sendto(parseIpv4(datagram).payload, { address: destination, port: 0 });
    tap.core.sendTo(datagram, 0, datagram.length, 0, { interfaceIndex: index, protocol: ETH_P_IP });
    await net.sleep(5);
    expect(counters.delivered - before).toBe(good ? 2 : 0);
  }
  for (const each of [raw, tap, socket]) await each.close();
}

describe("the checksum of what the user writes", () => {
  it("is verified on lo", async () => {
    const net = network();
    const host = net.host("a");
    await net.run(() => heard(net, host, host, "127.0.0.1", "127.0.0.1", 1));
  });

  it("is verified beyond a wire that is trusted", async () => {
    const { net, a, b } = pair({ checksum: false });
    await net.run(() => heard(net, a, b, "10.0.0.1", "10.0.0.2", 2));
  });

  it("is verified when the datagram went in fragments", async () => {
    const net = network();
    const host = net.host("a");
    host.attach(new Loopback(host.clock, { mtu: 68 }), { address: "127.1.0.1/32", name: "lo2" });
    await net.run(async () => {
      const raw = host.socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
      const socket = receiver(host, PORT);
      raw.bind({ address: "127.1.0.1", port: 0 });
      host.ipv4.interfaces[0]!.up = false;
      for (const checksum of [0, 0x1234]) {
        const to = { source: "127.1.0.1", destination: "127.1.0.1" };
        const datagram = udp({ ...fields, payload: new Uint8Array(100), checksum }, to);
        await raw.sendto(parseIpv4(datagram).payload, { address: "127.1.0.1", port: 0 });
      }
      await net.sleep(1);
      expect(host.udp.counters).toMatchObject({ delivered: 1, badChecksum: 1 });
      await Promise.all([raw.close(), socket.close()]);
    });
  });
});
