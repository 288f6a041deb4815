/** IPv4 on an Ethernet (RFC 894, RFC 826, RFC 1122 §2.3): frames in and out, and ARP for who is where. */
import type { Clock } from "../base/clock.ts";
import { INSPECT } from "../base/inspect.ts";
import type { Random } from "../base/random.ts";
import { FLAG_BROADCAST, FLAG_CHECKSUM_TRUSTED, type Packet } from "../packet/packet.ts";
import { AddressClaim, type ClaimOwner, type ClaimState } from "./address-claim.ts";
import { ARP_REPLY, ARP_REQUEST, ArpMessage, makeArp, parseArp } from "./arp.ts";
import {
  ETHER_TYPE_ARP,
  ETHER_TYPE_IPV4,
  ETHERNET_HEADER_LENGTH,
  EthernetHeader,
  parseEthernetHeader,
  SHORTEST_FRAME,
  writeFrame,
} from "./ethernet.ts";
import { EthernetCounters } from "./ethernet-counters.ts";
import { checkEthernetOptions, type EthernetOptions } from "./ethernet-options.ts";
import type { FramePort, FrameReceiver } from "./frame-port.ts";
import {
  formatHardwareAddress,
  groupHardwareAddress,
  HARDWARE_BROADCAST,
  hardwareAddressBytes,
  isGroupHardwareAddress,
  isStationAddress,
  stationAddressOf,
} from "./hardware-address.ts";
import type { FrameWatcher, Link, LinkFeatures, LinkReceiver } from "./link.ts";
import { NeighborCache, type NeighborOwner, type NeighborState } from "./neighbor.ts";

/** ARPHRD_ETHER of <net/if_arp.h>. */
export const HARDWARE_TYPE_ETHER = 1;
const NO_FEATURES: LinkFeatures = { checksum: false, segmentation: false };

export interface EthernetEnvironment {
  clock: Clock;
  /** For the times that must not be the same for all stations. */
  random: Random;
  /** Where the frames go; closed with the link. */
  port: FramePort;
}

/** One line of `ip neigh`. */
export interface NeighborEntry {
  /** IPv4, int32. */
  address: number;
  /** Undefined while nobody has answered. */
  hardwareAddress: Uint8Array | undefined;
  state: NeighborState;
}

export class EthernetLink implements Link, FrameReceiver, NeighborOwner, ClaimOwner {
  readonly mtu: number;
  readonly features: LinkFeatures;
  readonly hardwareType = HARDWARE_TYPE_ETHER;
  readonly hardwareAddress: Uint8Array;
  readonly counters = new EthernetCounters();
  /** Called when another station says that it has our address; the IPv4 address, and the station's six bytes. */
  onConflict: ((address: number, hardwareAddress: Uint8Array) => void) | undefined;
  /** Called when probing has shown that our address is free. */
  onHeld: (() => void) | undefined;
  watcher: FrameWatcher | undefined = undefined;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly port: FramePort;
  private readonly options: Readonly<Required<EthernetOptions>>;
  /** Our hardware address as a number. */
  private readonly own: number;
  /** What the port may say of a packet: that its checksum is good. */
  private readonly portFlags: number;
  private readonly shortestFrame: number;
  private readonly cache: NeighborCache;
  private receiver: LinkReceiver | undefined = undefined;
  private claim: AddressClaim | undefined = undefined;
  /** Why it neither hears nor says anything; undefined while it does. Down is the receiver's interface. */
  private off: "closed" | "down" | undefined = undefined;
  private readonly header = new EthernetHeader();
  /** What came, and what goes. */
  private readonly heard = new ArpMessage();
  private readonly said = new ArpMessage();

  /** TypeError and RangeError for options that make no sense. */
  constructor(environment: EthernetEnvironment, options: EthernetOptions = {}) {
    const { clock, random, port } = environment;
    this.clock = clock;
    this.random = random;
    this.port = port;
    this.options = checkEthernetOptions(options, port.mtu);
    this.mtu = this.options.mtu;
    this.features = port.features ?? NO_FEATURES;
    this.shortestFrame = port.shortestFrame ?? SHORTEST_FRAME;
    this.portFlags = this.features.marksTrusted ? FLAG_CHECKSUM_TRUSTED : 0;
    this.own = stationAddressOf(port.hardwareAddress);
    this.hardwareAddress = hardwareAddressBytes(this.own);
    this.cache = new NeighborCache(clock, random, this, this.options);
    port.attach(this);
  }

  /** What has become of questions for neighbours. */
  get neighborCounters() {
    return this.cache.counters;
  }

  get lowerCounters(): Readonly<Record<string, object>> {
    return { neighbors: this.cache.counters, port: this.port.counters ?? {} };
  }

  /** Whether our address may be used; undefined while there is none. */
  get claimState(): ClaimState | undefined {
    return this.claim?.state;
  }

  /** Everybody it knows, in the order they were first heard of. */
  neighbors(): NeighborEntry[] {
    return Array.from(this.cache, ({ address, hardware, state }) => ({
      address,
      hardwareAddress: state === "INCOMPLETE" ? undefined : hardwareAddressBytes(hardware),
      state,
    }));
  }

  /**
   * With an address of the receiver's it answers for that from now on, or, with the option `probe`, finds out first. While the receiver
   * is down it does neither, and forgets its neighbours, as Linux; when it is up again all begins anew (RFC 5227 §2.1).
   */
  attach(receiver: LinkReceiver | undefined): void {
    this.claim?.close();
    this.claim = undefined;
    this.receiver = receiver;
    if (this.off === "closed") return;
    this.off = receiver?.up === false ? "down" : undefined;
    if (this.off === "down") this.cache.clear();
    if (!receiver?.address) return;
    this.claim = new AddressClaim(this.clock, this.random, this, this.options.probe);
    if (this.off === "down") this.claim.close(); // nobody knows whose it is: the state stays as it is at first
  }

  close(): void {
    if (this.off === "closed") return;
    this.off = "closed";
    this.receiver = undefined;
    this.claim?.close();
    this.cache.clear();
    this.port.attach(undefined);
    this.port.close();
  }

  // ------------------------------------------------------------------------------------------------ going out

  send(packet: Packet, nextHop: number): void {
    const reason = this.refuseToSend(packet);
    if (reason !== undefined) {
      this.drop(packet, reason);
    } else if (this.cache.has(nextHop)) {
      this.cache.send(packet, nextHop);
    } else if (nextHop >>> 28 === 14) {
      this.transmit(packet, groupHardwareAddress(nextHop)); // 224.0.0.0/4
    } else if (this.isBroadcast(nextHop)) {
      this.transmit(packet, HARDWARE_BROADCAST); // RFC 894, "Broadcast Address"
    } else if (this.isNeighbor(nextHop)) {
      this.cache.send(packet, nextHop);
    } else {
      this.drop(packet, "noNextHop");
    }
  }

  transmit(packet: Packet, hardware: number): void {
    this.counters.framesSent++;
    writeFrame(packet, hardware, this.own, ETHER_TYPE_IPV4, this.shortestFrame);
    if (this.watcher !== undefined) this.watcher.frameOut(packet);
    this.port.send(packet);
  }

  sendFrame(frame: Packet): void {
    if (this.off !== undefined) {
      this.drop(frame, this.off);
      return;
    }
    this.counters.framesSent++;
    if (this.watcher !== undefined) this.watcher.frameOut(frame);
    this.port.send(frame);
  }

  solicit(address: number, hardware: number): void {
    const to = hardware === 0 ? HARDWARE_BROADCAST : hardware;
    this.sendArp(ARP_REQUEST, this.receiver?.address ?? 0, hardware, address, to);
  }

  unreachable(packet: Packet): void {
    if (this.receiver?.unreachable === undefined) packet.release();
    else this.receiver.unreachable(packet);
  }

  probe(): void {
    // RFC 5227 §2.1.1, MUST: sender's address 0, so that nobody learns one that may be another's
    this.sendArp(ARP_REQUEST, 0, 0, this.receiver?.address ?? 0, HARDWARE_BROADCAST);
  }

  /** Tells everybody where our address is: a gratuitous ARP (RFC 5227 §2.3). Nothing happens while there is none, or it is not ours. */
  announce(): void {
    if (this.off !== undefined || this.claim?.state !== "held") return;
    const address = this.receiver?.address ?? 0;
    this.sendArp(ARP_REQUEST, address, 0, address, HARDWARE_BROADCAST);
  }

  held(): void {
    this.onHeld?.();
  }

  private refuseToSend(packet: Packet): "closed" | "down" | "noAddress" | "tooLong" | undefined {
    if (this.off !== undefined) return this.off;
    // RFC 5227 §2.1.1, MUST NOT: an address that is being probed is not used; one that is lost even less
    if (this.claim !== undefined && this.claim.state !== "held") return "noAddress";
    const isCutLater = packet.segmentSize !== 0 && this.features.segmentation;
    return packet.length > this.mtu && !isCutLater ? "tooLong" : undefined;
  }

  private sendArp(
    operation: number,
    sender: number,
    targetHardware: number,
    target: number,
    to: number,
  ): void {
    const { said } = this;
    said.operation = operation;
    said.senderHardware = this.own;
    said.sender = sender;
    said.targetHardware = targetHardware;
    said.target = target;
    const packet = makeArp(said);
    this.counters.arpSent++;
    writeFrame(packet, to, this.own, ETHER_TYPE_ARP, this.shortestFrame);
    if (this.watcher !== undefined) this.watcher.frameOut(packet);
    this.port.send(packet);
  }

  /** Whether an ARP question for `address` can have an answer: it is one host's, and not ours. */
  private isNeighbor(address: number): boolean {
    const first = address >>> 24;
    if (first === 0 || first === 127 || first >= 224) return false; // class E too, as no host here has such an address
    return address !== this.receiver?.address && !this.isBroadcast(address);
  }

  private isBroadcast(address: number): boolean {
    return address === -1 || (this.receiver?.isBroadcast?.(address) ?? false);
  }

  // ------------------------------------------------------------------------------------------------ coming in

  wake(): void {
    this.receiver?.wake?.();
  }

  /** Takes a frame. */
  input(frame: Packet): void {
    this.counters.framesReceived++;
    frame.flags &= this.portFlags;
    frame.interfaceIndex = -1;
    const { header, watcher, off } = this;
    const isSeen = watcher !== undefined && off === undefined && frame.length >= ETHERNET_HEADER_LENGTH;
    if (isSeen) watcher.frameIn(frame);
    const reason = off ?? parseEthernetHeader(frame, header) ?? this.judge(header);
    if (reason !== undefined) {
      this.drop(frame, reason);
      return;
    }
    const isForMany = isGroupHardwareAddress(header.destination);
    if (isForMany) frame.flags |= FLAG_BROADCAST;
    frame.strip(ETHERNET_HEADER_LENGTH);
    if (header.etherType === ETHER_TYPE_ARP) {
      this.inputArp(frame, isForMany);
    } else if (header.etherType !== ETHER_TYPE_IPV4) {
      this.drop(frame, "unknownType");
    } else if (this.receiver === undefined) {
      this.drop(frame, "noReceiver");
    } else {
      this.receiver.input(frame);
    }
  }

  /** Whether a frame is for us. Which multicast groups are is for IP to say: several groups share an address. */
  private judge(header: EthernetHeader): "notForUs" | "badSource" | undefined {
    const { destination, source } = header;
    if (destination !== this.own && !isGroupHardwareAddress(destination)) return "notForUs";
    return isStationAddress(source) && source !== this.own ? undefined : "badSource";
  }

  private inputArp(packet: Packet, isForMany: boolean): void {
    const { heard, counters } = this;
    const fault = parseArp(packet, heard);
    packet.release();
    if (fault !== undefined) counters[fault]++;
    else if (!isStationAddress(heard.senderHardware)) counters.arpBadSender++;
    else if (this.claim === undefined) counters.arpIgnored++;
    else this.judgeArp(isForMany, this.claim);
  }

  /** RFC 826, "Packet Reception", after RFC 5227 has looked whether the sender uses our address. */
  private judgeArp(isForMany: boolean, claim: AddressClaim): void {
    const { heard, counters } = this;
    counters.arpReceived++;
    if (heard.senderHardware === this.own) return; // our own, come back by a loop
    const isForUs = heard.target === this.receiver?.address;
    const isProbe = heard.sender === 0;
    if (heard.sender === this.receiver?.address || (isProbe && isForUs && claim.state === "probing")) {
      this.conflict(claim);
      return;
    }
    if (claim.state !== "held") return;
    if (this.isNeighbor(heard.sender)) {
      this.cache.learn(heard.sender, heard.senderHardware, {
        confirmed: heard.operation === ARP_REPLY && !isForMany,
        create: isForUs && heard.operation === ARP_REQUEST,
        override: heard.sender === heard.target, // gratuitous: it has moved, and says so
      });
    } else if (!isProbe) {
      counters.arpBadSender++;
      return;
    }
    if (isForUs && heard.operation === ARP_REQUEST) this.answer();
  }

  /** RFC 826: the request with the sides swapped and our hardware address in it, to who asked alone. */
  private answer(): void {
    const { senderHardware, sender, target } = this.heard;
    this.sendArp(ARP_REPLY, target, senderHardware, sender, senderHardware);
  }

  private conflict(claim: AddressClaim): void {
    this.counters.conflicts++;
    claim.conflict();
    this.onConflict?.(this.receiver?.address ?? 0, hardwareAddressBytes(this.heard.senderHardware));
  }

  private drop(packet: Packet, reason: keyof EthernetCounters): void {
    this.counters[reason]++;
    packet.release();
  }

  /** In the console: "EthernetLink 02:00:00:00:00:01". */
  [INSPECT](): string {
    return `EthernetLink ${formatHardwareAddress(this.own)}${this.off === undefined ? "" : ` (${this.off})`}`;
  }
}
