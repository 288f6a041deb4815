/**
 * How a DHCP client speaks: over a packet socket while it has no address, over UDP while it has one. The former sees every datagram
 * of its interface, also those for the address that is about to be given; so it is open only as long as it is needed.
 */
import { ENOTCONN } from "../../base/errno.ts";
import type { Host } from "../../host/host.ts";
import {
  AF_INET,
  AF_PACKET,
  ETH_P_IP,
  SO_BINDTODEVICE,
  SO_BROADCAST,
  SOCK_DGRAM,
  SOL_SOCKET,
} from "../../sockets/constants.ts";
import type { SocketCore } from "../../sockets/core.ts";
import { setOption } from "../../sockets/options/index.ts";
import { Waiter } from "../../sockets/waiter.ts";
import { CLIENT_PORT, SERVER_PORT, unwrapDatagram, wrapDatagram } from "./datagram.ts";

/** What is longer is no answer to us: see the option "maximum message size". */
const BUFFER_BYTES = 2048;
/** Datagrams looked at before others get their turn. */
const BATCH = 64;
const EVERYBODY = "255.255.255.255";
const EVERY_STATION = new Uint8Array(6).fill(0xff);

type Interface = Host["ipv4"]["interfaces"][number];

/** Who is told what comes. */
export interface ChannelOwner {
  /** The bytes of a message, valid during the call. */
  arrived(bytes: Uint8Array): void;
  /** The host was closed, and the socket with it. */
  cutOff(): void;
}

/** Calls return ≥ 0 or a negative errno. */
export class Channel {
  private readonly host: Host;
  private readonly by: Interface;
  private readonly owner: ChannelOwner;
  private readonly buffer = new Uint8Array(BUFFER_BYTES);
  private readonly ending: Ending;
  private socket: SocketCore | undefined = undefined;
  private isPacket = false;

  constructor(host: Host, by: Interface, owner: ChannelOwner) {
    this.host = host;
    this.by = by;
    this.owner = owner;
    this.ending = new Ending(() => owner.cutOff());
  }

  /** Speaks without an address. EPERM, ENOMEM, ENODEV. */
  openPacket(): number {
    if (this.socket !== undefined && this.isPacket) return 0;
    return this.open(this.host.makeSocket(AF_PACKET, SOCK_DGRAM, ETH_P_IP), true, (socket) =>
      socket.bind({ interfaceIndex: this.by.index + 1, protocol: ETH_P_IP }),
    );
  }

  /** Speaks from the interface's address. EADDRINUSE (somebody else has port 68), EACCES, ENOMEM, ENODEV. */
  openUdp(): number {
    if (this.socket !== undefined && !this.isPacket) return 0;
    return this.open(this.host.makeSocket(AF_INET, SOCK_DGRAM, 0), false, (socket) => {
      const bound = setOption(socket, SOL_SOCKET, SO_BINDTODEVICE, this.by.name);
      if (bound < 0) return bound;
      setOption(socket, SOL_SOCKET, SO_BROADCAST, 1);
      return socket.bind({ address: "", port: CLIENT_PORT });
    });
  }

  /** Sends to `server`, a dotted quad, or to everybody; to one alone only from an address. */
  send(message: Uint8Array, server = EVERYBODY): number {
    const { socket } = this;
    if (socket === undefined) return -ENOTCONN;
    if (!this.isPacket) return socket.sendTo(message, 0, message.length, 0, server, SERVER_PORT);
    const datagram = wrapDatagram(message);
    const place = { interfaceIndex: this.by.index + 1, protocol: ETH_P_IP, hardwareAddress: EVERY_STATION };
    return socket.sendTo(datagram, 0, datagram.length, 0, place);
  }

  close(): void {
    const { socket } = this;
    if (socket === undefined) return;
    this.socket = undefined;
    this.ending.leave();
    socket.close();
  }

  private open(
    socket: SocketCore | number,
    isPacket: boolean,
    prepare: (socket: SocketCore) => number,
  ): number {
    this.close();
    if (typeof socket === "number") return socket;
    const result = prepare(socket);
    if (result < 0) {
      socket.close();
      return result;
    }
    this.socket = socket;
    this.isPacket = isPacket;
    socket.watchers.add(this.ending, 0);
    socket.onReadiness = () => this.drain(socket);
    return 0;
  }

  private drain(socket: SocketCore): void {
    const { buffer } = this;
    for (let count = 0; count < BATCH; count++) {
      const length = socket.receive(buffer);
      if (length < 0) return;
      const message = this.messageIn(socket, buffer.subarray(0, length));
      if (message !== undefined) this.owner.arrived(message);
      if (this.socket !== socket) return; // it was for that that it was open
    }
    socket.onReadiness = () => this.drain(socket); // for the rest, after the others
  }

  /** What a server's port has sent to the client's, whole. */
  private messageIn(socket: SocketCore, bytes: Uint8Array): Uint8Array | undefined {
    if (bytes.length < socket.message.length) return undefined;
    if (this.isPacket) return unwrapDatagram(bytes);
    return socket.message.port === SERVER_PORT ? bytes : undefined;
  }
}

/** Stands at the socket only to learn that it was closed by somebody else. */
class Ending extends Waiter {
  private readonly tell: () => void;

  constructor(tell: () => void) {
    super();
    this.tell = tell;
  }

  override wake(): void {}

  override dismiss(): void {
    this.tell();
  }
}
