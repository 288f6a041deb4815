/** A capture file that grows while packets come, and is whole whenever the process ends. */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, write, writeSync } from "node:fs";
import { Failure, fileError } from "../arguments.ts";
import { CaptureOutput } from "./capture-output.ts";
import { realMicros } from "./real-micros.ts";

/** How long a packet may wait before it is in the file, milliseconds. */
const DELAY_MILLIS = 100;

export class CaptureFile {
  readonly output: CaptureOutput;
  private readonly path: string;
  private readonly file: number;
  /** Only there is a place in the file: a pipe has none, and takes one byte after the other. */
  private readonly isRegular: boolean;
  /** Where in the file the next bytes go. */
  private at = 0;
  private closed = false;
  private readonly report: (message: string) => void;
  private readonly onExit = () => this.close();

  /**
   * Begins the capture in what {@link openCapture} opened. `report` hears why nothing more is written. Throws a Failure.
   */
  constructor(path: string, file: number, report: (message: string) => void) {
    this.path = path;
    this.report = report;
    this.file = file;
    this.isRegular = fstatSync(file).isFile();
    this.output = new CaptureOutput(
      (bytes, done) => this.write(bytes, done),
      DELAY_MILLIS,
      (error) => {
        this.release();
        report(`the capture has ended: ${cannotWrite(path, error)}`);
      },
    );
    if (this.isRegular) {
      try {
        ftruncateSync(file);
        this.writeNow(this.output.stream.take());
      } catch (error) {
        throw new Failure(cannotWrite(path, error));
      }
    }
    process.on("exit", this.onExit);
  }

  private write(bytes: Uint8Array, done: (error?: Error | null) => void, from = 0): void {
    const place = this.isRegular ? this.at + from : null;
    write(this.file, bytes, from, bytes.length - from, place, (error, count) => {
      if (error !== null || from + count === bytes.length) {
        if (error === null) this.at += bytes.length;
        else if (this.isRegular && !this.closed) ftruncateSync(this.file, this.at); // no half blocks
        done(error);
      } else {
        this.write(bytes, done, from + count);
      }
    });
  }

  private writeNow(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; ) {
      const place = this.isRegular ? this.at : null;
      const count = writeSync(this.file, bytes, from, bytes.length - from, place);
      from += count;
      this.at += count;
    }
  }

  /** Writes the rest. A regular file is whole when this returns; a pipe when its reader has read. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    const { output } = this;
    const { underWay } = output;
    output.stream.finish(realMicros());
    if (this.isRegular) {
      try {
        // what is under way is written once more, to the same place: that may not have happened yet
        if (underWay !== undefined) this.writeNow(underWay);
        this.writeNow(output.stream.take());
      } catch (error) {
        this.report(`the capture is not complete: ${cannotWrite(this.path, error)}`);
      }
      output.stop(() => this.release());
    } else {
      output.stop(() => {
        const rest = output.stream.take();
        this.write(rest, () => this.release());
      });
    }
  }

  private release(): void {
    this.closed = true;
    process.off("exit", this.onExit);
    closeSync(this.file);
  }
}

/** Opens `path` for a capture and leaves it as it is until one begins. Throws a Failure. */
export function openCapture(path: string): number {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o666);
  } catch (error) {
    throw new Failure(cannotWrite(path, error));
  }
}

function cannotWrite(path: string, error: unknown): string {
  return `cannot write ${path}: ${fileError(error)}`;
}
