/** The end of a wire that carries Ethernet frames: what a station or a switch plugs in. */
import { ETHERNET_HEADER_LENGTH } from "../link/ethernet.ts";
import type { FramePort, FrameReceiver } from "../link/frame-port.ts";
import type { Link } from "../link/link.ts";
import type { Packet } from "../packet/packet.ts";

export class FrameEnd implements FramePort {
  readonly hardwareAddress: Uint8Array;
  private readonly end: Link;

  /** `end` is that of a wire whose packets have an Ethernet header in front. */
  constructor(end: Link, hardwareAddress: Uint8Array) {
    this.end = end;
    this.hardwareAddress = hardwareAddress;
  }

  get mtu(): number {
    return this.end.mtu;
  }

  /** The wire counts, loses and alters what is in the frame; the header goes along. */
  send(frame: Packet): void {
    frame.strip(ETHERNET_HEADER_LENGTH);
    this.end.send(frame, 0);
  }

  attach(receiver: FrameReceiver | undefined): void {
    this.end.attach(receiver);
  }

  close(): void {
    this.end.close();
  }
}
