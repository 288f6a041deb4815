/**
 * SIOCGARP (arp(7)): asking for a neighbour's link-layer address. No link here has such addresses, so that the table is
 * empty, as Linux's is for its `lo` and for TUN devices.
 */
import { EFAULT, ENODEV, ENXIO, EPFNOSUPPORT } from "../base/errno.ts";
import { AF_INET } from "./constants.ts";
import { checkInteger, show } from "./misuse.ts";
import type { IpLayer } from "./socket-host.ts";

/** `struct arpreq`, as far as it is asked for. */
export interface ArpRequest {
  /** arp_pa: the neighbour's address, of family AF_INET. */
  arp_pa: { family: number; address: string };
  /** arp_dev: the interface that the neighbour is on; SIOCGARP needs one. */
  arp_dev?: string;
}

/**
 * In Linux's order: -EFAULT (NULL), -EPFNOSUPPORT (the address is of another family than AF_INET), -ENODEV (no such
 * interface, or none given), -ENXIO (no entry).
 */
export function arpRequest(ip: IpLayer, asked: unknown): number {
  if (asked === null || asked === undefined) return -EFAULT;
  const { arp_pa, arp_dev } = asked as Partial<ArpRequest>;
  if (typeof arp_pa !== "object" || arp_pa === null) {
    throw new TypeError(`ioctl: SIOCGARP takes an object { arp_pa, arp_dev }, not ${show(asked)}`);
  }
  checkInteger("ioctl", "the family of arp_pa", arp_pa.family);
  if (arp_pa.family !== AF_INET) return -EPFNOSUPPORT;
  return ip.interfaceNamed(arp_dev ?? "") < 0 ? -ENODEV : -ENXIO;
}
