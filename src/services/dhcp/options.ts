/**
 * The options of a DHCP message (RFC 2132): a code, a length, that many bytes. They stand behind the magic cookie and, when the
 * option "overload" says so, in the fields `file` and `sname` too.
 */

export const PAD = 0;
export const SUBNET_MASK = 1;
export const ROUTER = 3;
export const DOMAIN_NAME_SERVER = 6;
export const HOST_NAME = 12;
export const DOMAIN_NAME = 15;
export const INTERFACE_MTU = 26;
export const NTP_SERVERS = 42;
export const REQUESTED_ADDRESS = 50;
export const LEASE_TIME = 51;
export const OVERLOAD = 52;
export const MESSAGE_TYPE = 53;
export const SERVER_IDENTIFIER = 54;
export const PARAMETER_REQUEST_LIST = 55;
export const MESSAGE = 56;
export const MAXIMUM_MESSAGE_SIZE = 57;
export const RENEWAL_TIME = 58;
export const REBINDING_TIME = 59;
export const VENDOR_CLASS = 60;
export const CLIENT_IDENTIFIER = 61;
export const DOMAIN_SEARCH = 119;
export const CLASSLESS_ROUTES = 121;
export const END = 255;

/** What one option may hold; more goes on in another of the same code (RFC 3396). */
const LONGEST_OPTION = 255;

/** The options of one message, by code; the bytes of those that came in several parts are put together (RFC 3396 §7). */
export class Options {
  private readonly values = new Map<number, Uint8Array>();

  /** The bytes of `code`; undefined where there is none. */
  get(code: number): Uint8Array | undefined {
    return this.values.get(code);
  }

  set(code: number, value: Uint8Array): this {
    this.values.set(code, value);
    return this;
  }

  setUint8(code: number, value: number): this {
    return this.set(code, Uint8Array.of(value));
  }

  setUint16(code: number, value: number): this {
    return this.set(code, Uint8Array.of(value >>> 8, value));
  }

  setUint32(code: number, value: number): this {
    return this.set(code, Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value));
  }

  setText(code: number, text: string): this {
    return this.set(code, new TextEncoder().encode(text));
  }

  /** The one byte of `code`; undefined where there is none, or not of that length. */
  uint8(code: number): number | undefined {
    const bytes = this.values.get(code);
    return bytes?.length === 1 ? bytes[0] : undefined;
  }

  uint16(code: number): number | undefined {
    const bytes = this.values.get(code);
    return bytes?.length === 2 ? (bytes[0]! << 8) | bytes[1]! : undefined;
  }

  /** 0 to 2^32 - 1. */
  uint32(code: number): number | undefined {
    const bytes = this.values.get(code);
    return bytes?.length === 4 ? readAddress(bytes, 0) >>> 0 : undefined;
  }

  /** An address, int32. */
  address(code: number): number | undefined {
    const number = this.uint32(code);
    return number === undefined ? undefined : number | 0;
  }

  /** Addresses, int32s; none where there is no such option, or it is no whole number of them. */
  addresses(code: number): number[] {
    const bytes = this.values.get(code) ?? new Uint8Array(0);
    if (bytes.length % 4 !== 0) return [];
    return Array.from({ length: bytes.length / 4 }, (_, index) => readAddress(bytes, 4 * index));
  }

  /** Printable ASCII without what some servers put behind it, a NUL; undefined for anything else, and for nothing. */
  text(code: number): string | undefined {
    const bytes = this.values.get(code);
    if (bytes === undefined) return undefined;
    const text = String.fromCharCode(...bytes).replace(/\0+$/, "");
    return /^[!-~]+$/.test(text) ? text : undefined;
  }

  /** Takes in the options that stand in `bytes`. False: one of them is cut off. */
  read(bytes: Uint8Array): boolean {
    for (let at = 0; at < bytes.length; ) {
      const code = bytes[at++]!;
      if (code === END) return true;
      if (code === PAD) continue;
      const length = bytes[at++];
      if (length === undefined || at + length > bytes.length) return false;
      this.append(code, bytes.subarray(at, at + length));
      at += length;
    }
    return true;
  }

  /** All options, `END` behind them. */
  write(): Uint8Array {
    const out: number[] = [];
    for (const [code, value] of this.values) {
      let at = 0;
      do {
        const part = value.subarray(at, at + LONGEST_OPTION); // RFC 3396 §6
        out.push(code, part.length, ...part);
        at += LONGEST_OPTION;
      } while (at < value.length);
    }
    return Uint8Array.from([...out, END]);
  }

  private append(code: number, part: Uint8Array): void {
    const before = this.values.get(code);
    if (before === undefined) {
      this.values.set(code, part.slice());
      return;
    }
    const whole = new Uint8Array(before.length + part.length);
    whole.set(before);
    whole.set(part, before.length);
    this.values.set(code, whole);
  }
}

function readAddress(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}
