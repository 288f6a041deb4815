import { MICROS_PER_SECOND } from "./times.ts";

/** How often is looked whether the server has been found, and how long at most, microseconds. */
export const DEPARTURE_INTERVAL = 10_000;
const MOST = 1 * MICROS_PER_SECOND;

interface Neighbors {
  neighbors?(): Iterable<{ readonly address: number; readonly hardwareAddress: Uint8Array | undefined }>;
}

/** A RELEASE on its way: who sends it must keep its address until the link has found out where the server is. */
export class Departure {
  private readonly since: number;
  private readonly server: number;

  /** `since`: when it was sent, microseconds; `server`: int32. */
  constructor(since: number, server: number) {
    this.since = since;
    this.server = server;
  }

  isOver(now: number, link: Neighbors): boolean {
    if (link.neighbors === undefined || now - this.since >= MOST) return true;
    for (const { address, hardwareAddress } of link.neighbors()) {
      if (address === this.server && hardwareAddress !== undefined) return true;
    }
    return false;
  }
}
