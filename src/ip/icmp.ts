/** The ICMP of a host (RFC 792, RFC 1122 §3.2.2): answers echo, reports errors to transports, sends errors. */
import type { Clock } from "../base/clock.ts";
import { copyBytes } from "../base/copy.ts";
import type { Random } from "../base/random.ts";
import { CORRECT_SUM, finish } from "../packet/checksum.ts";
import { FLAG_BROADCAST, type Packet } from "../packet/packet.ts";
import { packetPool } from "../packet/pool.ts";
import { isUnicast } from "./address.ts";
import type { IpConfig } from "./config.ts";
import { IcmpCounters } from "./icmp-counters.ts";
import { IcmpLimit } from "./icmp-limit.ts";
import {
  ICMP_ECHO_REPLY,
  ICMP_ECHO_REQUEST,
  ICMP_HEADER_LENGTH,
  ICMP_PARAMETER_PROBLEM,
  ICMP_REDIRECT,
  ICMP_SOURCE_QUENCH,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  icmpErrno,
  isHardError,
  isIcmpQuery,
  UNREACHABLE_FRAGMENTATION_NEEDED,
} from "./icmp-message.ts";
import {
  AT_DESTINATION,
  AT_FRAGMENT,
  AT_PROTOCOL,
  AT_SOURCE,
  AT_TOTAL_LENGTH,
  FRAGMENT_OFFSET_MASK,
  IPV4_HEADER_LENGTH,
  PROTOCOL_ICMP,
} from "./ipv4-header.ts";
import type { IcmpReport, PathFinder, SendOptions, Transport } from "./path.ts";
import { plateauBelow } from "./path-mtu.ts";
import type { Raw } from "./raw.ts";

/** The longest error, IPv4 header included (RFC 1812 §4.3.2.3, SHOULD). */
const MAX_ERROR_LENGTH = 576;
const MAX_QUOTE = MAX_ERROR_LENGTH - IPV4_HEADER_LENGTH - ICMP_HEADER_LENGTH;
/** Bytes of the transport header that an error must quote (RFC 792; RFC 1122 §3.2.2): ports and a sequence number. */
const MIN_QUOTED_TRANSPORT = 8;
/** The type of service of a router's errors: precedence 6 (RFC 1812 §4.3.2.5, SHOULD). */
const INTERNETWORK_CONTROL = 0xc0;

export interface IcmpEnvironment {
  clock: Clock;
  random: Random;
  config: IpConfig;
  paths: PathFinder;
  /** The transports by protocol number. */
  transports: readonly (Transport | undefined)[];
  /** Raw and ping sockets. */
  raw: Raw;
}

export class Icmp implements Transport {
  readonly counters = new IcmpCounters();
  private readonly config: IpConfig;
  private readonly paths: PathFinder;
  private readonly transports: readonly (Transport | undefined)[];
  private readonly raw: Raw;
  private readonly limit: IcmpLimit;
  private readonly redirectLimit: IcmpLimit;
  /** Of errors: with type of service 0 (RFC 1122 §3.2.2, SHOULD), those of a router with the precedence of its kind. */
  private readonly errorOptions: SendOptions;
  private readonly echoOptions: SendOptions;

  constructor(environment: IcmpEnvironment) {
    const { clock, random, config } = environment;
    this.config = config;
    this.paths = environment.paths;
    this.transports = environment.transports;
    this.raw = environment.raw;
    this.limit = new IcmpLimit(clock, random, config);
    this.redirectLimit = new IcmpLimit(clock, random, config);
    this.errorOptions = {
      timeToLive: config.timeToLive,
      trafficClass: 0,
      dontFragment: false,
      ignoresPathMtu: false,
    };
    this.echoOptions = { ...this.errorOptions };
  }

  /** Takes a packet that frames an ICMP message; takes ownership. */
  input(packet: Packet): void {
    this.counters.received++;
    const { offset, length } = packet;
    if (length < ICMP_HEADER_LENGTH) this.drop(packet, "tooShort");
    else if (packet.slab.checksum(offset, length, 0) !== CORRECT_SUM) this.drop(packet, "badChecksum");
    else this.dispatch(packet, packet.slab.view.getUint8(offset));
  }

  /** An error about a message of ours: a ping socket's echo request, or an echo reply, for which nobody waits. */
  error(report: IcmpReport): void {
    if (!this.raw.pings.error(report)) this.counters.errorUnclaimed++;
  }

  private dispatch(packet: Packet, type: number): void {
    switch (type) {
      case ICMP_ECHO_REQUEST:
        this.answerEcho(packet);
        break;
      case ICMP_UNREACHABLE:
      case ICMP_TIME_EXCEEDED:
      case ICMP_PARAMETER_PROBLEM:
        this.reportError(packet);
        packet.release();
        break;
      case ICMP_ECHO_REPLY:
        if (this.raw.pings.input(packet)) packet.release();
        else this.drop(packet, "echoReply");
        break;
      case ICMP_SOURCE_QUENCH:
        this.drop(packet, "sourceQuench");
        break;
      case ICMP_REDIRECT:
        this.drop(packet, "redirect");
        break;
      default:
        // RFC 1122 §3.2.2, MUST: unknown types silently. The known ones would leak the clock or the mask, or set it.
        this.drop(packet, isIcmpQuery(type) ? "ignoredQuery" : "unknownType");
    }
  }

  /**
   * Answers `packet`, as IPv4 input left it, with an error that quotes it, unless RFC 1122 §3.2.2 forbids that or enough have
   * been sent. `detail` is the second word of the message: a pointer, or the next hop's MTU. Does not release `packet`.
   */
  sendError(packet: Packet, type: number, code: number, detail = 0): void {
    if (!this.mayCauseError(packet)) {
      this.counters.errorsForbidden++;
      return;
    }
    if (!this.isWithinLimits(packet, type, code)) {
      this.counters.errorsLimited++;
      return;
    }
    // From the address that was asked; on behalf of others from that of the interface it leaves by (RFC 1812 §4.3.2.4).
    const source = this.paths.isLocal(packet.destination) ? packet.destination : 0;
    const path = this.paths.path(packet.source, source);
    if (typeof path === "number") {
      this.counters.sendFailed++;
      return;
    }
    const quoted = Math.min(packet.networkLength, MAX_QUOTE);
    const error = packetPool.allocate(ICMP_HEADER_LENGTH + quoted);
    error.length = ICMP_HEADER_LENGTH + quoted;
    const { bytes, view } = error.slab;
    view.setInt32(error.offset, (type << 24) | (code << 16));
    view.setInt32(error.offset + 4, detail);
    copyBytes(packet.slab.bytes, packet.networkOffset, bytes, error.offset + ICMP_HEADER_LENGTH, quoted);
    writeChecksum(error);
    this.errorOptions.trafficClass = this.config.forwarding ? INTERNETWORK_CONTROL : 0;
    if (path.send(error, PROTOCOL_ICMP, this.errorOptions) < 0) this.counters.sendFailed++;
    else this.counters.errorsSent++;
  }

  /** RFC 1812 §4.3.2.8, SHOULD: errors are limited, and redirects by themselves, lest who ignores them hears nothing else. */
  private isWithinLimits(packet: Packet, type: number, code: number): boolean {
    if (type === ICMP_REDIRECT) return this.redirectLimit.take(packet.source);
    // as Linux: who is not told searches for a path MTU in vain (RFC 2923 §2.1)
    const isTooBig = type === ICMP_UNREACHABLE && code === UNREACHABLE_FRAGMENTATION_NEEDED;
    return isTooBig || this.limit.take(packet.source);
  }

  /** RFC 1122 §3.2.2, MUST NOT: five kinds of datagram about which no error is ever sent. */
  private mayCauseError(packet: Packet): boolean {
    if ((packet.flags & FLAG_BROADCAST) !== 0) return false;
    const { source, networkOffset } = packet;
    const { view } = packet.slab;
    if (!isUnicast(source) || this.paths.isBroadcastOrMulticast(source)) return false;
    if ((view.getUint16(networkOffset + AT_FRAGMENT) & FRAGMENT_OFFSET_MASK) !== 0) return false;
    if (view.getUint8(networkOffset + AT_PROTOCOL) !== PROTOCOL_ICMP) return true;
    const headerLength = (view.getUint8(networkOffset) & 15) << 2;
    return packet.networkLength > headerLength && isIcmpQuery(view.getUint8(networkOffset + headerLength));
  }

  /** RFC 1122 §3.2.2.6, MUST: the same data back, from the address that was asked. */
  private answerEcho(packet: Packet): void {
    const reason = this.refuseEcho(packet);
    // Only to the source: a source route or record route of the request is not turned round (CVE-2021-31344).
    const path = reason === undefined ? this.paths.path(packet.source, packet.destination) : 0;
    if (typeof path === "number") {
      this.drop(packet, reason ?? "sendFailed");
      return;
    }
    const { view } = packet.slab;
    view.setUint8(packet.offset, ICMP_ECHO_REPLY);
    writeChecksum(packet); // not by increment: a message that is all zero otherwise would get 0 for 0xffff
    packet.flags = 0;
    packet.interfaceIndex = -1;
    this.echoOptions.trafficClass = packet.trafficClass; // RFC 1349 §5.1
    if (path.send(packet, PROTOCOL_ICMP, this.echoOptions) < 0) this.counters.sendFailed++;
    else this.counters.echoRepliesSent++;
  }

  private refuseEcho(packet: Packet): "echoDisabled" | "echoBroadcast" | undefined {
    if (!this.config.echoReply) return "echoDisabled";
    return (packet.flags & FLAG_BROADCAST) !== 0 ? "echoBroadcast" : undefined;
  }

  /** Hands an error to the transport whose packet it quotes. Every length is checked before what it says is used. */
  private reportError(packet: Packet): void {
    const { counters } = this;
    counters.errorsReceived++;
    if ((packet.flags & FLAG_BROADCAST) !== 0) {
      counters.errorBroadcast++;
      return;
    }
    const { view } = packet.slab;
    const quote = packet.offset + ICMP_HEADER_LENGTH;
    const available = packet.length - ICMP_HEADER_LENGTH;
    const versionAndLength = available > 0 ? view.getUint8(quote) : 0;
    const headerLength = (versionAndLength & 15) << 2; // its own, options and all (CVE-2022-23093)
    const minimum = headerLength + MIN_QUOTED_TRANSPORT;
    if (versionAndLength >>> 4 !== 4 || headerLength < IPV4_HEADER_LENGTH || available < minimum) {
      counters.errorMalformed++;
      return;
    }
    const totalLength = view.getUint16(quote + AT_TOTAL_LENGTH);
    if (totalLength < minimum) {
      counters.errorMalformed++;
      return;
    }
    if ((view.getUint16(quote + AT_FRAGMENT) & FRAGMENT_OFFSET_MASK) !== 0) {
      counters.errorAboutFragment++;
      return;
    }
    const source = view.getInt32(quote + AT_SOURCE);
    if (!this.paths.isLocal(source)) {
      counters.errorNotOurs++;
      return;
    }
    // RFC 1122 §3.2.2, MUST: demultiplexed by the quoted protocol
    const protocol = view.getUint8(quote + AT_PROTOCOL);
    const transport = this.transports[protocol];
    const type = view.getUint8(packet.offset);
    const code = view.getUint8(packet.offset + 1);
    const tooBig = type === ICMP_UNREACHABLE && code === UNREACHABLE_FRAGMENTATION_NEEDED;
    const report: IcmpReport = {
      type,
      code,
      mtu: tooBig ? view.getUint16(packet.offset + 6) || plateauBelow(totalLength) : 0,
      errno: icmpErrno(type, code),
      hard: isHardError(type, code),
      from: packet.source,
      source,
      destination: view.getInt32(quote + AT_DESTINATION),
      packet,
      headerOffset: quote,
      offset: quote + headerLength,
      length: Math.min(available, totalLength) - headerLength,
    };
    const isRaw = this.raw.error(protocol, report);
    if (transport !== undefined) transport.error(report);
    else if (!isRaw) counters.errorUnclaimed++;
  }

  private drop(
    packet: Packet,
    reason:
      | "tooShort"
      | "badChecksum"
      | "unknownType"
      | "echoBroadcast"
      | "echoDisabled"
      | "echoReply"
      | "sourceQuench"
      | "redirect"
      | "ignoredQuery"
      | "sendFailed",
  ): void {
    this.counters[reason]++;
    packet.release();
  }
}

/** Sets the checksum of the message that `packet` frames. */
function writeChecksum(packet: Packet): void {
  const { offset } = packet;
  packet.slab.view.setUint16(offset + 2, 0);
  packet.slab.view.setUint16(offset + 2, finish(packet.slab.checksum(offset, packet.length, 0)));
}
