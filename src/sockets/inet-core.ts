/** What the sockets of AF_INET have in common: a name is an address and a port. */
import { EACCES } from "../base/errno.ts";
import { ANY_ADDRESS, formatAddress } from "../ip/address.ts";
import { type Place, placeAddress, placePort } from "./address.ts";
import { AF_INET } from "./constants.ts";
import { SocketCore, type SocketOwner } from "./core.ts";
import { inetName, type SocketName } from "./socket-name.ts";

/** Ports below are the system's own (RFC 6335 §6: System Ports; Linux's ip_unprivileged_port_start). */
const FIRST_UNPRIVILEGED_PORT = 1024;

export abstract class InetCore extends SocketCore {
  constructor(owner: SocketOwner, type: number, protocol: number) {
    super(owner, AF_INET, type, protocol);
  }

  protected override bindPlace(place: Place, port: number | undefined): number {
    const address = placeAddress("bind", place);
    const number = placePort("bind", place, port);
    return this.mayBind(address, number) ? this.bindTo(address, number) : -EACCES;
  }

  /** Whether the right to a privileged port is there, or there is a worse fault: Linux looks at the address first. */
  private mayBind(address: number, port: number): boolean {
    if (!this.hasPorts || port === 0 || port >= FIRST_UNPRIVILEGED_PORT) return true;
    if (this.owner.capabilities.has("CAP_NET_BIND_SERVICE")) return true;
    const { ipv4 } = this.owner;
    return address !== ANY_ADDRESS && !ipv4.isLocal(address) && !ipv4.isBroadcastOrMulticast(address);
  }

  protected override connectPlace(place: Place, port: number | undefined): number {
    return this.connectTo(placeAddress("connect", place), placePort("connect", place, port));
  }

  protected override sendToPlace(
    data: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    place: Place,
    port: number | undefined,
  ): number {
    const address = placeAddress("sendTo", place);
    return this.sendBytesTo(data, offset, length, flags, address, placePort("sendTo", place, port));
  }

  protected abstract bindTo(address: number, port: number): number;
  protected abstract connectTo(address: number, port: number): number;
  protected abstract sendBytesTo(
    data: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    address: number,
    port: number,
  ): number;

  /** Int32; 0 for none. */
  abstract get localAddress(): number;
  abstract get localPort(): number;
  /** Int32; 0, as the port, while there is no peer. */
  abstract get remoteAddress(): number;
  abstract get remotePort(): number;

  /** False for raw sockets, where the number in a port's place means nothing. */
  protected get hasPorts(): boolean {
    return true;
  }

  override get localName(): SocketName {
    return inetName(this.localAddress, this.localPort);
  }

  override get remoteName(): SocketName | undefined {
    return this.remotePort === 0 ? undefined : inetName(this.remoteAddress, this.remotePort);
  }

  override get senderName(): SocketName | undefined {
    return inetName(this.message.address, this.message.port);
  }

  override describe(): string {
    return describeEnds(this);
  }
}

/** A socket, or a connection. */
interface Ends {
  readonly localAddress: number;
  readonly localPort: number;
  readonly remoteAddress: number;
  readonly remotePort: number;
  readonly stateName: string;
}

/** `10.0.0.1:49152 ↔ 10.0.0.2:80 (ESTABLISHED)`, or without a peer `0.0.0.0:80 (LISTEN)`. */
export function describeEnds(socket: Ends): string {
  const { localAddress, localPort, remoteAddress, remotePort, stateName } = socket;
  const local = `${formatAddress(localAddress)}:${localPort}`;
  const remote = remotePort === 0 ? "" : ` ↔ ${formatAddress(remoteAddress)}:${remotePort}`;
  return `${local}${remote} (${stateName})`;
}
