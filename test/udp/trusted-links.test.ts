/** Datagrams over a link that takes checksums off the stack's hands. */
import { expect, test } from "vitest";
import { FLAG_CHECKSUM_TRUSTED } from "../../src/packet/packet.ts";
import { IpHost, leaveNothingBehind } from "../support/ip-host.ts";
import { TestLink } from "../support/test-link.ts";
import { ip, parseIpv4, pattern, udp, udpChecksum } from "../support/wire.ts";

leaveNothingBehind();

/** A host with such a link to 10.0.1.0/24, which also marks what it trusts if `marksTrusted`. */
function home(marksTrusted = false) {
  const host = new IpHost();
  const link = new TestLink(host.clock, { checksum: true });
  if (marksTrusted) Object.assign(link.features, { marksTrusted });
  host.ip.addInterface({ name: "eth1", link, address: ip("10.0.1.1"), prefixLength: 24 });
  return { host, link };
}

test("one that goes whole leaves without a checksum, one that goes in fragments with its own", () => {
  const { host, link } = home();
  const endpoint = host.udp.create();
  const send = (length: number) => endpoint.send(pattern(length), 0, length, ip("10.0.1.2"), 7);
  expect(send(1472)).toBe(1472); // with its headers 1500 bytes
  expect(send(1473)).toBe(1473);
  const [whole, ...pieces] = link.take().map((bytes) => parseIpv4(bytes).payload);
  expect(pieces).toHaveLength(2);
  expect([...whole!.subarray(6, 8)]).toEqual([0, 0]);
  const datagram = new Uint8Array(pieces.flatMap((piece) => [...piece]));
  const checksum = (datagram[6]! << 8) | datagram[7]!;
  datagram.fill(0, 6, 8);
  expect(checksum).toBe(udpChecksum("10.0.1.1", "10.0.1.2", datagram));
  endpoint.close();
});

test.each([
  ["that trusts its medium: nothing is verified", false, 0, 0],
  ["that marks what it trusts: the rest is verified", true, 0, 1],
  ["that marks what it trusts: what is marked is not", true, FLAG_CHECKSUM_TRUSTED, 0],
])("a wrong checksum from a link %s", (_, marksTrusted, flags, dropped) => {
  const { host, link } = home(marksTrusted);
  const ends = { source: "10.0.1.2", destination: "10.0.1.1" };
  const bytes = udp({ sourcePort: 7, destinationPort: 7, payload: pattern(9) }, ends);
  bytes[27]! ^= 1;
  link.receive(bytes, flags);
  expect(host.udp.counters.badChecksum).toBe(dropped);
});
