/**
 * The event loop itself as waker: libuv's handle for pipes, put on the TUN descriptor. It reads one packet a wake.
 *
 * Node shows that handle to nobody, so this is the one file that uses what is not documented: `_handle` of a socket and its
 * constructor. Where that has changed this throws, and select-waker.ts does the same by public means.
 */
import { Socket } from "node:net";
import type { MakeWaker } from "./waker.ts";

interface PipeHandle {
  /** 0 or undefined, or an error number; or it throws. */
  open(file: number): number | undefined;
  close(): void;
}

type MakePipe = new (kind: number) => PipeHandle;

/** Pipe.constants.SOCKET */
const SOCKET = 0;

export const pipeWaker: MakeWaker = (file, memory, events) => {
  const handle = new (findPipe())(SOCKET);
  const result = handle.open(file);
  if (result !== undefined && result !== 0) throw new Error(`a pipe on descriptor ${file}: error ${result}`);
  const options = {
    handle,
    onread: {
      buffer: memory,
      callback: (length: number) => {
        try {
          if (!socket.destroyed) events.woken(length);
        } catch (error) {
          // not from here: the handle would go on to read where this packet is
          queueMicrotask(() => {
            throw error;
          });
        }
        return true;
      },
    },
  };
  const socket = new Socket(options as ConstructorParameters<typeof Socket>[0]);
  const fail = (error?: unknown) => {
    if (closed) return;
    closed = true;
    events.failed(error);
  };
  let closed = false;
  socket.on("error", fail);
  socket.on("end", fail);
  return {
    keepProcess(keeps) {
      if (keeps) socket.ref();
      else socket.unref();
    },
    close() {
      closed = true;
      socket.destroy(); // closes the descriptor before it returns
    },
  };
};

/** The class of pipe handles, which a socket gets when it is to connect to a path; to one that cannot be. */
function findPipe(): MakePipe {
  const socket = new Socket();
  socket.on("error", () => {});
  socket.connect("/dev/null/nothing");
  const handle: unknown = Reflect.get(socket, "_handle");
  socket.destroy();
  const found: unknown = (handle as object | null | undefined)?.constructor;
  if (typeof found !== "function" || typeof found.prototype?.open !== "function") {
    throw new Error("this version of Node has no pipe handle where others have it");
  }
  return found as MakePipe;
}
