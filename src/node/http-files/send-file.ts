/** Sends a part of a file as the body of a response. */
import type { FileHandle } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import type { Part } from "./conditions.ts";

/** Read and written at once, bytes. It is all that a download holds beside TCP's buffer, however slow the client is. */
const PIECE = 262_144;

/** Resolves when everything was handed to TCP, or when the client has gone. A file that has become shorter breaks the connection. */
export async function sendFile(
  file: FileHandle,
  { start, end }: Part,
  response: ServerResponse,
): Promise<void> {
  const writer = new Writer(response);
  const buffer = Buffer.allocUnsafeSlow(Math.min(end - start, PIECE));
  for (let at = start; at < end; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - at), at);
    if (bytesRead === 0) {
      response.destroy(); // the only way left to say that this is not all
      return;
    }
    at += bytesRead;
    if (!(await writer.write(buffer.subarray(0, bytesRead)))) return;
  }
  response.end();
}

/** Writes one piece after the other: the next one may use the same memory, since a written piece has been copied. */
class Writer {
  private readonly response: ServerResponse;
  private settle: (alive: boolean) => void = () => {};

  constructor(response: ServerResponse) {
    this.response = response;
    response.once("close", () => this.settle(false));
  }

  /** Whether there is still somebody who reads. */
  write(piece: Uint8Array): Promise<boolean> {
    if (this.response.destroyed) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.settle = resolve;
      this.response.write(piece, (error) => resolve(error === undefined || error === null));
    });
  }
}
