/** What sockets over UDP and over IP itself have in common: an endpoint below, which receives whole datagrams. */
import { formatAddress } from "../ip/address.ts";
import type { QueuedError } from "../ip/error-queue.ts";
import type { Memberships } from "../ip/memberships.ts";
import type { ReceivedInfo } from "../ip/received.ts";
import { MSG_ERRQUEUE, MSG_TRUNC } from "./constants.ts";
import type { TransportSettings } from "./core.ts";
import { InetCore } from "./inet-core.ts";
import type { ExtendedError, MessageInfo } from "./message.ts";

/** What SO_RCVBUF and SO_SNDBUF may ask for, bytes: Linux's net.core.rmem_max and wmem_max. */
const MAX_BUFFER_BYTES = 212_992;

interface EndpointSettings extends TransportSettings {
  broadcast: boolean;
  pathMtuDiscovery: number;
  receiveErrors: boolean;
}

/** A user of UDP or of IP, as `UdpEndpoint` and `IpEndpoint` are. */
interface Endpoint {
  readonly settings: EndpointSettings;
  readonly memberships: Memberships;
  readonly connected: boolean;
  readonly nextLength: number;
  readonly localAddress: number;
  readonly remoteAddress: number;
  readonly remotePort: number;
  connect(address: number, port: number): number;
  disconnect(): number;
  shutdown(how: number): number;
  close(): void;
  settingsChanged(): void;
  readiness(): number;
  takeError(): number;
}

export abstract class EndpointCore extends InetCore {
  abstract readonly endpoint: Endpoint;

  protected override connectTo(address: number, port: number): number {
    return this.endpoint.connect(address, port);
  }

  protected override dissolve(): number {
    return this.endpoint.disconnect();
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

  override settingsChanged(): void {
    const { common, endpoint } = this;
    endpoint.settings.broadcast = common.broadcast;
    endpoint.settings.pathMtuDiscovery = common.mtuDiscover;
    endpoint.settings.receiveErrors = common.receiveErrors;
    endpoint.settingsChanged();
  }

  override get maxReceiveBufferBytes(): number {
    return MAX_BUFFER_BYTES;
  }

  override get maxSendBufferBytes(): number {
    return MAX_BUFFER_BYTES;
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

/** Fills in all of `message` but the port. `flags`: those of the call. */
export function tellOf(info: ReceivedInfo, flags: number, message: MessageInfo): void {
  message.address = info.address;
  message.length = info.fullLength;
  message.flags = (info.truncated ? MSG_TRUNC : 0) | (flags & MSG_ERRQUEUE);
  message.destination = info.destination;
  message.interfaceIndex = info.interfaceIndex;
  message.timeToLive = info.timeToLive;
  message.trafficClass = info.trafficClass;
  message.arrivedMicros = info.arrivedMicros;
  message.error = info.error === undefined ? undefined : extendedError(info.error);
}

function extendedError({ errno, origin, type, code, info, offender }: QueuedError): ExtendedError {
  return { errno, origin, type, code, info, offender: formatAddress(offender) };
}
