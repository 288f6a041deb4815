/** What this machine's kernel has already, which decides whether a device can work at all. */
import { networkInterfaces } from "node:os";
import { Failure, UsageError } from "../arguments.ts";

/** Addresses of this machine by interface, as `os.networkInterfaces` tells them: of those that are up. */
export type MachineAddresses = Readonly<Record<string, readonly { readonly address: string }[] | undefined>>;

/** What is asked of a device. */
export interface DeviceWish {
  /** The kernel's side in CIDR notation; undefined: as it is. */
  readonly address: string | undefined;
  /** The stack's own address; undefined: DHCP says it. */
  readonly peer: string | undefined;
  readonly name: string | undefined;
}

/**
 * Judges a wish before there is a device: with an address that another interface has, the kernel would look for the stack there, and
 * with one of the kernel's own for the stack it would answer itself. UsageError, Failure.
 */
export function checkWish({ address, peer, name }: DeviceWish, machine: MachineAddresses): void {
  const own = address?.split("/")[0];
  for (const [other, addresses = []] of Object.entries(machine)) {
    for (const { address: taken } of addresses) {
      if (taken === peer) {
        throw new UsageError(`--peer is the stack's own address: ${peer} is this machine's, on ${other}`);
      }
      if (taken === own && other !== name) {
        throw new Failure(
          `${other} has the address ${own} already: choose another network, or end who uses ${other}`,
        );
      }
    }
  }
}

/** {@link checkWish} on this machine. */
export function checkOnThisMachine(wish: DeviceWish): void {
  checkWish(wish, networkInterfaces());
}

/** An open device: what the kernel said of it. */
export interface OpenDevice {
  readonly name: string;
  readonly kernelAddress: string | undefined;
  readonly wasUp: boolean;
}

/**
 * The kernel's side of an open device in CIDR notation: the wished one, or what somebody has given it; undefined where it has none and
 * the stack needs none. `knowsNetwork`: --peer says its own prefix, or DHCP does. UsageError, Failure.
 */
export function kernelSideOf(
  { name, kernelAddress, wasUp }: OpenDevice,
  { address, peer }: DeviceWish,
  knowsNetwork: boolean,
): string | undefined {
  if (address !== undefined) return address;
  const advice = `give --address 10.9.0.1/24, or have root do it: \`ip address add 10.9.0.1/24 dev ${name}\``;
  if (kernelAddress === undefined && !knowsNetwork) {
    throw new Failure(`the kernel has no address on ${name}: ${advice} and \`ip link set ${name} up\``);
  }
  if (!wasUp)
    throw new Failure(`${name} is down: give --address, or have root do it: \`ip link set ${name} up\``);
  if (peer !== undefined && kernelAddress?.split("/")[0] === peer) {
    throw new UsageError(`--peer is the stack's own address: the kernel has ${peer} on ${name} already`);
  }
  return kernelAddress;
}
