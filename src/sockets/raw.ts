/** Sockets that speak IP itself, without ports: `SOCK_RAW` in `AF_INET` (raw(7)), and what ping sockets share with them. */
import { EOPNOTSUPP } from "../base/errno.ts";
import type { IpEndpoint, OneSend } from "../ip/ip-endpoint.ts";
import type { Raw } from "../ip/raw.ts";
import type { RawEndpoint } from "../ip/raw-endpoint.ts";
import type { RawSettings } from "../ip/raw-settings.ts";
import { ReceivedInfo } from "../ip/received.ts";
import {
  IPPROTO_RAW,
  MSG_DONTROUTE,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  SOCK_RAW,
} from "./constants.ts";
import type { SocketOwner } from "./core.ts";
import { EndpointCore, tellOf } from "./endpoint-core.ts";

/** IP_TTL, when it is given back. */
const DEFAULT_TIME_TO_LIVE = 64;
const USUAL: OneSend = { source: 0, interfaceIndex: -1, timeToLive: -1, trafficClass: -1 };

/** A socket over an endpoint of IP. */
export abstract class IpCore extends EndpointCore {
  abstract override readonly endpoint: IpEndpoint;
  private readonly info = new ReceivedInfo();

  protected override get hasPorts(): boolean {
    return false;
  }

  protected override sendBytes(data: Uint8Array, offset: number, length: number, flags: number): number {
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    return this.endpoint.send(data, offset, length, this.oneSend(flags));
  }

  protected override sendBytesTo(
    data: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    address: number,
  ): number {
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    return this.endpoint.sendTo(data, offset, length, address, this.oneSend(flags));
  }

  protected override receiveBytes(into: Uint8Array, offset: number, length: number, flags: number): number {
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    const { info, message } = this;
    const known = flags & (MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC | MSG_ERRQUEUE);
    const count = this.endpoint.receive(into, offset, length, known, info);
    if (count < 0) return count;
    tellOf(info, flags, message);
    message.port = 0;
    return count;
  }

  override get settings(): RawSettings {
    return this.endpoint.settings;
  }

  override get defaultTimeToLive(): number {
    return DEFAULT_TIME_TO_LIVE;
  }

  /** What control messages and flags ask of this one send; undefined: nothing. */
  private oneSend(flags: number): OneSend | undefined {
    if ((flags & MSG_DONTROUTE) === 0) return this.outgoing;
    return { ...(this.outgoing ?? USUAL), onLink: true };
  }
}

/** `SOCK_RAW` in `AF_INET`. */
export class RawCore extends IpCore {
  override readonly endpoint: RawEndpoint;

  constructor(owner: SocketOwner, raw: Raw, protocol: number) {
    super(owner, SOCK_RAW, protocol);
    this.endpoint = raw.create(protocol);
    this.endpoint.onEvent = this.notify;
    // raw(7): IPPROTO_RAW implies IP_HDRINCL
    this.endpoint.settings.headerIncluded = protocol === IPPROTO_RAW;
  }

  protected override bindTo(address: number): number {
    return this.endpoint.bind(address);
  }

  /** Where others have a port, Linux shows the protocol; 0 once the socket was disconnected. */
  override get localPort(): number {
    return this.endpoint.listening ? this.protocol : 0;
  }

  override describe(): string {
    return `raw ${super.describe()}`;
  }
}
