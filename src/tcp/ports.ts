import { Claims, clash, REUSE_ADDRESS, REUSE_PORT } from "../base/claims.ts";
import { EphemeralPorts, ephemeralPort } from "../base/ephemeral-port.ts";
import { keyedHash, type SipKey } from "../base/hash.ts";
import { Places } from "../base/places.ts";
import type { Tcb } from "./tcb.ts";
import { mayReplace } from "./time-wait.ts";

/** So many users of a port are asked one by one whether another may be bound there. */
const FEW = 16;

/** Who uses which local port: bound, listening and connected TCBs. */
export class PortTable {
  private readonly users = new Map<number, Set<Tcb>>();
  /** What they claim, at ports with many where bind was asked for: connections alone need nothing of it. */
  private readonly claims = new Map<number, Claims>();
  /** Those in LISTEN, apart: a SYN must not cost more the more connections or listeners its port has. */
  private readonly listeners = new Map<number, Places<Tcb>>();
  private readonly ephemeral: EphemeralPorts;
  private readonly key: SipKey;
  private listens = 0;

  constructor(key: SipKey) {
    this.key = key;
    this.ephemeral = new EphemeralPorts(key);
  }

  /** `tcb` uses its port from now on; if it did before, its address may be another. */
  add(tcb: Tcb): void {
    const users = this.users.get(tcb.localPort);
    if (users === undefined) this.users.set(tcb.localPort, new Set([tcb]));
    else users.add(tcb);
    if (this.claims.size > 0) this.claimAnew(tcb);
  }

  remove(tcb: Tcb): void {
    const { localPort } = tcb;
    const users = this.users.get(localPort);
    if (users === undefined || !users.delete(tcb)) return;
    if (users.size === 0) this.users.delete(localPort);
    if (tcb.claim === undefined) return;
    this.claims.get(localPort)!.remove(tcb.claim);
    tcb.claim = undefined;
    if (users.size > FEW / 2) return;
    for (const user of users) user.claim = undefined;
    this.claims.delete(localPort);
  }

  /** `tcb` listens from now on at the port it is bound to. */
  addListener(tcb: Tcb): void {
    tcb.rank = this.listens++;
    this.place(tcb);
    this.claimAnew(tcb); // who listens shares less
  }

  removeListener(tcb: Tcb): void {
    if (tcb.listensAt === undefined) return;
    this.displace(tcb);
    this.claimAnew(tcb);
  }

  /** To be called when the interface of `tcb`, its local address or its will to share has changed. */
  changed(tcb: Tcb): void {
    if (tcb.listensAt !== undefined && tcb.listensAt.interface !== tcb.settings.interface) {
      this.displace(tcb);
      this.place(tcb);
    }
    if (tcb.claim !== undefined) this.claimAnew(tcb);
  }

  /**
   * The listener for a SYN to this address and port that came in by interface `by`: one bound to the very address before one
   * bound to any, then one bound to the interface. Those that share a place (SO_REUSEPORT) take turns as a keyed hash of the
   * four numbers says, so that a repeated SYN comes to the same one.
   */
  listener(address: number, port: number, remote: number, remotePort: number, by: number): Tcb | undefined {
    const places = this.listeners.get(port);
    if (places === undefined) return undefined;
    const place = places.find(address, by) ?? places.find(0, by);
    if (place === undefined) return undefined;
    const { members } = place;
    if (members.length === 1) return members[0];
    const hash = keyedHash(this.key, remote, address, (remotePort << 16) | port);
    return members[(hash >>> 0) % members.length];
  }

  /**
   * Whether `tcb` may be bound there, as Linux decides (inet_bind_conflict): addresses or interfaces do not meet, or both have
   * SO_REUSEADDR and the other does not listen, or both have SO_REUSEPORT.
   */
  mayBind(tcb: Tcb, address: number, port: number): boolean {
    const users = this.users.get(port);
    if (users === undefined) return true;
    const { settings } = tcb;
    const sharing = (settings.reuseAddress ? REUSE_ADDRESS : 0) | (settings.reusePort ? REUSE_PORT : 0);
    if (users.size > FEW) {
      const claims = this.claims.get(port) ?? this.claimAll(port, users);
      return !claims.clashWith(address, settings.interface, sharing, tcb.claim);
    }
    for (const other of users) {
      if (other === tcb) continue;
      const { interface: by } = other.settings;
      if (clash(address, settings.interface, sharing, other.localAddress, by, sharingOf(other))) return false;
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

  private place(tcb: Tcb): void {
    let places = this.listeners.get(tcb.localPort);
    if (places === undefined) {
      places = new Places();
      this.listeners.set(tcb.localPort, places);
    }
    tcb.listensAt = places.add(tcb, tcb.localAddress, tcb.settings.interface);
  }

  private displace(tcb: Tcb): void {
    const places = this.listeners.get(tcb.localPort)!;
    places.remove(tcb.listensAt!, tcb);
    tcb.listensAt = undefined;
    if (places.empty) this.listeners.delete(tcb.localPort);
  }

  /** From now on the claims of this port are kept. */
  private claimAll(port: number, users: Set<Tcb>): Claims {
    const claims = new Claims();
    this.claims.set(port, claims);
    for (const user of users) this.claimAnew(user);
    return claims;
  }

  private claimAnew(tcb: Tcb): void {
    const claims = this.claims.get(tcb.localPort);
    if (claims === undefined || !this.users.get(tcb.localPort)?.has(tcb)) return;
    const { claim, localAddress, settings } = tcb;
    const sharing = sharingOf(tcb);
    if (claim?.is(localAddress, settings.interface, sharing)) return;
    if (claim !== undefined) claims.remove(claim);
    tcb.claim = claims.add(localAddress, settings.interface, sharing);
  }
}

/** The ways of sharing that a user of a port is for: see `clash`. */
function sharingOf({ settings, listensAt }: Tcb): number {
  const reuseAddress = settings.reuseAddress && listensAt === undefined;
  return (reuseAddress ? REUSE_ADDRESS : 0) | (settings.reusePort ? REUSE_PORT : 0);
}
