/** What a capture writes to, bit by bit: a file, or somebody who watches. */
import type { CaptureDirection } from "../../trace/pcapng-blocks.ts";
import { type CaptureInterface, PcapngStream } from "../../trace/pcapng-stream.ts";

/** Bytes of each of the two buffers: what may come while the last is written. */
const CAPACITY = 4 << 20;

/** Writes `bytes`, which stay as they are until `done` is called. */
export type WriteBytes = (bytes: Uint8Array, done: (error?: Error | null) => void) => void;

export class CaptureOutput {
  readonly stream: PcapngStream;
  private readonly write: WriteBytes;
  private readonly delayMillis: number;
  /** With so many bytes gathered it waits no longer. */
  private readonly hurryAt: number;
  private readonly onError: (error: Error) => void;
  /** Something is being written. */
  private underWay = false;
  private timer: NodeJS.Timeout | undefined = undefined;
  private stopped = false;
  private whenWritten: (() => void) | undefined = undefined;

  /**
   * `delayMillis`: for how long packets are gathered before they are written; `snapLength`: the most bytes kept of one, 0 for all.
   * `onError` hears of the first error, and it stops.
   */
  constructor(write: WriteBytes, delayMillis: number, onError: (error: Error) => void, snapLength = 0) {
    this.stream = new PcapngStream(CAPACITY, snapLength);
    this.write = write;
    this.delayMillis = delayMillis;
    this.hurryAt = CAPACITY / 8;
    this.onError = onError;
    this.schedule();
  }

  /** As `PcapngStream.add`. */
  add(
    by: CaptureInterface,
    direction: CaptureDirection,
    time: number,
    data: Uint8Array,
    at: number,
    length: number,
  ): number {
    if (this.stopped) return -1;
    if (this.stream.length > this.hurryAt && !this.underWay) this.flush();
    const start = this.stream.add(by, direction, time, data, at, length);
    this.schedule(); // not at once: the caller may have a field to correct
    return start;
  }

  private schedule(): void {
    if (this.timer !== undefined || this.underWay) return;
    this.timer = setTimeout(() => this.flush(), this.delayMillis).unref();
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.stopped || this.underWay || this.stream.length === 0) return;
    this.underWay = true;
    this.write(this.stream.take(), (error) => this.written(error));
  }

  private written(error: Error | null | undefined): void {
    this.underWay = false;
    if (this.stopped) {
      this.whenWritten?.();
    } else if (error) {
      this.stop();
      this.onError(error);
    } else if (this.stream.length > this.hurryAt) {
      this.flush();
    } else if (this.stream.length > 0) {
      this.schedule();
    }
  }

  /** Takes and writes nothing more. `then`: called when nothing is under way any more, at once or later. */
  stop(then?: () => void): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.underWay) then?.();
    else this.whenWritten = then;
  }
}
