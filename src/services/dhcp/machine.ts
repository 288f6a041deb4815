/** The states of a DHCP client and what leads from one to the other: RFC 2131 §4.4, figure 5. */
import { ENODEV } from "../../base/errno.ts";
import { NEVER, Timer } from "../../base/timer.ts";
import type { Host } from "../../host/host.ts";
import { placeAddress } from "../../sockets/address.ts";
import { Channel, type ChannelOwner } from "./channel.ts";
import type { DhcpOptions } from "./client-options.ts";
import { DhcpCounters } from "./counters.ts";
import { DEPARTURE_INTERVAL, Departure } from "./departure.ts";
import { type Lease, leaseOf } from "./lease.ts";
import {
  DHCPACK,
  DHCPDECLINE,
  DHCPDISCOVER,
  DHCPNAK,
  DHCPOFFER,
  DHCPRELEASE,
  DHCPREQUEST,
  type DhcpMessage,
  parseDhcpMessage,
} from "./message.ts";
import { SERVER_IDENTIFIER } from "./options.ts";
import { type RequestFields, Requests } from "./requests.ts";
import { Setup } from "./setup.ts";
import type { DhcpState } from "./states.ts";
import { leaseTimes, MICROS_PER_SECOND, renewalInterval, retransmissionInterval } from "./times.ts";

/** How often a request is sent: RFC 2131 §3.1 gives up after four; a search for servers is the better way after fewer, at §3.2. */
const MOST_ATTEMPTS: { readonly [state in DhcpState]?: number } = { REQUESTING: 4, REBOOTING: 2 };
/** RFC 2131 §3.1, SHOULD: after a DECLINE. And after a refusal of what was offered, so that nothing goes round fast. */
const DECLINE_PAUSE = 10;
const REFUSAL_PAUSE = 3;
/** How often the link is asked whether our address is free. */
const CLAIM_INTERVAL = 0.1;

/** Who is told what becomes of it. */
export interface MachineOwner {
  /** The interface is configured, or its lease was renewed. */
  bound(lease: Lease): void;
  /** The lease is no more, and the address with it. */
  lost(): void;
  /** It cannot go on: a negative errno. It stops. */
  failed(errno: number): void;
  stopped(): void;
}

type Interface = Host["ipv4"]["interfaces"][number];

export class Machine implements ChannelOwner {
  readonly counters = new DhcpCounters();
  state: DhcpState = "INIT";
  /** What is in use. */
  held: Lease | undefined = undefined;
  private readonly host: Host;
  private readonly by: Interface;
  private readonly owner: MachineOwner;
  private readonly requests: Requests;
  private readonly channel: Channel;
  private readonly setup: Setup;
  private readonly retry = new Timer(() => this.again());
  private readonly phase = new Timer(() => this.phaseOver());
  /** What was offered or, while the link looks whether the address is free, acknowledged. */
  private candidate: Lease | undefined = undefined;
  private checking = false;
  private departure: Departure | undefined = undefined;
  private stopped = false;
  /** The address to ask for first, int32. */
  private wished: number | undefined = undefined;
  private reboots = false;
  private xid = 0;
  private attempts = 0;
  /** When this exchange began; since when the lease counts; when the present phase ends. Microseconds. */
  private startedAt = 0;
  private requestedAt = 0;
  private phaseEnd = NEVER;
  private rebindAt = NEVER;
  private expiresAt = NEVER;

  constructor(host: Host, by: Interface, options: DhcpOptions, owner: MachineOwner) {
    this.host = host;
    this.by = by;
    this.owner = owner;
    this.requests = new Requests(host, by, options);
    this.channel = new Channel(host, by, this);
    this.setup = new Setup(host, by.name);
  }

  /** `previous`: an address that we had before, int32. */
  start(delaySeconds: number, previous: number | undefined): void {
    if (this.isGone()) return;
    this.setup.clear();
    this.wished = previous;
    this.reboots = previous !== undefined;
    if (delaySeconds > 0) this.pause(delaySeconds);
    else this.begin();
  }

  /** Gives the address back, and stops as soon as that is on its way: `owner.stopped` tells. */
  release(): void {
    const { held } = this;
    if (this.stopped || this.isGone()) return;
    if (held === undefined) {
      if (this.checking) this.setup.clear();
      this.stop();
      return;
    }
    this.newExchange();
    const ends = { clientAddress: number(held.address), serverId: number(held.serverId) };
    this.send({ type: DHCPRELEASE, ...ends }, held.serverId); // RFC 2131 §4.4.6
    this.state = "INIT";
    this.host.clock.disarm(this.retry);
    this.leave(new Departure(this.host.clock.now, number(held.serverId)));
  }

  /** Takes the address away, once the link knows where the server is: before, the message waits for the answer to ARP. */
  private leave(departure: Departure): void {
    this.departure = departure;
    if (!this.isGone() && departure.isOver(this.host.clock.now, this.by.link)) {
      this.setup.clear();
      this.stop();
    } else if (!this.stopped) {
      this.arm(this.phase, this.host.clock.now + DEPARTURE_INTERVAL);
    }
  }

  /** Ends it as it is. */
  stop(): void {
    const { timers } = this.host.clock;
    timers.remove(this.retry);
    timers.remove(this.phase);
    this.channel.close();
    this.state = "INIT";
    this.held = undefined;
    this.checking = false;
    if (!this.stopped) this.owner.stopped();
    this.stopped = true;
  }

  cutOff(): void {
    this.stop();
  }

  // ------------------------------------------------------------------------------------------------ speaking

  /** RFC 2131 §4.4.1 or, the first time and with an address from before, §4.4.2: INIT-REBOOT. */
  private begin(): void {
    if (this.stopped || !this.open(this.channel.openPacket())) return;
    this.newExchange();
    this.candidate = undefined;
    this.enter(this.reboots ? "REBOOTING" : "SELECTING");
    this.reboots = false;
  }

  private newExchange(): void {
    this.xid = this.host.random.uint32();
    this.startedAt = this.host.clock.now;
  }

  private open(result: number): boolean {
    if (result < 0) this.fail(result);
    return result >= 0;
  }

  private fail(errno: number): void {
    this.owner.failed(errno);
    this.stop();
  }

  /** Whether the interface was taken away under us, which is then said. */
  private isGone(): boolean {
    if (this.host.ipv4.interfaces.includes(this.by)) return false;
    this.fail(-ENODEV);
    return true;
  }

  private enter(state: DhcpState): void {
    this.state = state;
    this.attempts = 0;
    this.requestedAt = this.host.clock.now;
    this.transmit();
  }

  private transmit(): void {
    if (this.isGone()) return;
    if (this.attempts > 0) this.counters.retransmitted++;
    this.send(this.question(), this.state === "RENEWING" ? this.held?.serverId : undefined);
    this.attempts++;
    this.arm(this.retry, this.host.clock.now + this.interval());
  }

  private send(fields: Omit<RequestFields, "xid" | "secs">, server?: string): void {
    const secs = Math.floor((this.host.clock.now - this.startedAt) / MICROS_PER_SECOND);
    const result = this.channel.send(this.requests.write({ ...fields, xid: this.xid, secs }), server);
    if (result < 0) this.counters.sendFailed++;
    else this.counters.sent++;
  }

  /** RFC 2131 §4.3.6, table 4: what a REQUEST says tells the server what it is about. */
  private question(): Omit<RequestFields, "xid" | "secs"> {
    const { candidate, held, wished } = this;
    if (this.state === "SELECTING") return { type: DHCPDISCOVER, requested: wished };
    if (this.state === "REBOOTING") return { type: DHCPREQUEST, requested: wished };
    if (held !== undefined) return { type: DHCPREQUEST, clientAddress: number(held.address) };
    const requested = candidate === undefined ? wished : number(candidate.address);
    return { type: DHCPREQUEST, requested, serverId: candidate && number(candidate.serverId) };
  }

  /** Until the next retransmission. */
  private interval(): number {
    const { clock, random } = this.host;
    return this.held === undefined
      ? retransmissionInterval(this.attempts, random)
      : renewalInterval(this.phaseEnd - clock.now);
  }

  private again(): void {
    const most = MOST_ATTEMPTS[this.state] ?? NEVER;
    if (this.checking) {
      this.judgeClaim();
    } else if (this.attempts >= most) {
      this.begin();
    } else {
      if (this.held !== undefined) this.newRequest();
      this.transmit();
    }
  }

  /** Another transaction, so that the lease counts from the request that was answered. */
  private newRequest(): void {
    this.xid = this.host.random.uint32();
    this.requestedAt = this.host.clock.now;
  }

  /** At `deadline`, microseconds. Nobody stays for the renewal of a lease alone. */
  private arm(timer: Timer, deadline: number): void {
    const { clock } = this.host;
    clock.timers.remove(timer);
    timer.background = this.held !== undefined;
    clock.arm(timer, deadline);
  }

  private pause(seconds: number): void {
    if (this.stopped) return;
    this.state = "INIT";
    this.host.clock.disarm(this.retry);
    this.arm(this.phase, this.host.clock.now + seconds * MICROS_PER_SECOND);
  }

  // ------------------------------------------------------------------------------------------------ listening

  arrived(bytes: Uint8Array): void {
    const { counters } = this;
    const message = parseDhcpMessage(bytes);
    if (message === undefined) counters.malformed++;
    else if (!this.requests.isAnswered(message, this.xid)) counters.notForUs++;
    else if (!this.heed(message)) counters.unexpected++;
  }

  /** Whether it is an answer to what was asked. */
  private heed(message: DhcpMessage): boolean {
    if (this.checking) return false;
    const { type, options } = message;
    const { state } = this;
    if (state === "SELECTING") return type === DHCPOFFER && this.offered(message);
    const isAsking = state !== "INIT" && state !== "BOUND";
    if (!isAsking || (type !== DHCPACK && type !== DHCPNAK)) return false;
    const serverId = options.address(SERVER_IDENTIFIER);
    if (state === "REQUESTING" && this.candidate && serverId !== number(this.candidate.serverId))
      return false;
    if (type === DHCPNAK) this.refused();
    else this.acknowledged(message);
    return true;
  }

  /** The first offer is as good as any. */
  private offered(message: DhcpMessage): boolean {
    const lease = this.read(message);
    if (lease !== undefined) {
      this.candidate = lease;
      this.enter("REQUESTING");
    }
    return true;
  }

  private acknowledged(message: DhcpMessage): void {
    if (this.isGone()) return;
    const lease = this.read(message);
    if (lease === undefined) return;
    const { held } = this;
    if (held?.address !== lease.address || held.prefixLength !== lease.prefixLength) this.giveUp();
    if (this.stopped || this.isGone()) return; // by who was told
    this.candidate = lease;
    this.setup.useAddress(lease); // nothing, where we have it
    this.judgeClaim();
  }

  private read(message: DhcpMessage): Lease | undefined {
    const lease = leaseOf(message);
    if (lease === undefined) this.counters.badLease++;
    else this.counters.received++;
    return lease;
  }

  private refused(): void {
    this.counters.received++;
    this.counters.naks++;
    const { state } = this;
    this.wished = undefined;
    this.giveUp();
    if (state === "REQUESTING") this.pause(REFUSAL_PAUSE);
    else this.begin();
  }

  /** RFC 2131 §3.1, SHOULD: whether another station has the address. The link looks, where it is one that does (RFC 5227). */
  private judgeClaim(): void {
    if (this.isGone()) return;
    const { claimState } = this.by.link;
    this.checking = claimState === "probing";
    if (this.checking) this.arm(this.retry, this.host.clock.now + CLAIM_INTERVAL * MICROS_PER_SECOND);
    else if (claimState === "lost") this.decline();
    else this.bind();
  }

  /** RFC 2131 §3.1, MUST: says that the address is taken, and begins anew. */
  private decline(): void {
    const { candidate } = this;
    this.counters.declined++;
    this.wished = undefined;
    this.giveUp();
    if (this.stopped || this.isGone()) return;
    this.setup.clear();
    if (!this.open(this.channel.openPacket()) || candidate === undefined) return;
    const taken = { requested: number(candidate.address), serverId: number(candidate.serverId) };
    this.send({ type: DHCPDECLINE, ...taken });
    this.pause(DECLINE_PAUSE);
  }

  private bind(): void {
    const lease = this.candidate as Lease;
    this.held = lease;
    this.candidate = undefined;
    this.wished = number(lease.address); // should it ever be lost
    this.state = "BOUND";
    this.setup.useRoutes(lease);
    this.host.clock.disarm(this.retry);
    if (!this.open(this.channel.openUdp())) return;
    this.schedule(lease);
    this.owner.bound(lease); // who may close us
  }

  private schedule(lease: Lease): void {
    const { renewAt, rebindAt, expiresAt } = leaseTimes(lease, this.requestedAt, this.host.random);
    this.rebindAt = rebindAt;
    this.expiresAt = expiresAt;
    this.arm(this.phase, renewAt);
  }

  private phaseOver(): void {
    if (this.departure !== undefined) this.leave(this.departure);
    else if (this.state === "INIT") this.begin();
    else if (this.state === "BOUND") this.ask("RENEWING", this.rebindAt);
    else if (this.state === "RENEWING") this.ask("REBINDING", this.expiresAt);
    else this.expire();
  }

  private ask(state: DhcpState, until: number): void {
    if (state === "RENEWING") this.startedAt = this.host.clock.now;
    this.xid = this.host.random.uint32();
    this.phaseEnd = until;
    this.arm(this.phase, until);
    this.enter(state);
  }

  /** RFC 2131 §4.4.5, MUST: stops using the address. */
  private expire(): void {
    this.counters.expired++;
    this.giveUp();
    this.begin();
  }

  /** Takes away what is held, if anything is. */
  private giveUp(): void {
    const { clock } = this.host;
    clock.disarm(this.retry);
    clock.disarm(this.phase);
    this.candidate = undefined;
    if (this.held === undefined) return;
    this.held = undefined;
    if (this.isGone()) return;
    this.setup.clear();
    this.owner.lost();
  }
}

function number(quad: string): number {
  return placeAddress("dhcp", quad);
}
