/** The TCP header for people (RFC 9293 §3.1); see `dissect.ts`. */

const FLAG_BITS = {
  F: 0x01,
  S: 0x02,
  R: 0x04,
  P: 0x08,
  ".": 0x10,
  U: 0x20,
  E: 0x40,
  W: 0x80,
  FIN: 0x01,
  SYN: 0x02,
  RST: 0x04,
  PSH: 0x08,
  ACK: 0x10,
  URG: 0x20,
  ECE: 0x40,
  CWR: 0x80,
  A: 0x10,
  C: 0x80,
} as const;

/** A control bit: the RFC's name, its first letter, or tcpdump's letter ("." for ACK, "W" for CWR). */
export type TcpFlag = keyof typeof FLAG_BITS;

/** The order in which tcpdump prints them. */
const PRINTED: readonly TcpFlag[] = ["F", "S", "R", "P", ".", "U", "E", "W"];

/** The control bits of a segment. Prints as tcpdump does: "S", "S.", "P.", and "none". */
export class TcpFlags {
  readonly bits: number;

  constructor(bits: number) {
    this.bits = bits;
  }

  /** Whether the bit is set: `flags.includes("S")`, `flags.includes("SYN")`. */
  includes(flag: TcpFlag): boolean {
    if (!Object.hasOwn(FLAG_BITS, flag)) {
      throw new TypeError(`a TCP flag is one of ${Object.keys(FLAG_BITS).join(" ")}, not ${String(flag)}`);
    }
    return (this.bits & FLAG_BITS[flag]) !== 0;
  }

  toString(): string {
    const letters = PRINTED.filter((letter) => this.includes(letter)).join("");
    return letters === "" ? "none" : letters;
  }
}

export type TcpOption =
  | { readonly kind: "eol" | "nop" | "sackOK" }
  | { readonly kind: "mss" | "wscale"; readonly value: number }
  | { readonly kind: "timestamps"; readonly value: number; readonly echo: number }
  | { readonly kind: "sack"; readonly blocks: readonly (readonly [left: number, right: number])[] }
  | { readonly kind: "unknown"; readonly number: number; readonly data: Uint8Array };

export interface TcpFields {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** 0 to 2^32 - 1. */
  readonly seq: number;
  readonly ack: number;
  readonly flags: TcpFlags;
  /** As in the header, not scaled. */
  readonly window: number;
  readonly checksum: number;
  readonly urgentPointer: number;
  readonly headerLength: number;
  /** Bytes of data. */
  readonly length: number;
  readonly options: readonly TcpOption[];
}

/** The header at `at`, or undefined when it does not fit before `kept`; the segment ends at `end`. */
export function tcpFields(view: DataView, at: number, kept: number, end: number): TcpFields | undefined {
  if (kept - at < 20) return undefined;
  const headerLength = (view.getUint8(at + 12) >> 4) * 4;
  if (headerLength < 20 || at + headerLength > kept) return undefined;
  return {
    sourcePort: view.getUint16(at),
    destinationPort: view.getUint16(at + 2),
    seq: view.getUint32(at + 4),
    ack: view.getUint32(at + 8),
    flags: new TcpFlags(view.getUint8(at + 13)),
    window: view.getUint16(at + 14),
    checksum: view.getUint16(at + 16),
    urgentPointer: view.getUint16(at + 18),
    headerLength,
    length: end - at - headerLength,
    options: tcpOptions(view, at + 20, at + headerLength),
  };
}

/** The options from `at` to `end`; an illegal length ends the list (RFC 9293 §3.1, MUST-7). */
function tcpOptions(view: DataView, at: number, end: number): TcpOption[] {
  const options: TcpOption[] = [];
  while (at < end) {
    const kind = view.getUint8(at);
    if (kind <= 1) {
      options.push({ kind: kind === 0 ? "eol" : "nop" });
      if (kind === 0) break;
      at++;
      continue;
    }
    const length = at + 2 <= end ? view.getUint8(at + 1) : 0;
    if (length < 2 || at + length > end) break;
    options.push(tcpOption(view, at, kind, length));
    at += length;
  }
  return options;
}

function tcpOption(view: DataView, at: number, kind: number, length: number): TcpOption {
  if (kind === 2 && length === 4) return { kind: "mss", value: view.getUint16(at + 2) };
  if (kind === 3 && length === 3) return { kind: "wscale", value: view.getUint8(at + 2) };
  if (kind === 4 && length === 2) return { kind: "sackOK" };
  if (kind === 8 && length === 10) {
    return { kind: "timestamps", value: view.getUint32(at + 2), echo: view.getUint32(at + 6) };
  }
  if (kind === 5 && length % 8 === 2) {
    const blocks: [number, number][] = [];
    for (let edge = at + 2; edge < at + length; edge += 8) {
      blocks.push([view.getUint32(edge), view.getUint32(edge + 4)]);
    }
    return { kind: "sack", blocks };
  }
  const start = view.byteOffset + at + 2;
  return {
    kind: "unknown",
    number: kind,
    data: new Uint8Array(view.buffer.slice(start, start + length - 2)),
  };
}
