/** A TAP device as a port: the kernel of this machine is a station on the same Ethernet. */
import type { FramePort, FrameReceiver } from "../../link/frame-port.ts";
import type { LinkFeatures } from "../../link/link.ts";
import type { Packet } from "../../packet/packet.ts";
import type { TunCounters } from "../tun/counters.ts";
import type { TunError } from "../tun/errors.ts";
import type { TunLink } from "../tun/tun-link.ts";

export class TapPort implements FramePort {
  /** Our station's; the kernel's has another. */
  readonly hardwareAddress: Uint8Array;
  readonly shortestFrame = 0;
  private readonly device: TunLink;

  /** Owns `device`, which carries frames. */
  constructor(device: TunLink, hardwareAddress: Uint8Array) {
    this.device = device;
    this.hardwareAddress = hardwareAddress;
  }

  /** What the kernel calls the device: "nw0". */
  get name(): string {
    return this.device.name;
  }

  /** The largest datagram in a frame, bytes. */
  get mtu(): number {
    return this.device.mtu;
  }

  /** The kernel's own address there, "10.9.0.1/24", when it was opened; undefined: it had none. */
  get kernelAddress(): string | undefined {
    return this.device.kernelAddress;
  }

  /** Whether the interface was up then. */
  get wasUp(): boolean {
    return this.device.wasUp;
  }

  get features(): LinkFeatures {
    return this.device.features;
  }

  get counters(): TunCounters {
    return this.device.counters;
  }

  /** Why it ended by itself, such as that the device was deleted; undefined while it works, and after `close`. */
  get failure(): TunError | undefined {
    return this.device.failure;
  }

  /** Whether the descriptor is closed, by {@link close} or since the device failed. */
  get closed(): boolean {
    return this.device.closed;
  }

  send(frame: Packet): void {
    this.device.send(frame, 0);
  }

  attach(receiver: FrameReceiver | undefined): void {
    this.device.attach(receiver);
  }

  /** Lets the process stay for this port alone, as it does at first, or end. */
  keepProcess(keeps: boolean): void {
    this.device.keepProcess(keeps);
  }

  /** Closes the descriptor at once, and with it goes the device, unless it is persistent. */
  close(): void {
    this.device.close();
  }
}
