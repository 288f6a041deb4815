/** How a station becomes a host on its link where its address was said. */
import { expect, test } from "vitest";
import type { Link } from "../../src/index.ts";
import { UsageError } from "../../src/node/arguments.ts";
import { join } from "../../src/node/station/join.ts";
import type { Uplink } from "../../src/node/station/open-link.ts";
import { realHost } from "../support/world.ts";

function uplink(address: string, gateway: string, frames: boolean): Uplink {
  const link: Link = {
    mtu: 1500,
    features: { checksum: false, segmentation: false },
    attach: () => {},
    send: (packet) => packet.release(),
    ...(frames && { sendFrame: (packet) => packet.release() }),
    close: () => {},
  };
  const ended = new Promise<Error>(() => {});
  return { link, label: "a link", address, gateway, dns: [], attached: () => {}, ended };
}

const never = new AbortController().signal;

test("the other end of a device is the gateway, also from a network that is not its own", async () => {
  const host = realHost();
  const { address } = await join(host, uplink("10.8.0.2/24", "10.9.0.1", false), never);
  expect(address).toBe("10.8.0.2");
  const socket = host.datagram();
  expect(socket.connect({ address: "192.0.2.1", port: 9 })).toBe(0); // there is a way
  socket.close();
});

test.each([
  ["10.9.0.2/24", "10.7.0.1", "the gateway 10.7.0.1 is on none of this host's networks"],
  ["10.9.0.0/24", "10.9.0.1", "the address of eth0 names one host: 10.9.0.0 does not"],
])(
  "%s with the gateway %s makes no sense on an Ethernet, and that is one line",
  async (address, gateway, message) => {
    const joining = join(realHost(), uplink(address, gateway, true), never);
    await expect(joining).rejects.toThrow(new UsageError(message));
    await expect(joining).rejects.toBeInstanceOf(UsageError);
  },
);
