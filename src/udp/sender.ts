/** How the datagrams of one endpoint leave. */
import { copyBytes } from "../base/copy.ts";
import { EDESTADDRREQ, EINVAL, EMSGSIZE, EPIPE } from "../base/errno.ts";
import { MSG_DONTROUTE, MSG_MORE } from "../base/message-flags.ts";
import { ANY_ADDRESS, isMulticast } from "../ip/address.ts";
import { IPV4_HEADER_LENGTH, mayGo, mtuFor, type Path, type SendOptions } from "../ip/path.ts";
import { packetPool } from "../packet/pool.ts";
import { Cork } from "./cork.ts";
import type { UdpEndpoint } from "./endpoint.ts";
import { MAX_UDP_DATA, PROTOCOL_UDP, UDP_HEADER_LENGTH, writeUdpHeader } from "./header.ts";
import type { Udp } from "./udp.ts";

/** What Linux looks at before anything else: the Length field has 16 bits. */
const MAX_LENGTH = 0xffff;

/** What one datagram asks for beside what its endpoint does: the control messages of sendmsg. */
export interface DatagramChoice {
  /** IP_PKTINFO, ipi_spec_dst: the source address; 0: as the endpoint has it. */
  readonly source: number;
  /** IP_PKTINFO, ipi_ifindex: the interface to leave by; -1: as the endpoint has it. */
  readonly interfaceIndex: number;
  /** IP_TTL, 1 to 255; -1: as the endpoint has it. */
  readonly timeToLive: number;
  /** IP_TOS, 0 to 255; -1: as the endpoint has it. */
  readonly trafficClass: number;
}

export const DEFAULT_DATAGRAM: DatagramChoice = {
  source: ANY_ADDRESS,
  interfaceIndex: -1,
  timeToLive: -1,
  trafficClass: -1,
};

export class Sender {
  private readonly udp: Udp;
  private readonly endpoint: UdpEndpoint;
  /** The path of the last datagram that asked for nothing of its own, and its ends as they were asked for. */
  private path: Path | undefined = undefined;
  private pathDestination = ANY_ADDRESS;
  private pathSource = ANY_ADDRESS;
  private readonly options: SendOptions = {
    timeToLive: 0,
    trafficClass: 0,
    dontFragment: false,
    ignoresPathMtu: false,
  };
  /** Nothing else is sent while there is one, so that `options` stay those of its first piece. */
  private cork: Cork | undefined = undefined;

  constructor(udp: Udp, endpoint: UdpEndpoint) {
    this.udp = udp;
    this.endpoint = endpoint;
  }

  /** As {@link UdpEndpoint.send}, of an endpoint that is open and has a port. */
  send(
    data: Uint8Array,
    offset: number,
    length: number,
    address: number,
    port: number,
    flags: number,
    choice: DatagramChoice,
  ): number {
    if (length > MAX_LENGTH) return -EMSGSIZE;
    if (this.cork !== undefined) return this.append(this.cork, data, offset, length, flags);
    const { endpoint } = this;
    let destination = address;
    let destinationPort = port;
    if (address === ANY_ADDRESS && port === 0) {
      if (!endpoint.connected) return -EDESTADDRREQ;
      destination = endpoint.remoteAddress;
      destinationPort = endpoint.remotePort;
    } else if (port === 0) {
      return -EINVAL; // but a connected endpoint's own port may be 0: as Linux
    }
    const path = this.pathTo(destination, flags, choice);
    if (typeof path === "number") return path;
    this.chooseHeader(path, choice);
    if (!this.fits(path, length)) return this.tooLong(path);
    if (endpoint.errors.pending !== 0) return -endpoint.errors.take();
    if (endpoint.writeShut) return -EPIPE;
    if ((flags & MSG_MORE) !== 0 || endpoint.settings.cork) {
      this.cork = new Cork(path, destinationPort);
      this.cork.append(data, offset, length);
      return length;
    }
    const result = this.emit(path, destinationPort, data, offset, length);
    return result < 0 ? result : length;
  }

  /** The path for a connection to `address`, or a negative errno. */
  connect(address: number): Path | number {
    const path = this.findPath(address, 0, DEFAULT_DATAGRAM);
    if (typeof path === "number") return path;
    this.path = path;
    this.pathDestination = path.destination;
    this.pathSource = path.source; // the endpoint's from now on
    return path;
  }

  /** What was corked goes where a connection does that is made meanwhile: as Linux, which keeps one flow for both. */
  redirect(path: Path, port: number): void {
    if (this.cork === undefined) return;
    this.cork.path = path;
    this.cork.port = port;
  }

  /** Sends what was corked. 0, or why it could not be. */
  push(): number {
    const { cork } = this;
    if (cork === undefined) return 0;
    this.cork = undefined;
    this.fits(cork.path, cork.length); // says whether it may be cut
    return this.emit(cork.path, cork.port, cork.bytes, 0, cork.length);
  }

  /** Forgets the path, so that the next datagram looks for one: settings may have changed. */
  forgetPath(): void {
    this.path = undefined;
  }

  /** Forgets what was corked, too. */
  close(): void {
    this.path = undefined;
    this.cork = undefined;
  }

  private append(cork: Cork, data: Uint8Array, offset: number, length: number, flags: number): number {
    if (!this.fits(cork.path, cork.length + length)) {
      this.cork = undefined; // Linux throws all of it away
      return this.tooLong(cork.path);
    }
    cork.append(data, offset, length);
    if ((flags & MSG_MORE) !== 0 || this.endpoint.settings.cork) return length;
    const result = this.push();
    return result < 0 ? result : length;
  }

  private emit(path: Path, port: number, data: Uint8Array, offset: number, length: number): number {
    const { udp, endpoint } = this;
    const packet = packetPool.allocate(UDP_HEADER_LENGTH + length);
    packet.length = UDP_HEADER_LENGTH + length;
    copyBytes(data, offset, packet.slab.bytes, packet.offset + UDP_HEADER_LENGTH, length);
    // fragments do without help: whoever completes a checksum has to see all of the datagram
    const isWhole = IPV4_HEADER_LENGTH + path.optionsLength + packet.length <= path.mtu;
    const trusted = path.checksumTrusted && isWhole;
    writeUdpHeader(packet, path.source, endpoint.localPort, path.destination, port, trusted);
    const result = path.send(packet, PROTOCOL_UDP, this.options);
    if (result < 0) {
      udp.counters.sendFailed++;
      this.path = undefined;
      return result === -EMSGSIZE ? this.tooLong(path) : result;
    }
    udp.counters.sent++;
    endpoint.counters.sent++;
    return 0;
  }

  /** Tells the endpoint that a datagram to `path` is too long to go as it must; -EMSGSIZE. */
  private tooLong(path: Path): number {
    const { endpoint } = this;
    const mtu = mtuFor(endpoint.settings.pathMtuDiscovery, path) - path.optionsLength;
    endpoint.errors.localError(EMSGSIZE, path.destination, mtu);
    return -EMSGSIZE;
  }

  /** The path to `destination`: that of the last datagram, unless one of them asks for something of its own. */
  private pathTo(destination: number, flags: number, choice: DatagramChoice): Path | number {
    const { path, endpoint } = this;
    const isPlain = choice === DEFAULT_DATAGRAM && (flags & MSG_DONTROUTE) === 0;
    const sameEnds = this.pathDestination === destination && this.pathSource === endpoint.sourceAddress;
    if (path !== undefined && isPlain && sameEnds) return path;
    const found = this.findPath(destination, flags, choice);
    if (isPlain && typeof found !== "number") {
      this.path = found;
      this.pathDestination = destination;
      this.pathSource = endpoint.sourceAddress;
    }
    return found;
  }

  private findPath(destination: number, flags: number, choice: DatagramChoice): Path | number {
    const { settings, sourceAddress } = this.endpoint;
    const isGroup = isMulticast(destination);
    let source = choice.source !== ANY_ADDRESS ? choice.source : sourceAddress;
    if (isGroup && source === ANY_ADDRESS) source = settings.multicastAddress;
    return this.udp.paths.path(destination, source, {
      broadcast: settings.broadcast,
      interface: this.interfaceFor(isGroup, choice),
      onLink: settings.onLink || (flags & MSG_DONTROUTE) !== 0,
      foreignSource: settings.transparent,
      multicastLoop: settings.multicastLoop,
      options: settings.options,
    });
  }

  private interfaceFor(isGroup: boolean, choice: DatagramChoice): number {
    const { settings } = this.endpoint;
    if (choice.interfaceIndex >= 0) return choice.interfaceIndex;
    if (settings.interface >= 0) return settings.interface;
    return isGroup ? settings.multicastInterface : settings.unicastInterface;
  }

  private chooseHeader(path: Path, choice: DatagramChoice): void {
    const { options } = this;
    const { settings } = this.endpoint;
    options.timeToLive = isMulticast(path.destination) ? settings.multicastTimeToLive : settings.timeToLive;
    options.trafficClass = settings.trafficClass;
    if (choice === DEFAULT_DATAGRAM) return;
    if (choice.timeToLive >= 0) options.timeToLive = choice.timeToLive;
    if (choice.trafficClass >= 0) options.trafficClass = choice.trafficClass;
  }

  /** Whether a datagram of `length` bytes of data may go, and sets whether it may be cut. */
  private fits(path: Path, length: number): boolean {
    if (length > MAX_UDP_DATA - path.optionsLength) return false;
    const total = length + UDP_HEADER_LENGTH + IPV4_HEADER_LENGTH + path.optionsLength;
    return mayGo(this.endpoint.settings.pathMtuDiscovery, path, total, this.options);
  }
}
