/** The states of a DHCP client and what leads from one to the other: RFC 2131 §4.4, figure 5. */
import { ENODEV } from "../../base/errno.ts";
import { NEVER, Timer } from "../../base/timer.ts";
import type { Host } from "../../host/host.ts";
import type { ChannelOwner } from "./channel.ts";
import type { DhcpOptions } from "./client-options.ts";
import { Conversation } from "./conversation.ts";
import type { DhcpCounters } from "./counters.ts";
import { DEPARTURE_INTERVAL, Departure } from "./departure.ts";
import { declineOf, Holding, number, releaseOf } from "./holding.ts";
import { type Lease, leaseOf } from "./lease.ts";
import { DHCPACK, DHCPNAK, DHCPOFFER, type DhcpMessage } from "./message.ts";
import { SERVER_IDENTIFIER } from "./options.ts";
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
  readonly counters: DhcpCounters;
  state: DhcpState = "INIT";
  private readonly host: Host;
  private readonly by: Interface;
  private readonly owner: MachineOwner;
  private readonly talk: Conversation;
  private readonly holding: Holding;
  private readonly retry = new Timer(() => this.again());
  private readonly phase = new Timer(() => this.phaseOver());
  /** The link looks whether the candidate's address is free. */
  private checking = false;
  private departure: Departure | undefined = undefined;
  private stopped = false;
  private reboots = false;
  /** When the present phase ends, and those to come begin, microseconds. */
  private phaseEnd = NEVER;
  private rebindAt = NEVER;
  private expiresAt = NEVER;

  constructor(host: Host, by: Interface, options: DhcpOptions, owner: MachineOwner) {
    this.host = host;
    this.by = by;
    this.owner = owner;
    this.talk = new Conversation(host, by, options, this);
    this.counters = this.talk.counters;
    this.holding = new Holding(host, by.name);
  }

  /** What is in use. */
  get held(): Lease | undefined {
    return this.holding.held;
  }

  /** `previous`: an address that we had before, int32. */
  start(delaySeconds: number, previous: number | undefined): void {
    if (this.isGone()) return;
    this.holding.clear();
    this.holding.wished = previous;
    this.reboots = previous !== undefined;
    if (delaySeconds > 0) this.pause(delaySeconds);
    else this.begin();
  }

  /** Gives the address back, and stops as soon as that is on its way: `owner.stopped` tells. */
  release(): void {
    const { held } = this;
    if (this.stopped || this.isGone()) return;
    if (held === undefined) {
      if (this.checking) this.holding.clear();
      this.stop();
      return;
    }
    this.talk.begin();
    this.talk.say(releaseOf(held), held.serverId);
    this.state = "INIT";
    this.host.clock.disarm(this.retry);
    this.leave(new Departure(this.host.clock.now, number(held.serverId)));
  }

  /** Takes the address away, once the link knows where the server is: before, the message waits for the answer to ARP. */
  private leave(departure: Departure): void {
    this.departure = departure;
    if (!this.isGone() && departure.isOver(this.host.clock.now, this.by.link)) {
      this.holding.clear();
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
    this.talk.channel.close();
    this.state = "INIT";
    this.holding.forget();
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
    if (this.stopped || !this.open(this.talk.channel.openPacket())) return;
    this.talk.begin();
    this.holding.candidate = undefined;
    this.enter(this.reboots ? "REBOOTING" : "SELECTING");
    this.reboots = false;
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
    this.talk.nextQuestion();
    this.transmit();
  }

  private transmit(): void {
    if (this.isGone()) return;
    const server = this.state === "RENEWING" ? this.held?.serverId : undefined;
    this.talk.ask(this.holding.question(this.state), server);
    this.arm(this.retry, this.host.clock.now + this.interval());
  }

  /** Until the next retransmission. */
  private interval(): number {
    const { clock, random } = this.host;
    return this.held === undefined
      ? retransmissionInterval(this.talk.attempts, random)
      : renewalInterval(this.phaseEnd - clock.now);
  }

  private again(): void {
    const most = MOST_ATTEMPTS[this.state] ?? NEVER;
    if (this.checking) {
      this.judgeClaim();
    } else if (this.talk.attempts >= most) {
      this.begin();
    } else {
      if (this.held !== undefined) this.talk.askAnew();
      this.transmit();
    }
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
    const message = this.talk.read(bytes);
    if (message !== undefined && !this.heed(message)) this.counters.unexpected++;
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
    if (state === "REQUESTING" && !this.holding.isFrom(serverId)) return false;
    if (type === DHCPNAK) this.refused();
    else this.acknowledged(message);
    return true;
  }

  /** The first offer is as good as any. */
  private offered(message: DhcpMessage): boolean {
    const lease = this.read(message);
    if (lease !== undefined) {
      this.holding.candidate = lease;
      this.enter("REQUESTING");
    }
    return true;
  }

  private acknowledged(message: DhcpMessage): void {
    if (this.isGone()) return;
    const lease = this.read(message);
    if (lease === undefined) return;
    if (!this.holding.isFor(lease)) this.giveUp();
    if (this.stopped || this.isGone()) return; // by who was told
    this.holding.tryOut(lease);
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
    this.holding.wished = undefined;
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
    const { candidate } = this.holding;
    this.counters.declined++;
    this.holding.wished = undefined;
    this.giveUp();
    if (this.stopped || this.isGone()) return;
    this.holding.clear();
    if (!this.open(this.talk.channel.openPacket()) || candidate === undefined) return;
    this.talk.say(declineOf(candidate));
    this.pause(DECLINE_PAUSE);
  }

  private bind(): void {
    const lease = this.holding.keep();
    this.state = "BOUND";
    this.host.clock.disarm(this.retry);
    if (!this.open(this.talk.channel.openUdp())) return;
    this.schedule(lease);
    this.owner.bound(lease); // who may close us
  }

  private schedule(lease: Lease): void {
    const { renewAt, rebindAt, expiresAt } = leaseTimes(lease, this.talk.requestedAt, this.host.random);
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
    if (state === "RENEWING") this.talk.begin();
    else this.talk.newTransaction();
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
    if (!this.holding.forget() || this.isGone()) return;
    this.holding.clear();
    this.owner.lost();
  }
}
