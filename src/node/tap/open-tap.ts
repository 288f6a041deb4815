/** `openTap`: a place on the same Ethernet as this machine's kernel. */
import { stationAddress } from "../station-address.ts";
import { HELPERS } from "../tun/helper.ts";
import { openLink, type TunOptions } from "../tun/open-tun.ts";
import { TapPort } from "./tap-port.ts";

export interface TapOptions extends TunOptions {
  /** Our station's address, six bytes; the kernel's side has another. Default: a random one, marked as local. */
  hardwareAddress?: Uint8Array;
}

/**
 * Opens a TAP device: `const port = await openTap({ address: "10.9.0.1/24" })`, then
 * `host.attach(new EthernetLink({ clock, random, port }), { address: "10.9.0.2/24" })`, which takes its MTU from the port. The process
 * stays until it is closed. Rejects with a TunError that says what to do, with a TypeError or RangeError for options that make no sense.
 */
export async function openTap(options: TapOptions = {}, helpers = HELPERS): Promise<TapPort> {
  const { hardwareAddress, ...tunOptions } = options;
  const station = stationAddress(hardwareAddress);
  return new TapPort(await openLink("openTap", tunOptions, helpers), station);
}
