import { EBADF, EFAULT, EINVAL, EPIPE } from "../base/errno.ts";
import type { Packet } from "../packet/packet.ts";
import { ANY_ADDRESS } from "./address.ts";
import { IpEndpoint, type OneSend, type RawEnvironment } from "./ip-endpoint.ts";
import {
  AT_IDENTIFICATION,
  AT_SOURCE,
  AT_TOTAL_LENGTH,
  IPV4_HEADER_LENGTH,
  PROTOCOL_ICMP,
  rewriteHeaderChecksum,
} from "./ipv4-header.ts";
import type { Ipv4Path } from "./ipv4-path.ts";
import type { IcmpReport } from "./path.ts";
import type { Raw } from "./raw.ts";

/** Type and code of an ICMP message, which Linux looks at before it sends one. */
const ICMP_PROBE_LENGTH = 2;
/** The types of ICMP that a filter of 32 bits can name. */
const FILTERED_TYPES = 32;

/** One user of a protocol of IPv4: it gets a copy of every datagram that comes for the protocol, header and all. */
export class RawEndpoint extends IpEndpoint {
  /** 1 to 255; higher ones, which Linux takes too, never hear anything. */
  readonly protocol: number;
  /** Whether it gets copies: not after `disconnect`, which in Linux takes a raw socket out of the tables. */
  listening = true;
  private readonly raw: Raw;

  constructor(environment: RawEnvironment, raw: Raw, protocol: number) {
    super(environment);
    this.raw = raw;
    this.protocol = protocol;
    this.settings.headerIncluded = false;
  }

  /** Hears only what is for `address`, and sends from it; 0: any. May be called again. EINVAL (connected), EADDRNOTAVAIL. */
  bind(address: number): number {
    if (this.closed) return -EBADF;
    if (this.connected) return -EINVAL;
    const result = this.checkLocal(address, true);
    if (result < 0) return result;
    this.localAddress = address;
    this.forgetPath();
    return 0;
  }

  override disconnect(): number {
    const result = super.disconnect();
    if (result < 0) return result;
    this.localAddress = ANY_ADDRESS;
    this.forget();
    return 0;
  }

  /** Takes a copy of `packet`, as IPv4 input left it, if it is for this endpoint. Returns whether it was. */
  offer(packet: Packet): boolean {
    if (!this.hears(packet.destination, packet.interfaceIndex)) return false;
    if (this.connected && packet.source !== this.remoteAddress) return false;
    if (!this.filters(packet)) this.keep(packet, packet.networkOffset, packet.networkLength);
    return true;
  }

  /** Whether an ICMP error about a datagram of its protocol concerns it. */
  concerns({ source, destination, packet }: IcmpReport): boolean {
    const { localAddress, settings } = this;
    if (localAddress !== ANY_ADDRESS && localAddress !== source) return false;
    if (settings.interface >= 0 && settings.interface !== packet.interfaceIndex) return false;
    return !this.connected || this.remoteAddress === destination;
  }

  /** A transport checks what it believes more closely than can be done here: it is to it to learn of its paths. */
  protected override believes(report: IcmpReport): boolean {
    const { protocol, environment } = this;
    const isOurs = protocol === PROTOCOL_ICMP || environment.transports[protocol] === undefined;
    return isOurs && super.believes(report);
  }

  protected override forget(): void {
    if (this.listening) this.raw.forget(this);
    this.listening = false;
  }

  protected override transmit(
    data: Uint8Array,
    offset: number,
    length: number,
    destination: number,
    one: OneSend | undefined,
  ): number {
    const { headerIncluded = false, options } = this.settings;
    // Linux does not mangle headers: options beside a header make no sense
    if (headerIncluded && options !== undefined && options.length > 0) return -EINVAL;
    if (!headerIncluded && this.protocol === PROTOCOL_ICMP && length < ICMP_PROBE_LENGTH) return -EFAULT;
    const path = this.pathTo(destination, one);
    if (typeof path === "number") return path;
    if (headerIncluded) return this.transmitDatagram(path, data, offset, length);
    const result = this.fit(path, length, one);
    if (result < 0) return result;
    return this.sendPacket(path, this.packetOf(data, offset, length), this.protocol & 0xff);
  }

  /** IP_HDRINCL: a datagram of the user's own making. What the header leaves open is filled in; nothing is cut (raw(7)). */
  private transmitDatagram(path: Ipv4Path, data: Uint8Array, offset: number, length: number): number {
    if (length > path.linkMtu) return this.tooLong(path, path.linkMtu);
    if (length < IPV4_HEADER_LENGTH) return -EINVAL;
    const error = this.failPending();
    if (error !== 0) return error;
    if (this.writeShut) return -EPIPE;
    const headerLength = ((data[offset] as number) & 15) << 2;
    if (headerLength < IPV4_HEADER_LENGTH || headerLength > length) return -EINVAL;
    const packet = this.packetOf(data, offset, length);
    this.completeHeader(packet, headerLength, path.source);
    return path.sendWhole(packet);
  }

  /** Checksum and total length always, identification and source when they are 0. */
  private completeHeader(packet: Packet, headerLength: number, source: number): void {
    const { offset } = packet;
    const { view } = packet.slab;
    view.setUint16(offset + AT_TOTAL_LENGTH, packet.length);
    if (view.getInt32(offset + AT_SOURCE) === ANY_ADDRESS) view.setInt32(offset + AT_SOURCE, source);
    if (view.getUint16(offset + AT_IDENTIFICATION) === 0) {
      view.setUint16(offset + AT_IDENTIFICATION, this.environment.identification.next());
    }
    rewriteHeaderChecksum(view, offset, headerLength);
  }

  /** ICMP_FILTER. */
  private filters(packet: Packet): boolean {
    const { icmpFilter } = this.settings;
    if (this.protocol !== PROTOCOL_ICMP) return false;
    if (packet.length === 0) return true; // as Linux: it has no type
    const type = packet.slab.view.getUint8(packet.offset);
    return type < FILTERED_TYPES && ((icmpFilter >>> type) & 1) !== 0;
  }
}
