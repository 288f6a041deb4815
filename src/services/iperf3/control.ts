/** The control connection of iperf3: a cookie first, then states of one byte, and JSON behind its length. */
import type { Host } from "../../host/host.ts";
import { IPPROTO_TCP, TCP_NODELAY } from "../../sockets/constants.ts";
import { SocketError } from "../../sockets/error.ts";
import type { Socket } from "../../sockets/socket.ts";

export const TEST_START = 1;
export const TEST_RUNNING = 2;
export const TEST_END = 4;
export const PARAM_EXCHANGE = 9;
export const CREATE_STREAMS = 10;
export const SERVER_TERMINATE = 11;
export const CLIENT_TERMINATE = 12;
export const EXCHANGE_RESULTS = 13;
export const DISPLAY_RESULTS = 14;
export const IPERF_DONE = 16;
export const ACCESS_DENIED = -1;
export const SERVER_ERROR = -2;

/** What {@link Control.state} says when the peer has closed the connection. */
export const CLOSED = 0;

/** 36 letters and digits, and a 0. */
export const COOKIE_LENGTH = 37;
const COOKIE_LETTERS = "abcdefghijklmnopqrstuvwxyz234567";
const LENGTH_BYTES = 4;
/** More JSON than any measurement has, bytes. */
const LONGEST_JSON = 1 << 20;

/** A measurement went wrong; the message is one line. */
export class Iperf3Error extends Error {
  override readonly name = "Iperf3Error";
}

/** A name for one measurement, by which its streams are known. */
export function makeCookie(host: Host): Uint8Array {
  const cookie = new Uint8Array(COOKIE_LENGTH);
  for (let at = 0; at < COOKIE_LENGTH - 1; at++) {
    cookie[at] = COOKIE_LETTERS.charCodeAt(host.random.below(COOKIE_LETTERS.length));
  }
  return cookie;
}

/** Whether `bytes` can be a cookie: 36 characters that can be printed, and a 0. */
export function isCookie(bytes: Uint8Array): boolean {
  return bytes.every((byte, at) => (at === COOKIE_LENGTH - 1 ? byte === 0 : byte > 0x20 && byte < 0x7f));
}

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

/** Reads exactly `length` bytes; undefined where the peer has closed before. */
export async function readExactly(socket: Socket, length: number): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const count = await socket.recv_into(bytes.subarray(at));
    if (count === 0) return undefined;
    at += count;
  }
  return bytes;
}

export class Control {
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1); // one state may follow the other at once
  }

  async sendState(state: number): Promise<void> {
    await this.socket.sendall(Uint8Array.of(state & 0xff));
  }

  /** The next state; {@link CLOSED} when the peer has closed or broken the connection. */
  async state(): Promise<number> {
    try {
      const bytes = await readExactly(this.socket, 1);
      return bytes === undefined ? CLOSED : (bytes[0]! << 24) >> 24; // a signed char
    } catch (error) {
      if (error instanceof SocketError && error.code === "ECONNRESET") return CLOSED;
      throw error;
    }
  }

  async sendJson(value: object): Promise<void> {
    const text = new TextEncoder().encode(JSON.stringify(value));
    const message = new Uint8Array(LENGTH_BYTES + text.length);
    new DataView(message.buffer).setUint32(0, text.length);
    message.set(text, LENGTH_BYTES);
    await this.socket.sendall(message);
  }

  /** Throws an {@link Iperf3Error} for what is no JSON, or too long. */
  async json(): Promise<unknown> {
    const head = await readExactly(this.socket, LENGTH_BYTES);
    if (head === undefined) throw new Iperf3Error("the peer has closed the control connection");
    const length = new DataView(head.buffer).getUint32(0);
    if (length === 0 || length > LONGEST_JSON)
      throw new Iperf3Error(`the peer announces ${length} bytes of JSON`);
    const text = await readExactly(this.socket, length);
    if (text === undefined) throw new Iperf3Error("the peer has closed the control connection");
    try {
      return JSON.parse(new TextDecoder().decode(text).replace(/\0+$/, ""));
    } catch {
      throw new Iperf3Error("what the peer sent is no JSON");
    }
  }

  /** What follows SERVER_ERROR: iperf3's own number and the system's. */
  async serverError(): Promise<{ number: number; errno: number }> {
    const bytes = await readExactly(this.socket, 8);
    if (bytes === undefined) return { number: 0, errno: 0 };
    const view = new DataView(bytes.buffer);
    return { number: view.getInt32(0), errno: view.getInt32(4) };
  }

  /** Says that it does not work, as iperf3 does: with its own number for it. */
  async refuse(number: number): Promise<void> {
    const message = new Uint8Array(9);
    message[0] = SERVER_ERROR & 0xff;
    new DataView(message.buffer).setInt32(1, number);
    await this.socket.sendall(message);
  }
}
