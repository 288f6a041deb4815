import { EphemeralPorts, ephemeralPort } from "../base/ephemeral-port.ts";
import { keyedHash, type SipKey } from "../base/hash.ts";
import { LISTEN } from "./state.ts";
import type { Tcb } from "./tcb.ts";
import { mayReplace } from "./time-wait.ts";

type ByPort = Map<number, Set<Tcb>>;

/** Who uses which local port: bound, listening and connected TCBs. */
export class PortTable {
  private readonly users: ByPort = new Map();
  /** Those of them in LISTEN, apart: a SYN must not cost more the more connections its port has. */
  private readonly listeners: ByPort = new Map();
  private readonly ephemeral: EphemeralPorts;
  private readonly key: SipKey;

  constructor(key: SipKey) {
    this.key = key;
    this.ephemeral = new EphemeralPorts(key);
  }

  add(tcb: Tcb): void {
    put(this.users, tcb);
  }

  remove(tcb: Tcb): void {
    take(this.users, tcb);
  }

  /** `tcb` listens from now on at the port it is bound to. */
  addListener(tcb: Tcb): void {
    put(this.listeners, tcb);
  }

  removeListener(tcb: Tcb): void {
    take(this.listeners, tcb);
  }

  /**
   * The listener for a SYN to this address and port that came in by interface `by`: one bound to the very address before one
   * bound to any, then one bound to the interface. Those that share a place (SO_REUSEPORT) take turns as a keyed hash of the
   * four numbers says, so that a repeated SYN comes to the same one.
   */
  listener(address: number, port: number, remote: number, remotePort: number, by: number): Tcb | undefined {
    const listeners = this.listeners.get(port);
    if (listeners === undefined) return undefined;
    let best: Tcb | undefined;
    let bestScore = UNFIT;
    let rivals = 0;
    for (const tcb of listeners) {
      const score = fitness(tcb, address, by);
      if (score > bestScore) {
        best = tcb;
        bestScore = score;
        rivals = 1;
      } else if (score === bestScore) rivals++;
    }
    if (bestScore === UNFIT || rivals === 1) return best;
    const hash = keyedHash(this.key, remote, address, (remotePort << 16) | port);
    let turn = (hash >>> 0) % rivals;
    for (const tcb of listeners) if (fitness(tcb, address, by) === bestScore && turn-- === 0) return tcb;
    return best;
  }

  /**
   * Whether `tcb` may be bound there, as Linux decides (inet_bind_conflict): addresses or interfaces do not meet, or both have
   * SO_REUSEADDR and the other does not listen, or both have SO_REUSEPORT.
   */
  mayBind(tcb: Tcb, address: number, port: number): boolean {
    for (const other of this.users.get(port) ?? []) {
      if (other === tcb) continue;
      if (!meet(address, other.localAddress) || !meetInterface(other, tcb.settings.interface)) continue;
      const bothReuse = tcb.settings.reuseAddress && other.settings.reuseAddress;
      if (bothReuse && other.state !== LISTEN) continue;
      if (!(tcb.settings.reusePort && other.settings.reusePort)) return false;
    }
    return true;
  }

  /** Whether `tcb` may listen where it is bound: Linux asks again what it asked then, since others may listen by now. */
  mayListen(tcb: Tcb): boolean {
    return this.mayBind(tcb, tcb.localAddress, tcb.localPort);
  }

  /** A port for bind to 0: one that nobody uses, the search starting where `hash` says; 0 when all are taken. */
  pickFree(range: readonly [number, number], hash: number): number {
    return ephemeralPort(range[0], range[1], hash, (port) => !this.users.has(port));
  }

  /**
   * A port for a connection to this peer (RFC 6056 §3.3): one that nobody was given by bind, and that makes the four
   * numbers unique; 0 when all are taken.
   */
  pickForConnection(
    range: readonly [number, number],
    local: number,
    remote: number,
    remotePort: number,
  ): number {
    return this.ephemeral.choose(range[0], range[1], local, remote, remotePort, (port) => {
      for (const tcb of this.users.get(port) ?? []) {
        if (tcb.boundByUser) return false; // listeners are
        const isSame = tcb.remotePort === remotePort && tcb.remoteAddress === remote;
        if (isSame && !mayReplace(tcb)) return false;
      }
      return true;
    });
  }
}

/** The score of a listener that a packet is not for. */
const UNFIT = -1;

function fitness(tcb: Tcb, address: number, by: number): number {
  const { settings, localAddress } = tcb;
  if (localAddress !== 0 && localAddress !== address) return UNFIT;
  if (!meetInterface(tcb, by)) return UNFIT;
  return (localAddress !== 0 ? 2 : 0) + (settings.interface >= 0 ? 1 : 0);
}

/** Whether `tcb` has to do with interface `by`; -1 is any, for both. */
function meetInterface(tcb: Tcb, by: number): boolean {
  const bound = tcb.settings.interface;
  return bound < 0 || by < 0 || bound === by;
}

/** Whether two local addresses can be meant by one packet; 0 is any. */
function meet(address: number, other: number): boolean {
  return address === 0 || other === 0 || address === other;
}

function put(table: ByPort, tcb: Tcb): void {
  const there = table.get(tcb.localPort);
  if (there === undefined) table.set(tcb.localPort, new Set([tcb]));
  else there.add(tcb);
}

function take(table: ByPort, tcb: Tcb): void {
  const there = table.get(tcb.localPort);
  if (there?.delete(tcb) && there.size === 0) table.delete(tcb.localPort);
}
