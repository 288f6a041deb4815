/**
 * IGMP, the host's part (RFC 3376; RFC 2236 and RFC 1112 for routers that know no better): tells the routers of each link which
 * groups somebody here is in. All our memberships are of any source: in v3's words, they exclude nobody.
 */
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { Packet } from "../packet/packet.ts";
import { ALL_HOSTS_ADDRESS, ANY_ADDRESS, isMulticast, prefixMask } from "./address.ts";
import type { IpConfig } from "./config.ts";
import { IgmpCounters } from "./igmp-counters.ts";
import { IgmpInterface, type IgmpSender } from "./igmp-interface.ts";
import {
  ALL_ROUTERS,
  checkIgmp,
  type GroupRecord,
  groupOf,
  IGMP_LEAVE,
  IGMP_QUERY,
  IGMP_V1_REPORT,
  IGMP_V2_REPORT,
  makeReport,
  makeShortMessage,
  PROTOCOL_IGMP,
  parseQuery,
  Query,
  recordLength,
  typeOf,
  V3_ROUTERS,
} from "./igmp-message.ts";
import { type Interface, interfaceAt } from "./interface.ts";
import { IPV4_HEADER_LENGTH } from "./ipv4-header.ts";
import {
  DEFAULT_CHOICE,
  type PathChoice,
  type PathFinder,
  type SendOptions,
  type Transport,
} from "./path.ts";

/** RFC 3376 §4: every message has the option Router Alert (RFC 2113), so that routers look into what is not for them. */
const ROUTER_ALERT = Uint8Array.of(0x94, 4, 0, 0);
/** RFC 3376 §4: time to live 1, precedence Internetwork Control. */
const SEND_OPTIONS: SendOptions = { timeToLive: 1, trafficClass: 0xc0, dontFragment: true };
const HEADERS_LENGTH = IPV4_HEADER_LENGTH + ROUTER_ALERT.length + 8;

export interface IgmpEnvironment {
  clock: Clock;
  random: Random;
  config: IpConfig;
  paths: PathFinder;
  interfaces: readonly Interface[];
}

export class Igmp implements Transport {
  readonly counters = new IgmpCounters();
  private readonly environment: IgmpEnvironment;
  private readonly states = new Map<Interface, IgmpInterface>();
  private readonly heard = new Query();
  private closed = false;

  constructor(environment: IgmpEnvironment) {
    this.environment = environment;
  }

  /** Somebody is in `group` on `by`, where nobody was before. */
  joined(by: Interface, group: number): void {
    if (group !== ALL_HOSTS_ADDRESS) this.stateOf(by)?.join(group); // RFC 3376 §5: of that one nobody ever speaks
  }

  /** Nobody is in `group` on `by` any more. */
  left(by: Interface, group: number): void {
    this.states.get(by)?.leave(group);
  }

  /** The interface `by` went up or down, or has another address. */
  changed(by: Interface): void {
    if (by.up && by.address !== 0) this.states.get(by)?.announceAll();
    else this.states.get(by)?.hush();
  }

  /** The interface `by` is no more. */
  removed(by: Interface): void {
    this.states.get(by)?.close();
    this.states.delete(by);
  }

  /** Says nothing any more. */
  close(): void {
    this.closed = true;
    for (const state of this.states.values()) state.close();
    this.states.clear();
  }

  /** Takes a packet that frames an IGMP message; takes ownership. */
  input(packet: Packet): void {
    this.counters.received++;
    const fault = checkIgmp(packet);
    if (fault !== undefined) this.counters[fault]++;
    else this.dispatch(packet);
    packet.release();
  }

  /** An ICMP error about a message of ours: nothing waits for it. */
  error(): void {}

  private dispatch(packet: Packet): void {
    const { counters } = this;
    const by = interfaceAt(this.environment.interfaces, packet.interfaceIndex);
    switch (typeOf(packet)) {
      case IGMP_QUERY:
        if (!this.query(packet, by)) counters.badQuery++;
        break;
      case IGMP_V1_REPORT:
      case IGMP_V2_REPORT:
        counters.reportsHeard++;
        // RFC 2236 §9, "Report": what does not concern the group it was sent to is no report
        if (by !== undefined && groupOf(packet) === packet.destination) {
          this.states.get(by)?.heardReport(packet.destination);
        }
        break;
      default:
        counters.ignored++; // RFC 3376 §4, MUST: unrecognized types silently; leaves and reports of v3 are for routers
    }
  }

  /** False: it is none that a host heeds. */
  private query(packet: Packet, by: Interface | undefined): boolean {
    const { heard, counters } = this;
    if (!parseQuery(packet, heard)) return false;
    // RFC 3376 §9.1, SHOULD (not that it has Router Alert too: as Linux): a general query is for all systems, whatever else; §4.1.12: or for us alone
    const { destination } = packet;
    if (by === undefined || !isOfLink(packet, by)) return false;
    if (heard.group === 0 && isMulticast(destination) && destination !== ALL_HOSTS_ADDRESS) return false;
    if (heard.version === 3) counters.queriesV3++;
    else if (heard.version === 2) counters.queriesV2++;
    else counters.queriesV1++;
    this.stateOf(by)?.query(heard);
    return true;
  }

  /** Undefined where nothing is reported: on `lo`, on links that say so, and where the configuration does. */
  private stateOf(by: Interface): IgmpInterface | undefined {
    const { igmpVersion } = this.environment.config;
    if (this.closed || igmpVersion === 0 || by.isLoopback || by.link.features.groupReports === false)
      return undefined;
    let state = this.states.get(by);
    if (state === undefined) {
      state = new IgmpInterface(new InterfaceSender(this.environment, this.counters, by));
      this.states.set(by, state);
    }
    return state;
  }
}

/**
 * Whether a query comes from the link that it came by: with the time to live that every message has (RFC 3376 §4), from the link's
 * network or, of switches that have no address, from 0.0.0.0 (RFC 4541 §2.1.1). Linux 6.18 asks for neither, and so lets anybody in
 * the world say which version is spoken.
 */
function isOfLink({ source, timeToLive }: Packet, { address, prefixLength }: Interface): boolean {
  if (timeToLive !== 1) return false;
  if (source === ANY_ADDRESS || prefixLength === 32) return true; // the other end of such a link is in no network of ours
  return address !== ANY_ADDRESS && ((source ^ address) & prefixMask(prefixLength)) === 0;
}

/** Sends by one interface. */
class InterfaceSender implements IgmpSender {
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: IgmpCounters;
  readonly version: number;
  private readonly paths: PathFinder;
  private readonly by: Interface;
  private readonly choice: PathChoice;

  constructor({ clock, random, config, paths }: IgmpEnvironment, counters: IgmpCounters, by: Interface) {
    this.clock = clock;
    this.random = random.fork(`igmp ${by.name}`);
    this.counters = counters;
    this.version = config.igmpVersion;
    this.paths = paths;
    this.by = by;
    this.choice = { ...DEFAULT_CHOICE, interface: by.index, multicastLoop: false, options: ROUTER_ALERT };
  }

  mustWait(): boolean {
    return this.by.link.claimState === "probing";
  }

  report(records: readonly GroupRecord[]): void {
    const room = this.by.mtu - HEADERS_LENGTH;
    let length = 0;
    let first = 0;
    for (let index = 0; index <= records.length; index++) {
      const next = index === records.length ? room + 1 : recordLength(records[index]!.sources.length);
      if (length + next > room && index > first) {
        this.send(makeReport(records.slice(first, index)), V3_ROUTERS); // RFC 3376 §4.2.16: as many as it takes
        this.counters.reportsSent++;
        first = index;
        length = 0;
      }
      length += next;
    }
  }

  shortReport(type: number, group: number): void {
    this.send(makeShortMessage(type, group), group);
    this.counters.reportsSent++;
  }

  leave(group: number): void {
    this.send(makeShortMessage(IGMP_LEAVE, group), ALL_ROUTERS);
    this.counters.leavesSent++;
  }

  private send(packet: Packet, destination: number): void {
    const path = this.paths.path(destination, 0, this.choice);
    if (typeof path === "number") {
      this.counters.sendFailed++;
      packet.release();
    } else if (path.send(packet, PROTOCOL_IGMP, SEND_OPTIONS) < 0) {
      this.counters.sendFailed++;
    }
  }
}
