/** What `netstat` tells of interfaces: what they carried, and what the links below have counted, dropped packets among it. */
import { expect, test } from "vitest";
import { VirtualClock } from "../../src/base/clock.ts";
import { Random } from "../../src/base/random.ts";
import { Host } from "../../src/index.ts";
import { EthernetLink } from "../../src/link/ethernet-link.ts";
import type { Link } from "../../src/link/link.ts";

test("netstat shows the counters of each interface, of its link and of what that stands on", () => {
  const clock = new VirtualClock();
  const host = new Host({ seed: 1, clock });
  const counters = { notSent: 3, dropped: { loss: 2 }, name: "no number", nothing: null };
  const link: Link = {
    mtu: 1500,
    features: { checksum: false, segmentation: false },
    counters,
    send: (packet) => packet.release(),
    attach() {},
    close() {},
  };
  const port = {
    hardwareAddress: Uint8Array.of(2, 0, 0, 0, 0, 1),
    counters: { queueFull: 5 },
    send() {},
    attach() {},
    close() {},
  };
  host.attach(link, { address: "10.0.0.2/24", name: "plain" });
  const ethernet = new EthernetLink({ clock, random: new Random(1), port });
  host.attach(ethernet, { address: "10.0.1.2/24" });
  host.datagram().sendTo(new Uint8Array(8), 0, 8, 0, "10.0.0.9", 9);
  const { interfaces } = host.netstat();
  expect(Object.keys(interfaces)).toEqual(["lo", "plain", "eth1"]);
  expect(interfaces["plain"]).toEqual({
    receivedPackets: 0,
    receivedBytes: 0,
    sentPackets: 1,
    sentBytes: 36,
    "link.notSent": 3,
    "link.dropped.loss": 2,
  });
  expect(interfaces["eth1"]).toMatchObject({
    "link.framesSent": 0,
    "neighbors.failed": 0,
    "port.queueFull": 5,
  });
  host.close();
});
