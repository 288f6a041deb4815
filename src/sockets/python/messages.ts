/** `sendmsg` and `recvmsg`: many buffers at once, and control messages beside them, in Python's form of triples. */
import { EMSGSIZE } from "../../base/errno.ts";
import type { ControlData, ControlMessage } from "../control-data.ts";
import { SocketError } from "../error.ts";
import { checkBuffer, checkRange, show, toBytes } from "../misuse.ts";
import { gather, MOST_PIECES } from "../pieces.ts";

/** A control message: level, type, and its data as the type has it, a number, an object or an array of descriptors. */
export type Ancillary = [level: number, type: number, data: ControlData];

/** The bytes of all `buffers`, one after the other. */
export function gatherBuffers(buffers: unknown): Uint8Array {
  const parts = [...iterable("sendmsg", "Uint8Arrays or strings", buffers)].map((part) =>
    toBytes("sendmsg", part),
  );
  if (parts.length > MOST_PIECES) throw new SocketError(EMSGSIZE, "sendmsg");
  return gather(parts);
}

/** The buffers that `recvmsg_into` is to fill. */
export function checkBuffers(buffers: unknown): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (const buffer of iterable("recvmsg_into", "Uint8Arrays", buffers)) {
    checkBuffer("recvmsg_into", buffer);
    all.push(buffer);
  }
  if (all.length > MOST_PIECES) throw new SocketError(EMSGSIZE, "recvmsg_into");
  return all;
}

/** Python's rule: a size of 0 is the whole buffer. */
export function sizeFor(call: string, buffer: Uint8Array, size: number): number {
  checkBuffer(call, buffer);
  checkRange(call, "size", size, 0, buffer.length);
  return size === 0 ? buffer.length : size;
}

/** Control messages as the layer below takes them. */
export function parseAncillary(ancdata: unknown): ControlMessage[] {
  return [...iterable("sendmsg", "[level, type, data]", ancdata, "ancdata")].map((item) => {
    if (Array.isArray(item) && item.length === 3) {
      const [level, type, data] = item as Ancillary;
      return { level, type, data };
    }
    throw new TypeError(
      `sendmsg: ancdata is an array of [level, type, data], of which ${show(item)} is none`,
    );
  });
}

/** Control messages as Python shows them. */
export function showAncillary(messages: readonly ControlMessage[]): Ancillary[] {
  return messages.map(({ level, type, data }) => [level, type, data]);
}

/** An iterable, but no string and no buffer: those are single things, which users forget to put into an array. */
function iterable(call: string, items: string, value: unknown, what = "buffers"): Iterable<unknown> {
  const isIterable = typeof value === "object" && value !== null && Symbol.iterator in value;
  if (isIterable && !ArrayBuffer.isView(value)) return value as Iterable<unknown>;
  throw new TypeError(`${call}: ${what} is an array of ${items}, not ${show(value)}`);
}
