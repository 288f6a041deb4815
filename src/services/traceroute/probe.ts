/** Probes of traceroute: how each kind is sent, and by what an answer tells which one it answers. */
import { EAGAIN, EMSGSIZE } from "../../base/errno.ts";
import type { Host } from "../../host/host.ts";
import { inetAddress } from "../../sockets/address.ts";
import {
  AF_INET,
  IP_MTU_DISCOVER,
  IP_PMTUDISC_DO,
  IP_PMTUDISC_DONT,
  IP_RECVERR,
  IP_TTL,
  IPPROTO_IP,
  MSG_ERRQUEUE,
  SO_EE_ORIGIN_LOCAL,
  SOCK_DGRAM,
} from "../../sockets/constants.ts";
import { SocketError } from "../../sockets/error.ts";
import type { ExtendedError } from "../../sockets/message.ts";
import type { Socket } from "../../sockets/socket.ts";

/** What came back for a probe. */
export interface Answer {
  /** Which one, from 0. */
  readonly probe: number;
  /** Who answered, a dotted quad. */
  readonly from: string;
  /** When, microseconds of the host's clock. */
  readonly arrivedMicros: number;
  /** "", or why it goes no further, in traceroute's marks: "!H", "!N", "!X", "!F-1400". */
  readonly mark: string;
  /** Whether nothing lies behind. */
  readonly final: boolean;
}

export interface ProbeOptions {
  /** A dotted quad. */
  readonly destination: string;
  /** This host's address towards it. */
  readonly source: string;
  /** Bytes of each packet, IPv4 header included. */
  readonly packetLength: number;
  /** Whether routers must not fragment them. */
  readonly dontFragment: boolean;
  /** UDP: of the first probe; the others follow it. TCP: of all. */
  readonly port: number;
}

export const IPV4_HEADER = 20;
const TIME_EXCEEDED = 11;
const UNREACHABLE = 3;
const PORT_UNREACHABLE = 3;
const TOO_BIG = 4;
/** Errors about earlier probes that a send may meet before it goes out. */
const SEND_TRIES = 32;

/** One way of probing: a socket with its error queue. */
export abstract class Prober {
  readonly socket: Socket;
  protected readonly host: Host;
  protected readonly options: ProbeOptions;
  protected readonly buffer = new Uint8Array(65_536);
  private timeToLive = 0;

  constructor(host: Host, options: ProbeOptions, type: number, protocol: number) {
    this.host = host;
    this.options = options;
    this.socket = host.socket(AF_INET, type, protocol);
    this.socket.setsockopt(IPPROTO_IP, IP_RECVERR, 1);
    const discover = options.dontFragment ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT;
    this.socket.setsockopt(IPPROTO_IP, IP_MTU_DISCOVER, discover);
  }

  /** Sends probe `index` to live for `timeToLive` hops; answers to others that it met go to `told`. SocketError. */
  send(index: number, timeToLive: number, told: (answer: Answer) => void): void {
    if (timeToLive !== this.timeToLive) this.socket.setsockopt(IPPROTO_IP, IP_TTL, timeToLive);
    this.timeToLive = timeToLive;
    for (let tries = 1; ; tries++) {
      const result = this.transmit(index);
      if (result === -EMSGSIZE) this.tooLong(index, told);
      if (result >= 0 || result === -EMSGSIZE) return;
      const answer = this.take(); // what an earlier probe has met stands in the way
      if (answer === undefined || tries === SEND_TRIES) throw new SocketError(result, "sendto");
      told(answer);
    }
  }

  /** The next answer; undefined when none has come. */
  take(): Answer | undefined {
    const { core } = this.socket;
    for (;;) {
      const quoted = core.receive(this.buffer, 0, this.buffer.length, MSG_ERRQUEUE);
      const { error } = core.message;
      if (quoted >= 0 && error !== undefined) {
        const probe = this.probeOfError(quoted);
        if (probe !== undefined) return this.answerOfError(probe, error);
        continue;
      }
      const length = core.receive(this.buffer);
      if (length === -EAGAIN) return undefined;
      if (length < 0 && core.closed) throw new SocketError(length, "recvmsg");
      const probe = length < 0 ? undefined : this.probeOfReply(length);
      if (probe === undefined) continue;
      const { arrivedMicros, address } = core.message;
      return { probe, from: inetAddress(address, 0).address, arrivedMicros, mark: "", final: true };
    }
  }

  async close(): Promise<void> {
    await this.socket.close();
  }

  /** Sends it; a negative errno when it cannot be sent. */
  protected abstract transmit(index: number): number;
  /** Which probe the first `length` bytes of the buffer answer; undefined: none of ours. */
  protected abstract probeOfReply(length: number): number | undefined;
  /** Which probe the error is about that was read last; the buffer has what the ICMP message quotes of it. */
  protected abstract probeOfError(length: number): number | undefined;

  private answerOfError(probe: number, error: ExtendedError): Answer {
    const { arrivedMicros } = this.socket.core.message;
    const isLocal = error.origin === SO_EE_ORIGIN_LOCAL;
    const from = isLocal ? this.options.source : error.offender;
    const final = isLocal || error.type !== TIME_EXCEEDED;
    return { probe, from, arrivedMicros, mark: final ? markOf(error) : "", final };
  }

  /** This host itself says that it is too long for the path. */
  private tooLong(index: number, told: (answer: Answer) => void): void {
    const { core } = this.socket;
    core.receive(this.buffer, 0, this.buffer.length, MSG_ERRQUEUE);
    const mtu = core.message.error?.info ?? 0;
    this.host.clock.sample();
    const arrivedMicros = this.host.clock.now;
    told({ probe: index, from: this.options.source, arrivedMicros, mark: `!F-${mtu}`, final: true });
  }
}

/** What Debian's traceroute writes for an ICMP message that says "unreachable". */
function markOf({ type, code, info, origin }: ExtendedError): string {
  if (origin === SO_EE_ORIGIN_LOCAL) return info > 0 ? `!F-${info}` : "!H";
  if (type !== UNREACHABLE) return `!<${type}-${code}>`;
  if (code === PORT_UNREACHABLE) return "";
  if (code === TOO_BIG) return `!F-${info}`;
  return MARKS[code] ?? `!<${code}>`;
}

/** By code (RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1). */
const MARKS: Readonly<Record<number, string>> = {
  0: "!N",
  1: "!H",
  2: "!P",
  5: "!S",
  6: "!N",
  7: "!H",
  8: "!N",
  9: "!X",
  10: "!X",
  11: "!N",
  12: "!H",
  13: "!X",
  14: "!V",
  15: "!C",
};

/** This host's address towards `destination`. SocketError where there is no way. */
export async function sourceTowards(host: Host, destination: string): Promise<string> {
  const socket = host.socket(AF_INET, SOCK_DGRAM);
  try {
    await socket.connect({ address: destination, port: 33_434 });
    return socket.getsockname().address;
  } finally {
    await socket.close();
  }
}
