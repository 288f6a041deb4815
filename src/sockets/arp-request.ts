/**
 * SIOCGARP (arp(7)): asking for a neighbour's link-layer address. Links without such addresses have an empty table, as
 * Linux's `lo` and TUN devices.
 */
import { EFAULT, ENODEV, ENXIO, EPFNOSUPPORT } from "../base/errno.ts";
import { parseAddress } from "../ip/address.ts";
import { AF_INET, ARPHRD_NONE } from "./constants.ts";
import { checkInteger, show } from "./misuse.ts";
import type { IpLayer } from "./socket-host.ts";

/** `struct arpreq`, as far as it is asked for. */
export interface ArpRequest {
  /** arp_pa: the neighbour's address, of family AF_INET. */
  arp_pa: { family: number; address: string };
  /** arp_dev: the interface that the neighbour is on; SIOCGARP needs one. */
  arp_dev?: string;
  /** arp_ha: filled in: the link-layer address; `family` is an ARPHRD_ number. */
  arp_ha?: { family: number; address: Uint8Array };
  /** arp_flags: filled in: ATF_COM, 2, for an address that is known. */
  arp_flags?: number;
}

/** The entry is complete (<net/if_arp.h>). */
const ATF_COM = 2;

/**
 * Fills in `asked` and returns 0, or in Linux's order: -EFAULT (NULL), -EPFNOSUPPORT (the address is of another family than AF_INET), -ENODEV (no such
 * interface, or none given), -ENXIO (no entry: nobody of that address has answered).
 */
export function arpRequest(ip: IpLayer, asked: unknown): number {
  if (asked === null || asked === undefined) return -EFAULT;
  const { arp_pa, arp_dev } = asked as Partial<ArpRequest>;
  if (typeof arp_pa !== "object" || arp_pa === null) {
    throw new TypeError(`ioctl: SIOCGARP takes an object { arp_pa, arp_dev }, not ${show(asked)}`);
  }
  checkInteger("ioctl", "the family of arp_pa", arp_pa.family);
  if (arp_pa.family !== AF_INET) return -EPFNOSUPPORT;
  const link = ip.interfaces.find(({ name }) => name === arp_dev)?.link;
  if (link === undefined) return -ENODEV;
  const wanted = parseAddress(arp_pa.address);
  for (const { address, hardwareAddress } of link.neighbors?.() ?? []) {
    if (address !== wanted || hardwareAddress === undefined) continue;
    const request = asked as ArpRequest;
    request.arp_ha = { family: link.hardwareType ?? ARPHRD_NONE, address: hardwareAddress };
    request.arp_flags = ATF_COM;
    return 0;
  }
  return -ENXIO;
}
