import { EADDRINUSE, EADDRNOTAVAIL, EINVAL, ENOBUFS, ENODEV } from "../base/errno.ts";
import { isMulticast } from "./address.ts";
import type { PathFinder } from "./path.ts";

interface Membership {
  readonly group: number;
  readonly interfaceIndex: number;
}

/** The multicast groups that one endpoint has joined (RFC 1112 §7.1). Errors are Linux's. */
export class Memberships {
  private readonly paths: PathFinder;
  private readonly max: number;
  private list: Membership[] = [];

  constructor(paths: PathFinder, max: number) {
    this.paths = paths;
    this.max = max;
  }

  /**
   * Joins `group` on interface `interfaceIndex`, -1 for the one that leads to the group. 0, or -EINVAL (no multicast address), -ENODEV
   * (no such interface, or none leads there), -EADDRINUSE (joined there already), -ENOBUFS (too many).
   */
  join(group: number, interfaceIndex: number): number {
    if (!isMulticast(group)) return -EINVAL;
    const by = this.paths.join(interfaceIndex, group);
    if (by < 0) return by;
    const fault = this.has(group, by) ? -EADDRINUSE : this.list.length >= this.max ? -ENOBUFS : 0;
    if (fault === 0) this.list.push({ group, interfaceIndex: by });
    else this.paths.leave(by, group);
    return fault;
  }

  /** Takes {@link join} back. 0, or -EADDRNOTAVAIL (not joined there), -ENODEV (no interface leads there). */
  leave(group: number, interfaceIndex: number): number {
    const by = interfaceIndex < 0 ? this.paths.interfaceTo(group) : interfaceIndex;
    if (by < 0) return -ENODEV;
    if (!this.has(group, by)) return -EADDRNOTAVAIL;
    this.list = this.list.filter((each) => each.group !== group || each.interfaceIndex !== by);
    this.paths.leave(by, group);
    return 0;
  }

  has(group: number, interfaceIndex: number): boolean {
    return this.list.some((each) => each.group === group && each.interfaceIndex === interfaceIndex);
  }

  /** Leaves all groups. */
  clear(): void {
    for (const { group, interfaceIndex } of this.list) this.paths.leave(interfaceIndex, group);
    this.list = [];
  }
}
