import type { Packet } from "./packet.ts";

/** Packets that wait to be read, first in, first out; it owns them. */
export class PacketQueue {
  first: Packet | undefined = undefined;
  /** Sizes of the buffers held, which is what bounds a queue: short packets take room too. */
  memory = 0;
  private last: Packet | undefined = undefined;

  push(packet: Packet): void {
    packet.next = undefined;
    if (this.last === undefined) this.first = packet;
    else this.last.next = packet;
    this.last = packet;
    this.memory += packet.capacity;
  }

  /** Takes the first out; the caller owns it. */
  take(): Packet | undefined {
    const { first } = this;
    if (first === undefined) return undefined;
    this.first = first.next;
    if (this.first === undefined) this.last = undefined;
    this.memory -= first.capacity;
    first.next = undefined;
    return first;
  }

  /** Releases the first. */
  shift(): void {
    this.take()?.release();
  }

  clear(): void {
    while (this.first !== undefined) this.shift();
  }
}
