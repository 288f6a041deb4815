import type { Clock } from "../base/clock.ts";
import { Task } from "../base/task.ts";
import type { Packet } from "../packet/packet.ts";
import { HARDWARE_ADDRESS_LENGTH } from "./hardware-address.ts";
import type { Link, LinkFeatures, LinkReceiver } from "./link.ts";

/** ARPHRD_LOOPBACK: to packet sockets its datagrams look like Ethernet frames between addresses of zeros, as in Linux. */
export const HARDWARE_TYPE_LOOPBACK = 772;

/** Linux's lo has 65536, which does not fit a datagram's Total Length. */
const DEFAULT_MTU = 65_535;
const DEFAULT_QUEUE_BYTES = 64 * 1024 * 1024;

export interface LoopbackOptions {
  /** The largest datagram, bytes. Default 65535. */
  mtu?: number;
  /** Trust the medium: no transport checksums are made or verified. Default true. */
  checksum?: boolean;
  /** What may wait, bytes of packet buffers; more is dropped. Default 64 MiB: a bound for senders that nothing else bounds. */
  queueBytes?: number;
}

/** `lo`: hands what is sent to its own receiver, in a task of the same instant. */
export class Loopback implements Link {
  readonly mtu: number;
  readonly features: LinkFeatures;
  readonly hardwareType = HARDWARE_TYPE_LOOPBACK;
  /** All zero. */
  readonly hardwareAddress = new Uint8Array(HARDWARE_ADDRESS_LENGTH);
  /** Packets dropped since the queue was full. */
  dropped = 0;
  private readonly clock: Clock;
  private readonly queueBytes: number;
  private receiver: LinkReceiver | undefined = undefined;
  private head: Packet | undefined = undefined;
  private tail: Packet | undefined = undefined;
  private queued = 0;
  private readonly delivery = new Task(() => this.deliver());

  constructor(clock: Clock, options: LoopbackOptions = {}) {
    this.clock = clock;
    this.mtu = options.mtu ?? DEFAULT_MTU;
    this.features = { checksum: options.checksum ?? true, segmentation: false };
    this.queueBytes = options.queueBytes ?? DEFAULT_QUEUE_BYTES;
  }

  send(packet: Packet, _nextHop: number): void {
    if (this.queued + packet.capacity > this.queueBytes) {
      this.dropped++;
      packet.release();
      return;
    }
    this.queued += packet.capacity;
    packet.next = undefined;
    if (this.tail === undefined) this.head = packet;
    else this.tail.next = packet;
    this.tail = packet;
    this.clock.post(this.delivery);
  }

  attach(receiver: LinkReceiver | undefined): void {
    this.receiver = receiver;
  }

  close(): void {
    this.receiver = undefined;
    this.deliver();
  }

  /** Empties the queue as it stands now; what its packets cause to be sent waits for the next task. */
  private deliver(): void {
    let packet = this.head;
    this.head = undefined;
    this.tail = undefined;
    this.queued = 0;
    while (packet !== undefined) {
      const { next }: Packet = packet;
      packet.next = undefined;
      if (this.receiver === undefined) packet.release();
      else this.receiver.input(packet);
      packet = next;
    }
  }
}
