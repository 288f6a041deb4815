import type { Clock } from "../base/clock.ts";
import { copyBytes } from "../base/copy.ts";
import { Task } from "../base/task.ts";
import { FLAG_BROADCAST, FLAG_CHECKSUM_TRUSTED, type Packet } from "../packet/packet.ts";
import { packetPool } from "../packet/pool.ts";
import type { IpCounters } from "./counters.ts";
import type { Interface } from "./interface.ts";

/** What may wait, bytes of packet buffers: a bound for senders that nothing else bounds, as that of `lo`. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * Copies of what this host sends to many, for itself. A wire does not give them back; Linux makes them where a datagram leaves, as if
 * they had come in there. They are handed over in a task of the same instant: sending never turns into receiving.
 */
export class OwnCopies {
  private readonly clock: Clock;
  private readonly counters: IpCounters;
  private readonly receive: (packet: Packet) => void;
  private first: Packet | undefined = undefined;
  private last: Packet | undefined = undefined;
  private bytes = 0;
  private readonly delivery = new Task(() => this.deliver());

  /** `receive` takes ownership of the copies, whose `interfaceIndex` says by which interface the datagram left. */
  constructor(clock: Clock, counters: IpCounters, receive: (packet: Packet) => void) {
    this.clock = clock;
    this.counters = counters;
    this.receive = receive;
  }

  /** Copies `packet`, which frames a whole datagram that leaves by `from`. */
  add(packet: Packet, from: Interface): void {
    const copy = packetPool.allocate(packet.length);
    if (this.bytes + copy.capacity > MAX_BYTES) {
      this.counters.ownCopiesFull++;
      copy.release();
      return;
    }
    copyBytes(packet.slab.bytes, packet.offset, copy.slab.bytes, copy.offset, packet.length);
    copy.length = packet.length;
    copy.interfaceIndex = from.index;
    copy.flags = FLAG_BROADCAST | FLAG_CHECKSUM_TRUSTED;
    if (this.last === undefined) this.first = copy;
    else this.last.next = copy;
    this.last = copy;
    this.bytes += copy.capacity;
    this.clock.post(this.delivery);
  }

  /** Releases what has not been handed over. */
  close(): void {
    let packet = this.first;
    this.forget();
    while (packet !== undefined) {
      const { next }: Packet = packet;
      packet.release();
      packet = next;
    }
  }

  /** Empties the queue as it stands now; what its packets cause to be sent waits for the next task. */
  private deliver(): void {
    let packet = this.first;
    this.forget();
    while (packet !== undefined) {
      const { next }: Packet = packet;
      packet.next = undefined;
      this.receive(packet);
      packet = next;
    }
  }

  private forget(): void {
    this.first = undefined;
    this.last = undefined;
    this.bytes = 0;
  }
}
