/** The three kinds of probes: datagrams to ports where nobody is, echo requests, and SYN segments. */
import type { Host } from "../../host/host.ts";
import {
  AF_INET,
  IPPROTO_ICMP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
} from "../../sockets/constants.ts";
import { inet_aton } from "../../sockets/inet.ts";
import type { Socket } from "../../sockets/socket.ts";
import { ECHO_HEADER_LENGTH, echoRequest, sequenceOf, setSequence } from "../ping/echo.ts";
import { IPV4_HEADER, type ProbeOptions, Prober } from "./probe.ts";

const UDP_HEADER = 8;
/** Without options; with those that a SYN of today has. */
const TCP_HEADER = 20;
const SYN_LENGTH = 40;

/** Datagrams whose destination port is the first one's and their number. Where nobody listens: port unreachable, the end. */
export class UdpProber extends Prober {
  private readonly data: Uint8Array;

  constructor(host: Host, options: ProbeOptions) {
    super(host, options, SOCK_DGRAM, IPPROTO_UDP);
    const length = Math.max(0, options.packetLength - IPV4_HEADER - UDP_HEADER);
    this.data = new Uint8Array(length).map((_, at) => (0x40 + at) & 0x7f);
  }

  protected override transmit(index: number): number {
    const { destination: address, port } = this.options;
    return this.socket.core.sendTo(this.data, 0, this.data.length, 0, { address, port: port + index });
  }

  /** Somebody does listen there. */
  protected override probeOfReply(): number | undefined {
    return this.byPort();
  }

  protected override probeOfError(): number | undefined {
    return this.byPort();
  }

  private byPort(): number | undefined {
    const index = this.socket.core.message.port - this.options.port;
    return index >= 0 ? index : undefined;
  }
}

/** Echo requests, with their number as the sequence number, from 1. */
export class IcmpProber extends Prober {
  private readonly request: Uint8Array;

  constructor(host: Host, options: ProbeOptions) {
    super(host, options, SOCK_DGRAM, IPPROTO_ICMP);
    const size = Math.max(0, options.packetLength - IPV4_HEADER - ECHO_HEADER_LENGTH);
    this.request = echoRequest(size, new Uint8Array(0));
  }

  protected override transmit(index: number): number {
    const { request, options } = this;
    setSequence(request, index + 1);
    return this.socket.core.sendTo(request, 0, request.length, 0, { address: options.destination, port: 0 });
  }

  protected override probeOfReply(length: number): number | undefined {
    return this.bySequence(length);
  }

  protected override probeOfError(length: number): number | undefined {
    return this.bySequence(length);
  }

  private bySequence(length: number): number | undefined {
    const sequence = sequenceOf(this.buffer, length);
    return sequence === undefined || sequence === 0 ? undefined : sequence - 1;
  }
}

/**
 * SYN segments made by hand, each from a port of its own, which a socket keeps for it. The answer, SYN and ACK or RST, is the end; this
 * host's TCP knows nothing of the connection and resets it.
 */
export class TcpProber extends Prober {
  private readonly segment = new Uint8Array(SYN_LENGTH);
  private readonly view = new DataView(this.segment.buffer);
  /** Which probe came from which port. */
  private readonly probes = new Map<number, number>();
  private readonly keepers: Socket[] = [];
  private readonly pseudoSum: number;

  constructor(host: Host, options: ProbeOptions) {
    super(host, options, SOCK_RAW, IPPROTO_TCP);
    this.pseudoSum =
      sumOf(inet_aton(options.source)) + sumOf(inet_aton(options.destination)) + IPPROTO_TCP + SYN_LENGTH;
    const { view } = this;
    view.setUint16(2, options.port);
    view.setUint16(12, ((SYN_LENGTH / 4) << 12) | 0x02); // data offset, SYN
    view.setUint16(14, 65_535);
    // MSS 1460, SACK permitted, timestamps, no operation, window scale 7 (RFC 9293 §3.1, RFC 2018 §2, RFC 7323 §2.2, §3.2)
    this.segment.set([2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7], TCP_HEADER);
  }

  override async close(): Promise<void> {
    await super.close();
    for (const keeper of this.keepers) await keeper.close();
  }

  protected override transmit(index: number): number {
    const { view, segment, host, options } = this;
    view.setUint16(0, this.portFor(index));
    view.setUint32(4, host.random.uint32());
    view.setUint16(16, 0);
    view.setUint16(16, ~fold(this.pseudoSum + sumOf(segment)) & 0xffff);
    return this.socket.core.sendTo(segment, 0, segment.length, 0, { address: options.destination, port: 0 });
  }

  /** The buffer begins with the IPv4 header. */
  protected override probeOfReply(length: number): number | undefined {
    const { buffer, options } = this;
    const header = (buffer[0]! & 15) * 4;
    if (length < header + TCP_HEADER) return undefined;
    const from = buffer.subarray(12, 16).join(".");
    const [source, destination] = [uint16(buffer, header), uint16(buffer, header + 2)];
    return from === options.destination && source === options.port ? this.probes.get(destination) : undefined;
  }

  protected override probeOfError(length: number): number | undefined {
    return length < 4 ? undefined : this.probes.get(uint16(this.buffer, 0));
  }

  /** A port that nobody else has as long as this lives. */
  private portFor(index: number): number {
    const keeper = this.host.socket(AF_INET, SOCK_STREAM);
    this.keepers.push(keeper);
    keeper.bind({ address: this.options.source, port: 0 });
    const { port } = keeper.getsockname();
    this.probes.set(port, index);
    return port;
  }
}

function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** RFC 1071, without the fold. `bytes`: an even number of them. */
function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += uint16(bytes, at);
  return sum;
}

function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded >>> 16) + (folded & 0xffff);
  return folded;
}
