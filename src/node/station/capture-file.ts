/** A capture file, or pipe, that grows while packets come and is whole when the process ends. */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, write, writeSync } from "node:fs";
import { Failure, fileError } from "../arguments.ts";
import { CaptureOutput, type WriteBytes } from "./capture-output.ts";
import { realMicros } from "./real-micros.ts";

/** How long a packet may wait before it is in the file, milliseconds. */
const DELAY_MILLIS = 100;

export class CaptureFile {
  readonly output: CaptureOutput;
  private readonly path: string;
  private readonly file: number;
  /**
   * A regular file is written at once: what the page cache takes costs little, a slow disk slows the stack down, and no packet is
   * missing. A pipe waits for its reader, who may be slow: the stack goes on, and packets for which there is no room are counted.
   */
  private readonly isRegular: boolean;
  private closed = false;
  private readonly report: (message: string) => void;
  private readonly onExit = () => this.close();

  /** Begins the capture in what {@link openCapture} opened. `report` hears why nothing more is written. Throws a Failure. */
  constructor(path: string, file: number, report: (message: string) => void) {
    this.path = path;
    this.report = report;
    this.file = file;
    this.isRegular = fstatSync(file).isFile();
    const write: WriteBytes = this.isRegular
      ? (bytes, done) => done(this.writeNow(bytes))
      : (bytes, done) => this.writeSoon(bytes, 0, done);
    this.output = new CaptureOutput(write, DELAY_MILLIS, (error) => {
      this.release();
      report(`the capture has ended: ${cannotWrite(path, error)}`);
    });
    if (this.isRegular) ftruncateSync(file);
    const error = this.writeNow(this.output.stream.take());
    if (error !== undefined) {
      this.output.stop();
      closeSync(file);
      throw new Failure(cannotWrite(path, error));
    }
    process.on("exit", this.onExit);
  }

  /** Returns what went wrong. A file then ends with the last bytes that were written whole: no half blocks. */
  private writeNow(bytes: Uint8Array): Error | undefined {
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.file, bytes, written);
      return undefined;
    } catch (error) {
      if (this.isRegular) ftruncateSync(this.file, fstatSync(this.file).size - written);
      return error as Error;
    }
  }

  private writeSoon(bytes: Uint8Array, from: number, done: (error?: Error | null) => void): void {
    write(this.file, bytes, from, bytes.length - from, null, (error, count) => {
      if (error !== null || from + count === bytes.length) done(error);
      else this.writeSoon(bytes, from + count, done);
    });
  }

  /** Writes the rest. A regular file is whole when this returns; a pipe when its reader has read. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    const { output } = this;
    output.stream.finish(realMicros());
    output.stop(() => {
      const rest = output.stream.take();
      if (!this.isRegular) return this.writeSoon(rest, 0, () => this.release());
      const error = this.writeNow(rest);
      this.release();
      if (error !== undefined) this.report(`the capture is not complete: ${cannotWrite(this.path, error)}`);
    });
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
