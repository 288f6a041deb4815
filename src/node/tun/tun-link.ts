/** A TUN device as a link: the kernel of this machine is the neighbour. */
import type { Link, LinkFeatures } from "../../link/link.ts";
import type { Packet } from "../../packet/packet.ts";
import type { DeviceState } from "./configure.ts";
import { TunCounters } from "./counters.ts";
import type { TunDevice } from "./device.ts";
import { DEVICE_DELETED, errnoOf, TunError, transferError } from "./errors.ts";
import { TunReader, type TunReceiver } from "./reader.ts";
import type { MakeWaker, Waker } from "./waker.ts";
import { TunWriter } from "./writer.ts";

/** Hears what goes wrong on an open link. */
export type OnTunError = (error: TunError) => void;

export class TunLink implements Link {
  /** What the kernel calls the device: "nw0". */
  readonly name: string;
  readonly mtu: number;
  /** The kernel's own address there, "10.9.0.1/24", when it was opened; undefined: it had none. */
  readonly kernelAddress: string | undefined;
  /** Whether the interface was up then. */
  readonly wasUp: boolean;
  readonly features: LinkFeatures;
  readonly counters = new TunCounters();
  /** Why it ended by itself, such as that the device was deleted; undefined while it works, and after `close`. */
  failure: TunError | undefined = undefined;
  private readonly reader: TunReader;
  private readonly writer: TunWriter;
  private readonly waker: Waker;
  private readonly onError: OnTunError;
  private isClosed = false;

  /** Owns `device.file` from then on. Throws where `makeWaker` does, leaving it open. */
  constructor(
    device: TunDevice,
    { mtu, address, isUp }: DeviceState,
    makeWaker: MakeWaker,
    onError: OnTunError = () => {},
  ) {
    const { file, name, headerLength, segmentation } = device;
    this.name = name;
    this.mtu = mtu;
    this.kernelAddress = address;
    this.wasUp = isUp;
    const hasHeader = headerLength > 0;
    this.features = { checksum: hasHeader, marksTrusted: hasHeader, segmentation };
    this.onError = onError;
    const failed = (error: unknown) => this.fail(error, "read");
    this.reader = new TunReader(device, this.counters, failed);
    this.writer = new TunWriter(device, this.counters, (error) => this.notWritten(error));
    try {
      this.waker = makeWaker(file, this.reader.memory, { woken: this.reader.wake, failed });
    } catch (error) {
      this.reader.close();
      throw error;
    }
  }

  /** Whether the descriptor is closed, by {@link close} or since the link failed. */
  get closed(): boolean {
    return this.isClosed;
  }

  send(packet: Packet, _nextHop: number): void {
    if (!this.isClosed) {
      this.writer.write(packet);
      return;
    }
    this.counters.notSent++;
    packet.release();
  }

  attach(receiver: TunReceiver | undefined): void {
    this.reader.receiver = receiver;
  }

  /** Lets the process stay for this link alone, as it does at first, or end. */
  keepProcess(keeps: boolean): void {
    if (!this.isClosed) this.waker.keepProcess(keeps);
  }

  /** Closes the descriptor at once, and with it goes the device, unless it is persistent. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.waker.close();
    this.reader.close();
  }

  /** A link never calls back from inside `send`, so who listens is told a little later. */
  private notWritten(error: unknown): void {
    if (errnoOf(error) === DEVICE_DELETED) this.fail(error, "write");
    else queueMicrotask(() => this.onError(transferError(errnoOf(error), "write", this.name)));
  }

  private fail(error: unknown, syscall: "read" | "write"): void {
    if (this.isClosed) return;
    const errno = errnoOf(error);
    const failure =
      errno === 0 && error instanceof Error
        ? new TunError(0, syscall, `${this.name}: ${error.message}`, "close the link and open a new one")
        : transferError(errno, syscall, this.name);
    this.failure = failure;
    this.close();
    queueMicrotask(() => this.onError(failure));
  }
}
