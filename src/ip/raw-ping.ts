/** Linux's ping sockets (icmp(7)): echo requests out and their replies in, for programs that may not do more. */
import { EADDRINUSE, EAGAIN, EBADF, EINVAL, EPIPE } from "../base/errno.ts";
import { finish } from "../packet/checksum.ts";
import type { Packet } from "../packet/packet.ts";
import { ANY_ADDRESS } from "./address.ts";
import { ICMP_ECHO_REQUEST, ICMP_HEADER_LENGTH } from "./icmp-message.ts";
import { IpEndpoint, type OneSend, type RawEnvironment } from "./ip-endpoint.ts";
import { PROTOCOL_ICMP } from "./ipv4-header.ts";
import type { IcmpReport } from "./path.ts";

/** Where the identifier of an echo message stands. */
const AT_IDENTIFIER = 4;
const LAST_IDENTIFIER = 0xffff;

/** One ping socket: its identifier is what its requests carry, and by what replies find it. */
export class PingEndpoint extends IpEndpoint {
  /** 0: none yet. */
  identifier = 0;
  private readonly pings: Pings;
  private identifierBound = false;
  private addressBound = false;

  constructor(environment: RawEnvironment, pings: Pings) {
    super(environment);
    this.pings = pings;
  }

  /** Takes `address` (0: any) and `identifier` (0: a free one). EINVAL (bound already), EADDRNOTAVAIL, EADDRINUSE. */
  bind(address: number, identifier: number): number {
    if (this.closed) return -EBADF;
    if (this.identifier !== 0) return -EINVAL;
    const result = this.checkLocal(address, false) || this.take(identifier);
    if (result < 0) return result;
    this.localAddress = address;
    this.addressBound = address !== ANY_ADDRESS;
    this.identifierBound = identifier !== 0;
    this.forgetPath();
    return 0;
  }

  override connect(address: number, port: number): number {
    const taken = this.closed || this.identifier !== 0 ? 0 : this.take(0);
    return taken < 0 ? taken : super.connect(address, port);
  }

  override disconnect(): number {
    const result = super.disconnect();
    if (result < 0) return result;
    if (!this.addressBound) this.localAddress = ANY_ADDRESS;
    if (!this.identifierBound) this.forget();
    return 0;
  }

  override send(data: Uint8Array, offset: number, length: number, one: OneSend | undefined): number {
    if (!this.closed && this.identifier === 0) this.take(0); // before anything else, as Linux
    return super.send(data, offset, length, one);
  }

  /** Whether a reply to `destination` with its identifier is for it. */
  wants(packet: Packet): boolean {
    return this.hears(packet.destination, packet.interfaceIndex);
  }

  /** Whether an ICMP error about an echo request with its identifier concerns it. */
  concerns({ source, packet }: IcmpReport): boolean {
    const { localAddress, settings } = this;
    if (settings.interface >= 0 && settings.interface !== packet.interfaceIndex) return false;
    return localAddress === ANY_ADDRESS || localAddress === source;
  }

  /** Keeps a copy of the message that `packet` frames. */
  deliver(packet: Packet): void {
    this.keep(packet, packet.offset, packet.length);
  }

  protected override forget(): void {
    if (this.identifier !== 0) this.pings.forget(this);
    this.identifier = 0;
  }

  protected override transmit(
    data: Uint8Array,
    offset: number,
    length: number,
    destination: number,
    one: OneSend | undefined,
  ): number {
    if (this.identifier === 0) {
      const taken = this.take(0);
      if (taken < 0) return taken;
    }
    if (length < ICMP_HEADER_LENGTH) return -EINVAL;
    if (data[offset] !== ICMP_ECHO_REQUEST || data[offset + 1] !== 0) return -EINVAL;
    const path = this.pathTo(destination, one);
    if (typeof path === "number") return path;
    const result = this.fit(path, length, one) || this.failPending();
    if (result < 0) return result;
    if (this.writeShut) return -EPIPE;
    const packet = this.packetOf(data, offset, length);
    const { slab } = packet;
    slab.view.setUint16(packet.offset + AT_IDENTIFIER, this.identifier);
    slab.view.setUint16(packet.offset + 2, 0);
    slab.view.setUint16(packet.offset + 2, finish(slab.checksum(packet.offset, length, 0)));
    return this.sendPacket(path, packet, PROTOCOL_ICMP);
  }

  private take(identifier: number): number {
    const taken = identifier === 0 ? this.pings.free() : identifier;
    if (taken < 0) return taken;
    if (!this.pings.add(this, taken)) return -EADDRINUSE;
    this.identifier = taken;
    return 0;
  }
}

/** The ping sockets of one host. */
export class Pings {
  private readonly environment: RawEnvironment;
  /** By identifier, the oldest first. */
  private readonly byIdentifier = new Map<number, PingEndpoint[]>();
  /** The last identifier that was given out: the next one follows it, as in Linux. */
  private last = 0;

  constructor(environment: RawEnvironment) {
    this.environment = environment;
  }

  create(): PingEndpoint {
    return new PingEndpoint(this.environment, this);
  }

  /** An identifier that nobody has, or -EAGAIN. */
  free(): number {
    for (let tries = 0; tries < LAST_IDENTIFIER; tries++) {
      this.last = this.last === LAST_IDENTIFIER ? 1 : this.last + 1;
      if (!this.byIdentifier.has(this.last)) return this.last;
    }
    return -EAGAIN;
  }

  /** Puts `endpoint` beside those who have `identifier` already. False: one of them, or it, does not share. */
  add(endpoint: PingEndpoint, identifier: number): boolean {
    const sharers = this.byIdentifier.get(identifier);
    if (sharers === undefined) {
      this.byIdentifier.set(identifier, [endpoint]);
      return true;
    }
    if (!endpoint.settings.reuseAddress || sharers.some((other) => !other.settings.reuseAddress))
      return false;
    sharers.push(endpoint);
    return true;
  }

  forget(endpoint: PingEndpoint): void {
    const sharers = this.byIdentifier.get(endpoint.identifier) ?? [];
    sharers.splice(sharers.indexOf(endpoint), 1);
    if (sharers.length === 0) this.byIdentifier.delete(endpoint.identifier);
  }

  /** Gives a copy of the echo reply that `packet` frames to the newest who wants it. Returns whether there was one. */
  input(packet: Packet): boolean {
    const identifier = packet.slab.view.getUint16(packet.offset + AT_IDENTIFIER);
    const sharers = this.byIdentifier.get(identifier);
    const found = sharers?.findLast((endpoint) => endpoint.wants(packet));
    found?.deliver(packet);
    return found !== undefined;
  }

  /** Tells whose echo request an ICMP error quotes. Returns whether there was anyone. */
  error(report: IcmpReport): boolean {
    const { view } = report.packet.slab;
    if (view.getUint8(report.offset) !== ICMP_ECHO_REQUEST) return false;
    const sharers = this.byIdentifier.get(view.getUint16(report.offset + AT_IDENTIFIER));
    const found = sharers?.findLast((endpoint) => endpoint.concerns(report));
    if (found === undefined) return false;
    this.environment.counters.errorsReceived++;
    found.icmpError(report);
    return true;
  }
}
