/** Sockets of `AF_PACKET` (packet(7)): what a host's interfaces carry, whole and past IP. */
import { EINVAL, ENODEV, EOPNOTSUPP } from "../base/errno.ts";
import { type Tap, TapInfo, type TapSettings, type Taps } from "../ip/tap.ts";
import type { PacketPlace, Place } from "./address.ts";
import {
  AF_PACKET,
  ARPHRD_NONE,
  ETH_P_ALL,
  ETH_P_ARP,
  ETH_P_IP,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_PEEK,
  MSG_TRUNC,
  SOCK_RAW,
} from "./constants.ts";
import { SocketCore, type SocketOwner } from "./core.ts";
import { htons } from "./inet.ts";
import { checkRange, show } from "./misuse.ts";
import type { PacketName } from "./socket-name.ts";

/** What SO_RCVBUF and SO_SNDBUF may ask for, bytes: Linux's net.core.rmem_max and wmem_max. */
const MAX_BUFFER_BYTES = 212_992;
const DEFAULT_TIME_TO_LIVE = 64;
/** What `recv` takes; any other flag is EINVAL. */
const RECEIVE_FLAGS = MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC | MSG_ERRQUEUE;
/** Of <linux/if_packet.h>. */
const PACKET_MR_PROMISC = 1;
const NO_ADDRESS = new Uint8Array(0);
/** Protocols that are known in either order of their bytes: none is another's mirror image. */
const KNOWN: readonly number[] = [ETH_P_ALL, ETH_P_IP, ETH_P_ARP];

/**
 * The protocol that `socket()` was given. Books write `htons(ETH_P_ALL)`; a plain ETH_P_ALL, ETH_P_IP or ETH_P_ARP can mean
 * nothing else and is taken too, where Linux would take its mirror image and never receive anything.
 */
export function packetProtocol(number: number): number {
  const low = number & 0xffff;
  return KNOWN.includes(low) ? low : htons(low);
}

/** The protocol of a place, which is in host order; the known ones may be in network order. */
function placeProtocol(number: number): number {
  return KNOWN.includes(htons(number)) ? htons(number) : number;
}

/**
 * `SOCK_RAW` and `SOCK_DGRAM` in `AF_PACKET`. On an Ethernet SOCK_RAW reads and writes whole frames, ARP's too; with SOCK_DGRAM they
 * come without their header and get one for the station and the protocol of the place they are sent to. Frames for other stations are
 * seen while a socket has the interface promiscuous (PACKET_ADD_MEMBERSHIP). On `lo` a frame of SOCK_RAW begins with 14 bytes of Ethernet
 * header, addresses of zeros and the EtherType. Links that carry bare datagrams have no frames: with both types what is sent and received there
 * begins with the IPv4 header, as on Linux's TUN. With ETH_P_ALL it sees what goes out too, but not what it sent
 * itself; with another protocol only what comes in. It sees all interfaces, or the one that it is bound to.
 */
export class PacketCore extends SocketCore {
  private readonly tap: Tap;
  private readonly taps: Taps;
  private readonly info = new TapInfo();

  /** `protocol` as `socket()` takes it. 0: nothing is received until `bind` names a protocol. */
  constructor(owner: SocketOwner, taps: Taps, type: number, protocol: number) {
    super(owner, AF_PACKET, type, protocol);
    this.taps = taps;
    this.tap = taps.create(packetProtocol(protocol), type === SOCK_RAW);
    this.tap.onEvent = this.notify;
  }

  /** `bind({ interfaceIndex: 2, protocol: ETH_P_IP })`: index 0 is any interface, protocol 0 the one there is. ENODEV. */
  protected override bindPlace(place: Place): number {
    const { interfaceIndex, protocol } = packetPlace("bind", place);
    const by = this.taps.interfaceAt(interfaceIndex - 1);
    if (by === undefined && interfaceIndex !== 0) return -ENODEV;
    this.tap.bind(by, protocol === 0 ? this.tap.etherType : placeProtocol(protocol));
    return 0;
  }

  protected override connectPlace(): number {
    return -EOPNOTSUPP;
  }

  protected override dissolve(): number {
    return -EOPNOTSUPP;
  }

  protected override shutdownHow(): number {
    return -EOPNOTSUPP;
  }

  protected override sendBytes(data: Uint8Array, offset: number, length: number): number {
    const { tap } = this;
    const by = this.taps.interfaceAt(tap.interfaceIndex);
    return tap.send(data, offset, length, by, tap.etherType, undefined);
  }

  protected override sendToPlace(
    data: Uint8Array,
    offset: number,
    length: number,
    _flags: number,
    place: Place,
  ): number {
    const { interfaceIndex, protocol, hardwareAddress = NO_ADDRESS } = packetPlace("sendTo", place);
    const by = this.taps.interfaceAt(interfaceIndex - 1);
    return this.tap.send(data, offset, length, by, placeProtocol(protocol), hardwareAddress);
  }

  protected override receiveBytes(into: Uint8Array, offset: number, length: number, flags: number): number {
    if ((flags & ~RECEIVE_FLAGS) !== 0) return -EINVAL;
    const { info, message } = this;
    const count = this.tap.receive(into, offset, length, flags & (MSG_PEEK | MSG_TRUNC), info);
    if (count < 0) return count;
    const { interfaceIndex, etherType, packetType, hardwareAddress } = info;
    message.name = this.nameOf(interfaceIndex, etherType, packetType, hardwareAddress);
    message.length = info.fullLength;
    message.flags = info.truncated ? MSG_TRUNC : 0;
    message.interfaceIndex = interfaceIndex;
    message.arrivedMicros = info.arrivedMicros;
    return count;
  }

  /** PACKET_ADD_MEMBERSHIP: `index` from 0, `type` a PACKET_MR_ number. */
  addMembership(index: number, type: number): void {
    if (type === PACKET_MR_PROMISC) this.tap.showOthers(index);
  }

  /** PACKET_DROP_MEMBERSHIP. */
  dropMembership(index: number, type: number): void {
    if (type === PACKET_MR_PROMISC) this.tap.hideOthers(index);
  }

  protected override release(): void {
    this.tap.close();
  }

  override get settings(): TapSettings {
    return this.tap.settings;
  }

  override settingsChanged(): void {}

  override get maxReceiveBufferBytes(): number {
    return MAX_BUFFER_BYTES;
  }

  override get maxSendBufferBytes(): number {
    return MAX_BUFFER_BYTES;
  }

  override get defaultTimeToLive(): number {
    return DEFAULT_TIME_TO_LIVE;
  }

  override get readiness(): number {
    return this.tap.readiness();
  }

  override takeError(): number {
    return this.tap.takeError();
  }

  override get readable(): number {
    return this.tap.nextLength;
  }

  override get localName(): PacketName {
    return this.nameOf(this.tap.interfaceIndex, this.tap.etherType, 0);
  }

  override get remoteName(): undefined {
    return undefined;
  }

  override get senderName(): PacketName | undefined {
    return this.message.name as PacketName | undefined;
  }

  override get stateName(): string {
    return "UNCONN";
  }

  override describe(): string {
    const name = this.taps.interfaceAt(this.tap.interfaceIndex)?.name ?? "*";
    return `packet ${name} 0x${this.tap.etherType.toString(16).padStart(4, "0")}`;
  }

  /** `index` from 0, -1 for none; `hardwareAddress`: by default the interface's own. */
  private nameOf(
    index: number,
    protocol: number,
    packetType: number,
    hardwareAddress?: Uint8Array,
  ): PacketName {
    const link = this.taps.interfaceAt(index)?.link;
    return {
      family: AF_PACKET,
      interfaceIndex: index + 1,
      protocol,
      packetType,
      hardwareType: link === undefined ? 0 : (link.hardwareType ?? ARPHRD_NONE),
      hardwareAddress: hardwareAddress ?? link?.hardwareAddress ?? NO_ADDRESS,
    };
  }
}

function packetPlace(call: string, place: Place): PacketPlace {
  if (typeof place !== "object" || place === null || !("interfaceIndex" in place)) {
    const form = "an object { interfaceIndex, protocol }";
    throw new TypeError(`${call}: a place in AF_PACKET is ${form}, not ${show(place)}`);
  }
  checkRange(call, "interfaceIndex", place.interfaceIndex, 0, 0x7fff_ffff);
  checkRange(call, "protocol", place.protocol, 0, 0xffff);
  return place;
}
