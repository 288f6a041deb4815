/** From connected sockets to the streams of a measurement: the same at both ends. */
import type { Host } from "../../host/host.ts";
import {
  IP_TOS,
  IPPROTO_IP,
  IPPROTO_TCP,
  SO_RCVBUF,
  SO_SNDBUF,
  SOL_SOCKET,
  TCP_CONGESTION,
  TCP_MAXSEG,
  TCP_NODELAY,
} from "../../sockets/constants.ts";
import type { SocketCore } from "../../sockets/core.ts";
import { SocketError } from "../../sockets/error.ts";
import { writeOption } from "../../sockets/options/index.ts";
import type { Socket } from "../../sockets/socket.ts";
import { Budget, type Flow } from "./flow.ts";
import type { Settings } from "./settings.ts";
import { TcpReceiver, TcpSender } from "./tcp-flow.ts";
import { UdpReceiver, UdpSender } from "./udp-flow.ts";

/** What a receiver takes at once, bytes: several of a sender's blocks. */
const RECEIVE_BUFFER = 1 << 20;
/** As much of a UDP stream as Linux lets a program ask for waits for its receiver. */
const DATAGRAM_BUFFER = 212_992;

/** What a client says to open a stream over UDP, and what the server answers: numbers in the order of a PC's memory. */
export const UDP_HELLO = Uint8Array.of(0x39, 0x38, 0x37, 0x36);
export const UDP_WELCOME = Uint8Array.of(0x36, 0x37, 0x38, 0x39);
/** The same, before iperf 3.10. */
export const UDP_OLD_HELLO = Uint8Array.of(0x15, 0xcd, 0x5b, 0x07);
export const UDP_OLD_WELCOME = Uint8Array.of(0xb1, 0x68, 0xde, 0x3a);

/** iperf3's number of the stream that is opened as the `index`-th, from 0. */
export function streamId(index: number): number {
  return index === 0 ? 1 : index + 2;
}

/** How many streams a measurement has in which direction. `server`: seen from there. */
export function streamCounts({ streams, reverse, bidirectional }: Settings): {
  toServer: number;
  toClient: number;
} {
  if (bidirectional) return { toServer: streams, toClient: streams };
  return reverse ? { toServer: 0, toClient: streams } : { toServer: streams, toClient: 0 };
}

/** Sets what the settings ask of a socket before it is connected. SocketError where that cannot be. */
export function prepareSocket(socket: Socket, settings: Settings): void {
  const { protocol, windowBytes, trafficClass } = settings;
  if (trafficClass > 0) socket.setsockopt(IPPROTO_IP, IP_TOS, trafficClass);
  const buffer = windowBytes === 0 && protocol === "udp" ? DATAGRAM_BUFFER : windowBytes;
  if (buffer > 0) {
    socket.setsockopt(SOL_SOCKET, SO_SNDBUF, buffer);
    socket.setsockopt(SOL_SOCKET, SO_RCVBUF, buffer);
  }
  if (protocol === "udp") return;
  if (settings.maximumSegment > 0) socket.setsockopt(IPPROTO_TCP, TCP_MAXSEG, settings.maximumSegment);
  if (settings.noDelay) socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
  if (settings.congestion !== "") socket.setsockopt(IPPROTO_TCP, TCP_CONGESTION, settings.congestion);
}

/** As {@link prepareSocket}, of a connection that was accepted: what comes too late for it is left as it is. */
export function prepareAccepted(core: SocketCore, settings: Settings): void {
  const { trafficClass, noDelay, congestion } = settings;
  if (trafficClass > 0) writeOption(core, IPPROTO_IP, IP_TOS, trafficClass);
  if (noDelay) writeOption(core, IPPROTO_TCP, TCP_NODELAY, 1);
  try {
    if (congestion !== "") writeOption(core, IPPROTO_TCP, TCP_CONGESTION, congestion);
  } catch (error) {
    if (!(error instanceof SocketError)) throw error; // the client has one that this stack has not
  }
}

/** What decides how fast the streams may send; "" where nothing does. */
export function congestionOf(sockets: readonly Socket[], { protocol }: Settings): string {
  return protocol === "tcp" ? (sockets[0]?.getsockopt(IPPROTO_TCP, TCP_CONGESTION) ?? "") : "";
}

/** Makes streams of sockets: one buffer to send from and one to receive into serve all of them. */
export class StreamMaker {
  readonly budget: Budget;
  private readonly host: Host;
  private readonly settings: Settings;
  private readonly block: Uint8Array;
  private readonly buffer: Uint8Array;

  constructor(host: Host, settings: Settings) {
    this.host = host;
    this.settings = settings;
    this.budget = new Budget(settings.bytes, settings.blocks);
    this.block = new Uint8Array(settings.blockLength).map((_, at) => at & 0xff);
    this.buffer = new Uint8Array(settings.protocol === "udp" ? 65_536 : RECEIVE_BUFFER);
  }

  /** `index`: the how many-th stream it is, from 0. */
  make(core: SocketCore, index: number, sends: boolean): Flow {
    const { host, settings, block, buffer, budget } = this;
    const { protocol, bitsPerSecond, blockLength, longCounters } = settings;
    const id = streamId(index);
    if (protocol === "tcp") {
      return sends
        ? new TcpSender(host, core, id, budget, block, bitsPerSecond)
        : new TcpReceiver(host, core, id, budget, buffer, blockLength);
    }
    return sends
      ? new UdpSender(host, core, id, budget, block, bitsPerSecond, longCounters)
      : new UdpReceiver(host, core, id, budget, buffer, longCounters);
  }
}
