/** A DNS server for tests, with a codec of its own; what it hears it notes, what it says the test scripts. */
import type { Host, Socket } from "../../../src/index.ts";
import type { DatagramCore } from "../../../src/sockets/datagram.ts";
import { concat } from "../../support/wire.ts";

export interface Heard {
  /** Milliseconds. */
  at: number;
  server: string;
  tcp: boolean;
  id: number;
  flags: number;
  name: string;
  type: number;
  /** The client's port. */
  port: number;
  /** What EDNS0 says of the longest answer; 0 without. */
  udpSize: number;
  bytes: Uint8Array;
}

export interface RecordOptions {
  ttl?: number;
  class?: number;
}

/** What to say; undefined: nothing. Several are several datagrams. */
export type Script = (heard: Heard) => Uint8Array | Uint8Array[] | undefined;

export const A = 1;
export const CNAME = 5;
export const SOA = 6;
export const PTR = 12;

function word(value: number): number[] {
  return [(value >> 8) & 255, value & 255];
}

export function nameBytes(name: string): number[] {
  if (name === "") return [0];
  return [...name.split(".").flatMap((label) => [label.length, ...new TextEncoder().encode(label)]), 0];
}

export function rr(
  name: string,
  type: number,
  data: number[],
  { ttl = 300, class: number = 1 }: RecordOptions = {},
): number[] {
  const life = [ttl >>> 24, (ttl >>> 16) & 255, (ttl >>> 8) & 255, ttl & 255];
  return [...nameBytes(name), ...word(type), ...word(number), ...life, ...word(data.length), ...data];
}

export function a(name: string, address: string, options?: RecordOptions): number[] {
  return rr(name, A, address.split(".").map(Number), options);
}

export function cname(name: string, target: string, options?: RecordOptions): number[] {
  return rr(name, CNAME, nameBytes(target), options);
}

export function ptr(name: string, target: string, options?: RecordOptions): number[] {
  return rr(name, PTR, nameBytes(target), options);
}

export function soa(zone: string, minimum: number, options?: RecordOptions): number[] {
  const numbers = [1, 2, 3, 4, minimum].flatMap((value) => [
    value >>> 24,
    (value >>> 16) & 255,
    (value >>> 8) & 255,
    value & 255,
  ]);
  return rr(zone, SOA, [...nameBytes("ns"), ...nameBytes("me"), ...numbers], options);
}

export interface ReplyOptions {
  answers?: number[][];
  authorities?: number[][];
  rcode?: number;
  /** QR, RD and RA by default. */
  flags?: number;
  id?: number;
  question?: number[];
  truncated?: boolean;
}

export function reply(heard: Heard, options: ReplyOptions = {}): Uint8Array {
  const { answers = [], authorities = [], rcode = 0, truncated = false } = options;
  const flags = (options.flags ?? 0x8180) | rcode | (truncated ? 0x0200 : 0);
  const question = options.question ?? [...nameBytes(heard.name), ...word(heard.type), 0, 1];
  const count = question.length > 0 ? 1 : 0;
  const head = [options.id ?? heard.id, flags, count, answers.length, authorities.length, 0].flatMap(word);
  return Uint8Array.from([...head, ...question, ...answers.flat(), ...authorities.flat()]);
}

export class DnsServer {
  readonly heard: Heard[] = [];
  script: Script = () => undefined;
  readonly socket: DatagramCore;
  readonly listener: Socket;
  private readonly host: Host;
  private readonly address: string;

  constructor(host: Host, address: string) {
    this.host = host;
    this.address = address;
    this.socket = host.datagram();
    this.socket.bind({ address, port: 53 });
    this.socket.onReadiness = () => this.serve();
    this.listener = host.create_server({ address, port: 53 });
    this.serveTcp().catch(() => {});
  }

  take(): Heard[] {
    return this.heard.splice(0);
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.listener.close();
  }

  private serve(): void {
    const buffer = new Uint8Array(2000);
    for (;;) {
      const length = this.socket.receive(buffer);
      if (length < 0) return;
      const { address, port } = this.socket.message;
      for (const bytes of this.answer(buffer.slice(0, length), false, port)) {
        this.socket.sendTo(bytes, 0, bytes.length, 0, address, port);
      }
    }
  }

  private async serveTcp(): Promise<void> {
    for (;;) {
      const [connection, { port }] = await this.listener.accept();
      const [high = 0, low = 0] = await exactly(connection, 2);
      const query = await exactly(connection, (high << 8) | low);
      for (const bytes of this.answer(query, true, port)) {
        for (const byte of concat(Uint8Array.from(word(bytes.length)), bytes.subarray(0, 3))) {
          await connection.sendall(Uint8Array.of(byte)); // in small pieces
        }
        await connection.sendall(bytes.subarray(3));
      }
      await connection.close();
    }
  }

  private answer(bytes: Uint8Array, tcp: boolean, port: number): Uint8Array[] {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const labels: string[] = [];
    let at = 12;
    for (; bytes[at] !== 0; at += (bytes[at] as number) + 1) {
      labels.push(new TextDecoder().decode(bytes.subarray(at + 1, at + 1 + (bytes[at] as number))));
    }
    const heard: Heard = {
      at: this.host.clock.now / 1000,
      server: this.address,
      tcp,
      id: view.getUint16(0),
      flags: view.getUint16(2),
      name: labels.join("."),
      type: view.getUint16(at + 1),
      port,
      udpSize: view.getUint16(10) === 0 ? 0 : view.getUint16(at + 5 + 3),
      bytes,
    };
    this.heard.push(heard);
    const said = this.script(heard);
    return said === undefined ? [] : Array.isArray(said) ? said : [said];
  }
}

async function exactly(socket: Socket, count: number): Promise<Uint8Array> {
  let bytes = new Uint8Array(0);
  while (bytes.length < count) {
    const more = await socket.recv(count - bytes.length);
    if (more.length === 0) break;
    bytes = concat(bytes, more) as Uint8Array<ArrayBuffer>;
  }
  return bytes;
}
