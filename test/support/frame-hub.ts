import type { Clock } from "../../src/base/clock.ts";
import { Task } from "../../src/base/task.ts";
import type { FramePort, FrameReceiver } from "../../src/link/frame-port.ts";
import type { Packet } from "../../src/packet/packet.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { toHex } from "./wire.ts";

/** A cable that all its ports hear, and that the test may cut, listen to and speak on. */
export class FrameHub {
  /** Copies of the frames that were sent, oldest first, also of those lost. */
  readonly sent: Uint8Array[] = [];
  /** When each was sent, microseconds. */
  readonly sentAt: number[] = [];
  /** Says which frames get lost. */
  lose: (frame: Uint8Array) => boolean = () => false;
  readonly clock: Clock;
  private readonly ports: HubPort[] = [];

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** A port whose station is 02:00:00:00:00:`last`. */
  port(last: number): FramePort {
    const port = new HubPort(this, Uint8Array.of(2, 0, 0, 0, 0, last));
    this.ports.push(port);
    return port;
  }

  /** Has every port but `from` receive `bytes`. */
  carry(bytes: Uint8Array, from?: FramePort): void {
    this.sent.push(bytes);
    this.sentAt.push(this.clock.now);
    if (this.lose(bytes)) return;
    for (const port of this.ports) if (port !== from) port.arrive(bytes);
  }

  /** What was sent since the last call. */
  take(): Uint8Array[] {
    this.sentAt.length = 0;
    return this.sent.splice(0);
  }
}

class HubPort implements FramePort {
  readonly hardwareAddress: Uint8Array;
  private readonly hub: FrameHub;
  private receiver: FrameReceiver | undefined = undefined;
  private waiting: Packet[] = [];
  private readonly delivery = new Task(() => this.deliver());

  constructor(hub: FrameHub, hardwareAddress: Uint8Array) {
    this.hub = hub;
    this.hardwareAddress = hardwareAddress;
  }

  send(frame: Packet): void {
    const bytes = frame.bytes().slice();
    frame.release();
    this.hub.carry(bytes, this);
  }

  attach(receiver: FrameReceiver | undefined): void {
    this.receiver = receiver;
  }

  close(): void {
    this.receiver = undefined;
    this.deliver();
  }

  arrive(bytes: Uint8Array): void {
    this.waiting.push(packetPool.from(bytes));
    this.hub.clock.post(this.delivery);
  }

  private deliver(): void {
    for (const packet of this.waiting.splice(0)) {
      if (this.receiver === undefined) packet.release();
      else this.receiver.input(packet);
    }
  }
}

/** What a test reads of a frame: its own decoder, which shares nothing with the stack's. Addresses as hexadecimal digits. */
export interface Seen {
  to: string;
  from: string;
  type: number;
  /** Of ARP: 1 or 2, and who says what to whom. */
  arp?: { operation: number; hardware: string; sender: string; wanted: string; target: string };
  payload: Uint8Array;
}

export function see(frame: Uint8Array): Seen {
  const payload = frame.slice(14);
  const type = ((frame[12] as number) << 8) | (frame[13] as number);
  const seen: Seen = { to: toHex(frame.slice(0, 6)), from: toHex(frame.slice(6, 12)), type, payload };
  if (type === 0x0806) {
    seen.arp = {
      operation: payload[7] as number,
      hardware: toHex(payload.slice(8, 14)),
      sender: payload.slice(14, 18).join("."),
      wanted: toHex(payload.slice(18, 24)),
      target: payload.slice(24, 28).join("."),
    };
  }
  return seen;
}

/** An ARP message in a frame of 60 bytes; addresses by the last byte: hardware 02:00:00:00:00:xx, IPv4 10.0.0.x, 0 for 0.0.0.0. */
export function arpFrame(
  operation: number,
  hardware: number,
  sender: number,
  target: number,
  to?: number,
): Uint8Array {
  const frame = new Uint8Array(60);
  frame.set(to === undefined ? [255, 255, 255, 255, 255, 255] : [2, 0, 0, 0, 0, to], 0);
  frame.set([2, 0, 0, 0, 0, hardware, 8, 6, 0, 1, 8, 0, 6, 4, 0, operation], 6);
  frame.set([2, 0, 0, 0, 0, hardware], 22);
  if (sender !== 0) frame.set([10, 0, 0, sender], 28);
  if (to !== undefined) frame.set([2, 0, 0, 0, 0, to], 32);
  frame.set([10, 0, 0, target], 38);
  return frame;
}
