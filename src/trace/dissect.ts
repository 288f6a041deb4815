/**
 * Takes an IPv4 datagram apart for people: rules, printed lines and ladders. The stack has its own, faster codecs;
 * this one builds objects, believes nothing, and shows what is there even when the stack would drop it.
 */
import { formatAddress } from "../ip/address.ts";
import { type IcmpFields, icmpFields } from "./dissect-icmp.ts";
import { type TcpFields, tcpFields } from "./dissect-tcp.ts";

interface Datagram {
  /** Dotted quads. */
  readonly source: string;
  readonly destination: string;
  /** IANA's protocol number. */
  readonly protocolNumber: number;
  /** Total length in bytes as the header says. */
  readonly length: number;
  readonly timeToLive: number;
  /** The eight bits of DSCP and ECN. */
  readonly trafficClass: number;
  readonly identification: number;
  readonly dontFragment: boolean;
  readonly moreFragments: boolean;
  /** Where this fragment belongs, bytes; 0 in a whole datagram. */
  readonly fragmentOffset: number;
  /** The whole datagram, and what it carries behind the transport's header. */
  readonly bytes: Uint8Array;
  readonly payload: Uint8Array;
}

export interface UdpFields {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Header and data in bytes, as the header says. */
  readonly length: number;
  readonly checksum: number;
}

export interface TcpPacket extends Datagram {
  readonly protocol: "tcp";
  readonly tcp: TcpFields;
}
export interface UdpPacket extends Datagram {
  readonly protocol: "udp";
  readonly udp: UdpFields;
}
export interface IcmpPacket extends Datagram {
  readonly protocol: "icmp";
  readonly icmp: IcmpFields;
}
/** Another protocol, a later fragment, or something too short to be what it says. */
export interface OtherPacket extends Datagram {
  readonly protocol: "other";
  /** What is wrong with it, if that is why. */
  readonly fault: string | undefined;
}

/** A datagram taken apart; `protocol` says which of `tcp`, `udp`, `icmp` is there. */
export type ParsedPacket = TcpPacket | UdpPacket | IcmpPacket | OtherPacket;

/**
 * Takes `bytes` apart, which begin with an IPv4 header. Never throws. They may be the first part of a packet only: lengths
 * are as the headers say. `bytes` and `payload` are views of what was given.
 */
export function dissect(bytes: Uint8Array): ParsedPacket {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = bytes.length === 0 ? 0 : (view.getUint8(0) & 15) * 4;
  if (bytes.length < 20 || headerLength < 20 || headerLength > bytes.length || view.getUint8(0) >> 4 !== 4) {
    return {
      ...NOTHING,
      protocol: "other",
      length: bytes.length,
      bytes,
      payload: bytes,
      fault: "no IPv4 header",
    };
  }
  const length = view.getUint16(2);
  const fragment = view.getUint16(6);
  const end = Math.max(length, headerLength); // what is behind is padding
  const datagram: Datagram = {
    source: formatAddress(view.getInt32(12)),
    destination: formatAddress(view.getInt32(16)),
    protocolNumber: view.getUint8(9),
    length,
    timeToLive: view.getUint8(8),
    trafficClass: view.getUint8(1),
    identification: view.getUint16(4),
    dontFragment: (fragment & 0x4000) !== 0,
    moreFragments: (fragment & 0x2000) !== 0,
    fragmentOffset: (fragment & 0x1fff) * 8,
    bytes,
    payload: bytes.subarray(headerLength, end), // or less, when a capture has cut it
  };
  return transport(datagram, view, headerLength, end);
}

function transport(datagram: Datagram, view: DataView, at: number, end: number): ParsedPacket {
  if (datagram.fragmentOffset > 0) return { ...datagram, protocol: "other", fault: undefined };
  const { bytes } = datagram;
  const kept = Math.min(end, bytes.length);
  if (datagram.protocolNumber === 6) {
    const tcp = tcpFields(view, at, kept, end);
    if (tcp === undefined) return { ...datagram, protocol: "other", fault: "TCP header cut short" };
    return { ...datagram, protocol: "tcp", tcp, payload: bytes.subarray(at + tcp.headerLength, end) };
  }
  if (datagram.protocolNumber === 17) {
    if (kept - at < 8) return { ...datagram, protocol: "other", fault: "UDP header cut short" };
    const length = view.getUint16(at + 4);
    const udp: UdpFields = {
      sourcePort: view.getUint16(at),
      destinationPort: view.getUint16(at + 2),
      length,
      checksum: view.getUint16(at + 6),
    };
    const dataEnd = Math.min(end, Math.max(at + length, at + 8));
    return { ...datagram, protocol: "udp", udp, payload: bytes.subarray(at + 8, dataEnd) };
  }
  if (datagram.protocolNumber === 1) {
    const icmp = icmpFields(view, at, kept);
    if (icmp === undefined) return { ...datagram, protocol: "other", fault: "ICMP header cut short" };
    return { ...datagram, protocol: "icmp", icmp, payload: bytes.subarray(at + 8, end) };
  }
  return { ...datagram, protocol: "other", fault: undefined };
}

const NOTHING = {
  source: "0.0.0.0",
  destination: "0.0.0.0",
  protocolNumber: 0,
  timeToLive: 0,
  trafficClass: 0,
  identification: 0,
  dontFragment: false,
  moreFragments: false,
  fragmentOffset: 0,
};
