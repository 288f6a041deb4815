/** Who we are on an Ethernet. */
import { entropy } from "../base/ambient.ts";
import { Random } from "../base/random.ts";
import { hardwareAddressBytes, randomHardwareAddress, stationAddressOf } from "../link/hardware-address.ts";

/**
 * `given`, or a random address, marked as local, from `random`, by default one that nobody can guess. TypeError and RangeError for
 * what is no station's address.
 */
export function stationAddress(given: Uint8Array | undefined, random?: Random): Uint8Array {
  return hardwareAddressBytes(stationAddressOf(given ?? randomHardwareAddress(random ?? unguessable())));
}

/** Randomness that nobody can guess. */
export function unguessable(): Random {
  const bytes = new Uint8Array(8);
  entropy(bytes);
  return new Random(new DataView(bytes.buffer).getBigUint64(0));
}
