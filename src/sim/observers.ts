import type { Packet } from "../packet/packet.ts";
import type { DropReason, Way, WireObserver } from "../trace/observer.ts";

/** Several observers as one. They may come and go while a packet is being told of. */
export class Observers implements WireObserver {
  private list: readonly WireObserver[] = [];

  get empty(): boolean {
    return this.list.length === 0;
  }

  add(observer: WireObserver): void {
    this.list = [...this.list, observer];
  }

  remove(observer: WireObserver): void {
    const place = this.list.indexOf(observer);
    if (place >= 0) this.list = this.list.toSpliced(place, 1);
  }

  sent(way: Way, packet: Packet, now: number): void {
    for (const observer of this.list) observer.sent(way, packet, now);
  }

  duplicated(way: Way, packet: Packet, copy: Packet, now: number): void {
    for (const observer of this.list) observer.duplicated(way, packet, copy, now);
  }

  corrupted(way: Way, packet: Packet, now: number): void {
    for (const observer of this.list) observer.corrupted(way, packet, now);
  }

  delivered(way: Way, packet: Packet, now: number): void {
    for (const observer of this.list) observer.delivered(way, packet, now);
  }

  dropped(way: Way, packet: Packet, reason: DropReason, now: number): void {
    for (const observer of this.list) observer.dropped(way, packet, reason, now);
  }
}
