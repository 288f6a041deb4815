import { EphemeralPorts, ephemeralPort } from "../base/ephemeral-port.ts";
import type { SipKey } from "../base/hash.ts";
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

  constructor(key: SipKey) {
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

  /** The listener for a SYN to this address and port: one bound to the very address before one bound to any. */
  listener(address: number, port: number): Tcb | undefined {
    const listeners = this.listeners.get(port);
    if (listeners === undefined) return undefined;
    let any: Tcb | undefined;
    for (const tcb of listeners) {
      if (tcb.localAddress === address) return tcb;
      if (tcb.localAddress === 0) any = tcb;
    }
    return any;
  }

  /** Whether `tcb` may be bound there, as Linux decides: addresses do not meet, or all reuse and none listens. */
  mayBind(tcb: Tcb, address: number, port: number): boolean {
    for (const other of this.users.get(port) ?? []) {
      if (other === tcb) continue;
      if (!meet(address, other.localAddress)) continue;
      const bothReuse = tcb.settings.reuseAddress && other.settings.reuseAddress;
      if (!bothReuse || other.state === LISTEN) return false;
    }
    return true;
  }

  /** Whether no other listener's address and port meet `tcb`'s. */
  mayListen(tcb: Tcb): boolean {
    for (const other of this.listeners.get(tcb.localPort) ?? []) {
      if (other !== tcb && meet(tcb.localAddress, other.localAddress)) return false;
    }
    return true;
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
