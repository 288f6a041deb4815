import type { Packet } from "../packet/packet.ts";
import { show } from "../sockets/misuse.ts";
import { dissect, type ParsedPacket } from "../trace/dissect.ts";
import type { Way } from "../trace/observer.ts";
import { DROP, type Judge } from "./medium.ts";

/**
 * What a rule says of a packet: carry it, drop it, or have it arrive `delay` ms later than it would (those behind
 * it may then overtake it).
 */
export type Verdict = "pass" | "drop" | { readonly delay: number };

/** Where a rule meets a packet. */
export interface RuleContext {
  /** The names of the sending host and the host at the other end of the wire. */
  readonly from: string;
  readonly to: string;
  /** Virtual time, ms. */
  readonly now: number;
  /** On wires of a switch what is in the frame: 0x0800 IPv4, 0x0806 ARP. Undefined on others, where all is IPv4. */
  readonly etherType?: number | undefined;
}

/**
 * Looks at a packet that a host has handed to a wire; on the wires of a switch that may be ARP, with the protocol "other". The
 * packet is a copy: changing it changes nothing.
 */
export type Rule = (packet: ParsedPacket, where: RuleContext) => Verdict;

/**
 * The rules of a network, asked in the order they were made. The first "drop" wins; delays add up. An error thrown by
 * a rule is kept for the driver, which throws it to whoever runs the network: it must not tear through the stack.
 */
export class Rules {
  private readonly rules = new Set<{ readonly rule: Rule }>();
  private failure: { readonly error: unknown } | undefined = undefined;

  readonly judge: Judge = (way, packet, now) => {
    try {
      return this.ask(way, packet, now);
    } catch (error) {
      this.failure ??= { error };
      return 0;
    }
  };

  get empty(): boolean {
    return this.rules.size === 0;
  }

  /** Adds `rule`; the returned function takes it away again. */
  add(rule: Rule): () => void {
    if (typeof rule !== "function") {
      throw new TypeError(`a rule is a function (packet, where) => verdict, not ${show(rule)}`);
    }
    const entry = { rule }; // the same function may be added twice
    this.rules.add(entry);
    return () => {
      this.rules.delete(entry);
    };
  }

  /** Throws what a rule has thrown. */
  rethrow(): void {
    const { failure } = this;
    if (failure === undefined) return;
    this.failure = undefined;
    throw failure.error;
  }

  private ask(way: Way, packet: Packet, now: number): number {
    const parsed = dissect(packet.bytes().slice());
    const { from, to, headerLength = 0 } = way;
    const etherType = headerLength === 0 ? undefined : packet.slab.view.getUint16(packet.offset - 2);
    const where: RuleContext = { from, to, now: now / 1000, etherType };
    let delay = 0;
    for (const { rule } of this.rules) {
      const verdict = rule(parsed, where);
      if (verdict === "drop") return DROP;
      if (verdict !== "pass") delay += delayMicros(verdict);
    }
    return delay;
  }
}

function delayMicros(verdict: unknown): number {
  const delay = typeof verdict === "object" && verdict !== null ? Reflect.get(verdict, "delay") : undefined;
  if (typeof delay !== "number" || !(delay >= 0 && delay <= 1e12)) {
    const given = typeof verdict === "object" ? JSON.stringify(verdict) : String(verdict);
    throw new TypeError(`a rule must return "pass", "drop" or { delay: milliseconds }, got ${given}`);
  }
  return Math.round(delay * 1000);
}
