import type { Clock } from "../base/clock.ts";
import type { Packet } from "../packet/packet.ts";
import type { Way, WireObserver } from "../trace/observer.ts";
import { Digest } from "./digest.ts";

/** What a {@link Judge} answers for a packet that is to be dropped. */
export const DROP = -1;

/** Decides on a packet that enters a wire: {@link DROP}, or how much later it arrives, µs. */
export type Judge = (way: Way, packet: Packet, now: number) => number;

/** What all wires of one network share. */
export class Medium {
  readonly clock: Clock;
  readonly digest = new Digest();
  /** Who watches packets; one object, which may hand on to several. */
  observer: WireObserver | undefined = undefined;
  /** The rules. */
  judge: Judge | undefined = undefined;
  /** Numbers given to directions, so that the digest tells them apart. */
  directions = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }
}
