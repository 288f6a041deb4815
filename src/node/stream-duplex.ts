/**
 * A connection of the stack as a Node stream: what Node's own libraries, `http` first, take for a socket.
 *
 * Back-pressure goes both ways: nothing is received that nobody wants to read, and a write is done when TCP's send buffer has
 * taken all of it. Every call below returns at once, so there is no promise on the way of the data.
 */
import { Duplex } from "node:stream";
import { EAGAIN, ENOTCONN } from "../base/errno.ts";
import { POLLERR } from "../base/readiness.ts";
import { formatAddress } from "../ip/address.ts";
import { MSG_MORE, SHUT_WR } from "../sockets/constants.ts";
import { SocketError } from "../sockets/error.ts";
import type { StreamCore } from "../sockets/stream.ts";

/** The most that one chunk holds, bytes. */
const LARGEST_CHUNK = 262_144;
/** To ask with what there is when nothing can be read: the end, an error, or nothing yet. */
const ONE_BYTE = new Uint8Array(1);

export interface StreamDuplexOptions {
  /** Whether it stays writable when the peer has finished, instead of finishing too. Default false, as in node:net. */
  readonly allowHalfOpen?: boolean;
  /**
   * Whether the end and errors wait while a reader has paused it, for `resume`. Without that http, which pauses its connection
   * while nobody takes the body of a message, throws away what of a broken one has not been taken. Default false.
   */
  readonly endsBehindData?: boolean;
}

type Callback = (error?: Error | null) => void;

/** A connected `StreamCore`, which it owns from then on. */
export class StreamDuplex extends Duplex {
  bytesRead = 0;
  /** What TCP has taken. */
  bytesWritten = 0;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly remoteFamily = "IPv4";
  /** Milliseconds without traffic until "timeout" is emitted; 0: never. */
  timeout = 0;
  private readonly core: StreamCore;
  private readonly endsBehindData: boolean;
  /** Somebody wants to read, and there was nothing. */
  private wantsData = false;
  /** What of a write TCP has not taken yet, and whom to tell when it has. */
  private rest: readonly Uint8Array[] = [];
  private restAt = 0;
  private restDone: Callback | undefined = undefined;
  private idle: NodeJS.Timeout | undefined = undefined;

  constructor(core: StreamCore, options: StreamDuplexOptions = {}) {
    const { allowHalfOpen = false, endsBehindData = false } = options;
    // http gives the body of a message the same mark: one piece fills it, and pauses this
    super({ allowHalfOpen, emitClose: true, ...(endsBehindData ? { readableHighWaterMark: 1 } : {}) });
    this.endsBehindData = endsBehindData;
    this.core = core;
    this.localAddress = formatAddress(core.localAddress);
    this.localPort = core.localPort;
    this.remoteAddress = formatAddress(core.remoteAddress);
    this.remotePort = core.remotePort;
    core.onReadiness = (mask) => this.changed(mask);
  }

  private changed(mask: number): void {
    if (this.restDone !== undefined) this.sendRest();
    if (this.wantsData) this.receive();
    // an error that no call of ours has met: nobody reads or writes now
    if ((mask & POLLERR) === 0 || this.destroyed || this.core.readable > 0) return;
    const error = this.core.takeError();
    if (error !== 0) this.readingEnds(error);
  }

  override _read(): void {
    this.wantsData = true;
    this.receive();
  }

  private receive(): void {
    const { core } = this;
    while (this.wantsData && !this.destroyed) {
      const size = Math.min(core.readable, LARGEST_CHUNK);
      const chunk = size === 0 ? ONE_BYTE : Buffer.allocUnsafe(size);
      const count = core.receive(chunk, 0, chunk.length);
      if (count === -EAGAIN) return;
      this.active();
      if (count <= 0) {
        this.wantsData = false;
        this.readingEnds(count);
        return;
      }
      this.bytesRead += count;
      this.wantsData = this.push(count === size ? chunk : Buffer.from(chunk.subarray(0, count)));
    }
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: Callback): void {
    this.send([chunk], done);
  }

  override _writev(chunks: { chunk: Uint8Array }[], done: Callback): void {
    // an empty one behind the others, as http ends its messages with, is not the more that they would wait for
    const filled = chunks.filter(({ chunk }) => chunk.length > 0);
    this.send(
      filled.map(({ chunk }) => chunk),
      done,
    );
  }

  private send(chunks: readonly Uint8Array[], done: Callback): void {
    this.rest = chunks;
    this.restAt = 0;
    this.restDone = done;
    this.sendRest();
  }

  /** Sends as much of the rest as there is room for. */
  private sendRest(): void {
    const { core, rest } = this;
    for (let index = 0; index < rest.length; index++) {
      const chunk = rest[index]!;
      const more = index < rest.length - 1 ? MSG_MORE : 0;
      const left = chunk.length - this.restAt;
      if (left === 0) continue;
      const sent = core.send(chunk, this.restAt, left, more);
      if (sent > 0) this.took(sent);
      if (sent < left) {
        this.restAt += Math.max(sent, 0);
        this.rest = index === 0 ? rest : rest.slice(index);
        if (sent < 0 && sent !== -EAGAIN) this.wrote(new SocketError(sent, "write", ...this.peer));
        return;
      }
      this.restAt = 0;
    }
    this.wrote();
  }

  private took(count: number): void {
    this.bytesWritten += count;
    this.active();
  }

  private wrote(error?: Error): void {
    const done = this.restDone;
    this.rest = [];
    this.restAt = 0;
    this.restDone = undefined;
    done?.(error);
  }

  override _final(done: Callback): void {
    const result = this.core.shutdown(SHUT_WR);
    done(result < 0 && result !== -ENOTCONN ? new SocketError(result, "shutdown", ...this.peer) : null);
  }

  /** What has been written is still delivered; the peer is reset if there is something that was not read. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.idle);
    this.core.close();
    this.wrote(error ?? new SocketError(ENOTCONN, "write", ...this.peer));
    done(error);
  }

  /** Ends the connection with RST: what has been written and not delivered is lost. */
  resetAndDestroy(): this {
    this.core.settings.abortOnClose = true;
    return this.destroy();
  }

  /** Destroys it when all that was written has been taken. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  /** There is no more to read: by the peer's FIN if `errno` is 0. */
  private readingEnds(errno: number): void {
    const again = () => process.nextTick(() => this.readingEnds(errno)); // what waits here flows first
    if (this.endsBehindData && this.isPaused()) {
      this.once("resume", again);
    } else if (this.endsBehindData && this.readableFlowing === true && this.readableLength > 0) {
      again();
    } else if (errno === 0) {
      this.push(null);
    } else {
      this.destroy(new SocketError(errno, "read", ...this.peer));
    }
  }

  private get peer(): [string, number] {
    return [this.remoteAddress, this.remotePort];
  }

  /** As in node:net: emits "timeout" when nothing has been sent or received for `millis`; 0 never. It ends nothing. */
  setTimeout(millis: number, listener?: () => void): this {
    clearTimeout(this.idle);
    this.idle = undefined;
    this.timeout = millis;
    if (millis === 0) {
      if (listener !== undefined) this.off("timeout", listener);
      return this;
    }
    if (listener !== undefined) this.once("timeout", listener);
    if (!this.destroyed) this.idle = setTimeout(() => this.emit("timeout"), millis).unref();
    return this;
  }

  private active(): void {
    this.idle?.refresh();
  }

  setNoDelay(noDelay = true): this {
    this.core.settings.noDelay = noDelay;
    this.core.settingsChanged();
    return this;
  }

  setKeepAlive(enable = false, initialDelayMillis = 0): this {
    const { common, settings } = this.core;
    settings.keepAlive = common.keepAlive = enable;
    if (initialDelayMillis > 0) settings.keepIdleMicros = initialDelayMillis * 1000;
    this.core.settingsChanged();
    return this;
  }

  address(): { address: string; family: string; port: number } {
    return { address: this.localAddress, family: "IPv4", port: this.localPort };
  }

  /** Connections keep no process; the link and the host's clock do. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
