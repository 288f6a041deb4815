import { EINVAL, EOPNOTSUPP } from "../base/errno.ts";
import { ANY_ADDRESS } from "../ip/address.ts";
import type { Memberships } from "../ip/memberships.ts";
import { DatagramInfo, type UdpEndpoint } from "../udp/endpoint.ts";
import type { UdpSettings } from "../udp/settings.ts";
import type { Udp } from "../udp/udp.ts";
import { IPPROTO_UDP, MSG_OOB, SOCK_DGRAM } from "./constants.ts";
import type { SocketOwner } from "./core.ts";
import { InetCore } from "./inet-core.ts";
import { MAX_BUFFER_BYTES, tellOf } from "./ip-messages.ts";

/** `SOCK_DGRAM` in `AF_INET`: a UDP endpoint. */
export class DatagramCore extends InetCore {
  private readonly udp: Udp;
  private readonly endpoint: UdpEndpoint;
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

  protected override connectTo(address: number, port: number): number {
    return this.endpoint.connect(address, port);
  }

  protected override dissolve(): number {
    return this.endpoint.disconnect();
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

  protected override shutdownHow(how: number): number {
    return this.endpoint.shutdown(how);
  }

  protected override release(): void {
    this.endpoint.close();
  }

  /** The multicast groups it has joined. */
  get memberships(): Memberships {
    return this.endpoint.memberships;
  }

  override get settings(): UdpSettings {
    return this.endpoint.settings;
  }

  override settingsChanged(): void {
    const { common, settings } = this;
    settings.broadcast = common.broadcast;
    settings.pathMtuDiscovery = common.mtuDiscover;
    settings.receiveErrors = common.receiveErrors;
    this.endpoint.settingsChanged();
  }

  override get maxReceiveBufferBytes(): number {
    return MAX_BUFFER_BYTES;
  }

  override get maxSendBufferBytes(): number {
    return MAX_BUFFER_BYTES;
  }

  override get defaultTimeToLive(): number {
    return this.udp.config.timeToLive;
  }

  override get readiness(): number {
    return this.endpoint.readiness();
  }

  override takeError(): number {
    return this.endpoint.takeError();
  }

  override get readable(): number {
    return this.endpoint.nextLength;
  }

  override get localAddress(): number {
    return this.endpoint.localAddress;
  }

  override get localPort(): number {
    return this.endpoint.localPort;
  }

  override get remoteAddress(): number {
    return this.endpoint.remoteAddress;
  }

  override get remotePort(): number {
    return this.endpoint.remotePort;
  }

  override get stateName(): string {
    return this.endpoint.connected ? "ESTABLISHED" : "UNCONN";
  }
}
