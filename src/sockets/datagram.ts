import { EINVAL, EOPNOTSUPP } from "../base/errno.ts";
import { ANY_ADDRESS } from "../ip/address.ts";
import { DatagramInfo, type UdpEndpoint } from "../udp/endpoint.ts";
import type { UdpSettings } from "../udp/settings.ts";
import type { Udp } from "../udp/udp.ts";
import { IPPROTO_UDP, MSG_OOB, SOCK_DGRAM } from "./constants.ts";
import type { SocketOwner } from "./core.ts";
import { EndpointCore, tellOf } from "./endpoint-core.ts";

/** `SOCK_DGRAM` in `AF_INET`: a UDP endpoint. */
export class DatagramCore extends EndpointCore {
  private readonly udp: Udp;
  override readonly endpoint: UdpEndpoint;
  private readonly info = new DatagramInfo();

  constructor(owner: SocketOwner, udp: Udp) {
    super(owner, SOCK_DGRAM, IPPROTO_UDP);
    this.udp = udp;
    this.endpoint = udp.create();
    this.endpoint.onEvent = this.notify;
  }

  protected override bindTo(address: number, port: number): number {
    return this.endpoint.bind(address, port);
  }

  protected override sendBytes(data: Uint8Array, offset: number, length: number, flags: number): number {
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    return this.endpoint.send(data, offset, length, ANY_ADDRESS, 0, flags, this.outgoing); // to the connected peer
  }

  protected override sendBytesTo(
    data: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    address: number,
    port: number,
  ): number {
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    if (address === ANY_ADDRESS && port === 0) return -EINVAL;
    return this.endpoint.send(data, offset, length, address, port, flags, this.outgoing);
  }

  protected override receiveBytes(into: Uint8Array, offset: number, length: number, flags: number): number {
    const { info, message } = this;
    const count = this.endpoint.receive(into, offset, length, flags, info);
    if (count < 0) return count;
    tellOf(info, flags, message);
    message.port = info.port;
    return count;
  }

  override get settings(): UdpSettings {
    return this.endpoint.settings;
  }

  override get defaultTimeToLive(): number {
    return this.udp.config.timeToLive;
  }

  override get localPort(): number {
    return this.endpoint.localPort;
  }
}
