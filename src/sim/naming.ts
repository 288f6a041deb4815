/** What a host on a network may be called, by name and by number. */
import {
  formatPrefix,
  isDirectedBroadcast,
  isLoopback,
  isUnicast,
  type Prefix,
  parsePrefix,
  prefixMask,
} from "../ip/address.ts";
import { show } from "../sockets/misuse.ts";

/** Labels of letters, digits and inner hyphens, 63 octets at most (RFC 1123 §2.1, RFC 1035 §2.3.1, §2.3.4). */
const HOST_NAME = /^[a-z\d]([a-z\d-]{0,61}[a-z\d])?(\.[a-z\d]([a-z\d-]{0,61}[a-z\d])?)*$/i;

/** Two names that are equal but for case are one (RFC 4343 §2): this is what they have in common. */
export function foldName(name: string): string {
  return name.toLowerCase();
}

/** Throws unless `name` is one that `connect({ address: name })` would look up, and no other host's by nature. */
export function checkHostName(name: unknown): asserts name is string {
  if (typeof name !== "string") throw new TypeError(`host: name is a string, not ${show(name)}`);
  // RFC 1123 §2.1: what is digits and dots alone would be taken for an address
  if (name.length > 253 || !HOST_NAME.test(name) || /^[\d.]+$/.test(name)) {
    throw new RangeError(
      `host: name is a DNS name, letters, digits and hyphens with dots between, not only digits, not ${show(name)}`,
    );
  }
  if (foldName(name) === "localhost") {
    throw new RangeError(`host: name ${show(name)} is taken: every host has it for itself`);
  }
}

/** The address a user has chosen for a host, in CIDR notation. */
export function hostPrefix(text: string): Prefix {
  const { address, prefixLength } = parsePrefix(text);
  const refuse = (why: string) => {
    throw new RangeError(`host: address ${text} cannot be that of a host: it ${why}`);
  };
  if (isLoopback(address)) refuse("is loopback, 127.0.0.0/8, which every host has for itself");
  if (!isUnicast(address)) refuse("is not in 1.0.0.0 to 223.255.255.255");
  if (isDirectedBroadcast(address, address, prefixLength)) {
    const network = address & prefixMask(prefixLength);
    if (address !== network) refuse(`is the broadcast address of ${formatPrefix(network, prefixLength)}`);
    refuse(
      `is the address of the network itself; its hosts begin with ${formatPrefix(network + 1, prefixLength)}`,
    );
  }
  return { address, prefixLength };
}
