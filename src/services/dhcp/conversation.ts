/** What a client says to servers, and which answers are to that: transactions, how long they have lasted, how often was asked. */
import type { Host } from "../../host/host.ts";
import { Channel, type ChannelOwner } from "./channel.ts";
import type { DhcpOptions } from "./client-options.ts";
import { DhcpCounters } from "./counters.ts";
import { type DhcpMessage, parseDhcpMessage } from "./message.ts";
import { type RequestFields, Requests } from "./requests.ts";
import { MICROS_PER_SECOND } from "./times.ts";

/** What a message says beside what the conversation knows. */
export type Statement = Omit<RequestFields, "xid" | "secs">;

export class Conversation {
  readonly counters = new DhcpCounters();
  /** Where it is heard and spoken: opened by the machine, as its state asks. */
  readonly channel: Channel;
  /** How often the present request has been sent. */
  attempts = 0;
  /** When what was answered was asked, microseconds: the lease counts from then. */
  requestedAt = 0;
  private readonly host: Host;
  private readonly requests: Requests;
  private xid = 0;
  /** Microseconds. */
  private startedAt = 0;

  constructor(host: Host, by: Host["ipv4"]["interfaces"][number], options: DhcpOptions, owner: ChannelOwner) {
    this.host = host;
    this.requests = new Requests(host, by, options);
    this.channel = new Channel(host, by, owner);
  }

  /** Begins another exchange: what was asked before is over. */
  begin(): void {
    this.newTransaction();
    this.startedAt = this.host.clock.now;
  }

  /** Another question in the same exchange. */
  nextQuestion(): void {
    this.attempts = 0;
    this.requestedAt = this.host.clock.now;
  }

  /** Has the same question asked anew, so that the lease counts from the request that was answered. */
  askAnew(): void {
    this.newTransaction();
    this.requestedAt = this.host.clock.now;
  }

  /** Answers to what was asked before are none any more. */
  newTransaction(): void {
    this.xid = this.host.random.uint32();
  }

  /** Asks `question`, of everybody or of `server`: for the first time, or again. */
  ask(question: Statement, server: string | undefined): void {
    if (this.attempts > 0) this.counters.retransmitted++;
    this.attempts++;
    this.say(question, server);
  }

  /** Says what nobody answers. */
  say(statement: Statement, server?: string): void {
    const secs = Math.floor((this.host.clock.now - this.startedAt) / MICROS_PER_SECOND);
    const bytes = this.requests.write({ ...statement, xid: this.xid, secs });
    if (this.channel.send(bytes, server) < 0) this.counters.sendFailed++;
    else this.counters.sent++;
  }

  /** The message in `bytes`, if it is a server's answer in the present transaction. */
  read(bytes: Uint8Array): DhcpMessage | undefined {
    const message = parseDhcpMessage(bytes);
    if (message === undefined) this.counters.malformed++;
    else if (!this.requests.isAnswered(message, this.xid)) this.counters.notForUs++;
    else return message;
    return undefined;
  }
}
