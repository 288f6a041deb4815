/** A DHCP server for tests, with a codec of its own: what it hears it notes, what it says a test may change. */
import type { Host } from "../../../src/index.ts";
import type { DatagramCore } from "../../../src/sockets/datagram.ts";
import { concat, ip } from "../../support/wire.ts";

export const DISCOVER = 1;
export const OFFER = 2;
export const REQUEST = 3;
export const DECLINE = 4;
export const ACK = 5;
export const NAK = 6;
export const RELEASE = 7;

/** A message as a client has sent it; addresses as dotted quads. */
export interface Heard {
  at: number;
  from: string;
  type: number;
  xid: number;
  secs: number;
  broadcast: boolean;
  ciaddr: string;
  chaddr: string;
  hlen: number;
  options: Map<number, number[]>;
  bytes: Uint8Array;
}

export interface Reply {
  type: number;
  yiaddr: string;
  /** In the order of the entries; a value of several parts is several options. */
  options: [code: number, value: number[]][];
  xid?: number;
  chaddr?: number[];
  op?: number;
}

export function quad(text: string): number[] {
  return text.split(".").map(Number);
}

export function seconds(count: number): number[] {
  return [count >>> 24, (count >>> 16) & 255, (count >>> 8) & 255, count & 255];
}

export class TestServer {
  readonly heard: Heard[] = [];
  /** The address to give. */
  address = "10.0.0.50";
  leaseSeconds = 3600;
  /** More options of offers and acknowledgments. */
  more: [number, number[]][] = [];
  /** Whether it says nothing. */
  silent = false;
  /** Refuses every request. */
  refuses = false;
  /** Changes what it says. */
  change: (reply: Reply) => Reply | undefined = (reply) => reply;
  readonly socket: DatagramCore;
  private readonly host: Host;
  private readonly id: string;

  constructor(host: Host, id: string) {
    this.host = host;
    this.id = id;
    this.socket = host.datagram();
    this.socket.common.broadcast = true;
    this.socket.settingsChanged();
    this.socket.bind({ address: "", port: 67 });
    this.socket.onReadiness = () => this.serve();
  }

  /** What was heard since the last call, as "DISCOVER" … */
  take(): Heard[] {
    return this.heard.splice(0);
  }

  private serve(): void {
    const buffer = new Uint8Array(2000);
    for (;;) {
      const length = this.socket.receive(buffer);
      if (length < 0) return;
      const heard = this.read(buffer.slice(0, length));
      this.heard.push(heard);
      const reply = this.silent ? undefined : this.answer(heard);
      const changed = reply && this.change(reply);
      if (changed !== undefined) this.say(changed, heard);
    }
  }

  private read(bytes: Uint8Array): Heard {
    const view = new DataView(bytes.buffer);
    const options = new Map<number, number[]>();
    for (let at = 240; bytes[at] !== 255; ) {
      const length = bytes[at + 1] as number;
      options.set(bytes[at] as number, [...bytes.slice(at + 2, at + 2 + length)]);
      at += 2 + length;
    }
    return {
      at: this.host.clock.now / 1e6,
      from:
        this.socket.senderName === undefined
          ? ""
          : [
              this.socket.message.address >>> 24,
              (this.socket.message.address >>> 16) & 255,
              (this.socket.message.address >>> 8) & 255,
              this.socket.message.address & 255,
            ].join("."),
      type: options.get(53)?.[0] ?? 0,
      xid: view.getUint32(4),
      secs: view.getUint16(8),
      broadcast: (view.getUint16(10) & 0x8000) !== 0,
      ciaddr: bytes.slice(12, 16).join("."),
      chaddr: [...bytes.slice(28, 34)].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
      hlen: bytes[2] as number,
      options,
      bytes,
    };
  }

  private answer(heard: Heard): Reply | undefined {
    const named = heard.options.get(54)?.join(".");
    if (heard.type === DISCOVER) return this.lease(OFFER);
    if (heard.type !== REQUEST || (named !== undefined && named !== this.id)) return undefined;
    const asked = heard.options.get(50)?.join(".") ?? heard.ciaddr;
    if (this.refuses || asked !== this.address)
      return { type: NAK, yiaddr: "0.0.0.0", options: [[54, quad(this.id)]] };
    return this.lease(ACK);
  }

  private lease(type: number): Reply {
    const options: [number, number[]][] = [
      [54, quad(this.id)],
      [51, seconds(this.leaseSeconds)],
      [1, [255, 255, 255, 0]],
      ...this.more,
    ];
    return { type, yiaddr: this.address, options };
  }

  /** Sends `reply` to everybody, or to who asked from an address. */
  say(reply: Reply, heard: Heard): void {
    const bytes = writeReply(reply, heard);
    const to = heard.ciaddr === "0.0.0.0" ? "255.255.255.255" : heard.ciaddr;
    this.socket.sendTo(bytes, 0, bytes.length, 0, ip(to), 68);
  }
}

export function writeReply(reply: Reply, heard: Pick<Heard, "xid" | "bytes">): Uint8Array {
  const head = new Uint8Array(240);
  const view = new DataView(head.buffer);
  head.set([reply.op ?? 2, 1, 6, 0]);
  view.setUint32(4, reply.xid ?? heard.xid);
  head.set(quad(reply.yiaddr), 16);
  head.set(reply.chaddr ?? heard.bytes.slice(28, 44), 28);
  view.setUint32(236, 0x63825363);
  const options = reply.options.flatMap(([code, value]) => [code, value.length, ...value]);
  return concat(head, Uint8Array.from([53, 1, reply.type, ...options, 255]));
}
