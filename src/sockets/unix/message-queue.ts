/** What has been sent to a socket of AF_UNIX and waits to be read. */
import { copyBytes } from "../../base/copy.ts";
import type { Description } from "../descriptors.ts";
import type { Credentials } from "../message.ts";
import type { UnixCore } from "./core.ts";

/** One record, or one piece of a stream. */
export class UnixMessage {
  /** A copy of what was sent. */
  readonly bytes: Uint8Array;
  /** How many of them have been read already. */
  consumed = 0;
  readonly sender: UnixCore;
  /** What it takes of the sender's SO_SNDBUF, until it has been read. */
  readonly memory: number;
  /** Who sent it; undefined when neither side had asked (SO_PASSCRED) or said (SCM_CREDENTIALS). */
  readonly credentials: Credentials | undefined;
  /** SCM_RIGHTS: it owns a reference to each. */
  rights: Description[] | undefined;
  next: UnixMessage | undefined = undefined;

  constructor(
    sender: UnixCore,
    data: Uint8Array,
    offset: number,
    length: number,
    memory: number,
    credentials: Credentials | undefined,
    rights: Description[] | undefined,
  ) {
    this.sender = sender;
    this.bytes = data.slice(offset, offset + length);
    this.memory = memory;
    this.credentials = credentials;
    this.rights = rights;
  }

  get left(): number {
    return this.bytes.length - this.consumed;
  }

  /** Copies the first bytes that have not been read. */
  copyTo(into: Uint8Array, offset: number, length: number): void {
    copyBytes(this.bytes, this.consumed, into, offset, length);
  }
}

/** First in, first out. */
export class MessageQueue {
  first: UnixMessage | undefined = undefined;
  private last: UnixMessage | undefined = undefined;
  /** Messages in it. */
  count = 0;

  push(message: UnixMessage): void {
    if (this.last === undefined) this.first = message;
    else this.last.next = message;
    this.last = message;
    this.count++;
  }

  /** Takes the first away; there must be one. */
  shift(): void {
    const first = this.first as UnixMessage;
    this.first = first.next;
    if (this.first === undefined) this.last = undefined;
    first.next = undefined;
    this.count--;
  }

  /** Bytes that have not been read. */
  get bytes(): number {
    let bytes = 0;
    for (let message = this.first; message !== undefined; message = message.next) bytes += message.left;
    return bytes;
  }
}
