/** A socket as a pair of web streams (WHATWG Streams), for code that is written against them. */
import { SHUT_RD, SHUT_WR } from "./constants.ts";
import { SocketError } from "./error.ts";

/** What is asked of the socket. */
interface StreamSocket {
  chunks(): AsyncGenerator<Uint8Array, void, undefined>;
  sendall(data: Uint8Array | string): Promise<void>;
  shutdown(how: number): void;
  close(): Promise<void>;
}

/** What `socket` receives. Nothing is received ahead of its reader. */
export function readableOf(socket: StreamSocket): ReadableStream<Uint8Array> {
  const chunks = socket.chunks();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel() {
        shutdown(socket, SHUT_RD);
      },
    },
    { highWaterMark: 0 },
  );
}

/** What the types for Node 20 do not know of a WritableStreamDefaultController. */
interface Abortable {
  readonly signal: AbortSignal;
}

/** Sends what is written; a write is done when the socket has taken it. */
export function writableOf(socket: StreamSocket): WritableStream<Uint8Array | string> {
  let closing: Promise<void> | undefined;
  return new WritableStream<Uint8Array | string>({
    start(controller) {
      const { signal } = controller as unknown as Abortable;
      // abort() below is called when the write under way has ended: closing the socket is what ends it
      signal.addEventListener("abort", () => {
        closing = socket.close();
      });
    },
    async write(chunk) {
      await socket.sendall(chunk);
    },
    close() {
      shutdown(socket, SHUT_WR);
    },
    abort() {
      return closing;
    },
  });
}

/** The other side may have ended the connection before: then there is nothing left to shut down. */
function shutdown(socket: StreamSocket, how: number): void {
  try {
    socket.shutdown(how);
  } catch (error) {
    if (!(error instanceof SocketError && (error.code === "ENOTCONN" || error.code === "EBADF"))) throw error;
  }
}
