/** DNS messages as the resolver sees them, and who turns them into bytes: the resolver itself knows nothing of the wire format. */

/** What is asked for: addresses of IPv4, or the name of an address. */
export type DnsType = "A" | "PTR";

/** One question to a server, recursion desired. */
export interface DnsQuery {
  /** 16 bits. */
  readonly id: number;
  /** Without a dot at the end. */
  readonly name: string;
  readonly type: DnsType;
  /** The longest answer that UDP may bring, bytes, told by EDNS0 (RFC 6891 §6.2.3); undefined: without EDNS0. */
  readonly udpSize: number | undefined;
}

export interface DnsRecord {
  /** Whose it is, without a dot at the end. */
  readonly name: string;
  /** "A", "CNAME", "SOA" … */
  readonly type: string;
  /** "IN" … */
  readonly class: string;
  /** Seconds, 32 bits. */
  readonly ttl: number;
  /** Of A: a dotted quad; of CNAME and PTR: a name without a dot at the end. Undefined for others. */
  readonly data: string | undefined;
  /** Of SOA: the field MINIMUM, seconds. */
  readonly minimum: number | undefined;
}

export interface DnsMessage {
  readonly id: number;
  readonly isResponse: boolean;
  readonly opcode: number;
  readonly isAuthoritative: boolean;
  readonly isTruncated: boolean;
  readonly recursionAvailable: boolean;
  /** Twelve bits where there is EDNS0, else four. */
  readonly rcode: number;
  readonly questions: readonly { readonly name: string; readonly type: string; readonly class: string }[];
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
}

/** RFC 1035 §4. */
export interface DnsCodec {
  encode(query: DnsQuery): Uint8Array;
  /** Throws an Error for bytes that are no message: cut off, names that point at themselves … `bytes` are the codec's during the call alone. */
  decode(bytes: Uint8Array): DnsMessage;
}

/** Response codes (RFC 1035 §4.1.1; RFC 6891 §9). */
export const NOERROR = 0;
export const FORMERR = 1;
export const SERVFAIL = 2;
export const NXDOMAIN = 3;
export const NOTIMP = 4;
export const BADVERS = 16;
