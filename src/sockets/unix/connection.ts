/** SOCK_STREAM and SOCK_SEQPACKET in AF_UNIX: listening, connecting, and the end of a connection. */
import { EAGAIN, EALREADY, ECONNREFUSED, ECONNRESET, EINVAL, EISCONN, ENOMEM } from "../../base/errno.ts";
import { POLLHUP, POLLIN, POLLOUT } from "../../base/readiness.ts";
import type { Place } from "../address.ts";
import { SHUT_RD, SHUT_WR, SOMAXCONN } from "../constants.ts";
import { UnixCore } from "./core.ts";
import { unixPath } from "./path.ts";

const UNCONN = "UNCONN";
const LISTEN = "LISTEN";
const ESTABLISHED = "ESTABLISHED";

export abstract class UnixConnectionCore extends UnixCore {
  private state: typeof UNCONN | typeof LISTEN | typeof ESTABLISHED = UNCONN;
  /** Connections that wait for `accept`: the other end of each has been told that it is connected. */
  private readonly arrived: UnixConnectionCore[] = [];
  /** Of these one more than the backlog may wait, as in Linux. */
  private backlog = 0;
  /** Those whose `connect` waits for room. */
  private readonly knocking = new Set<UnixConnectionCore>();
  /** Where the own `connect` waits for room: the path, and whose `knocking` has it. */
  private target: string | undefined = undefined;
  private knocksAt: UnixConnectionCore | undefined = undefined;
  private embryo = false;

  /** Another of the same type. */
  protected abstract another(): UnixConnectionCore;

  override get isEmbryo(): boolean {
    return this.embryo;
  }

  override get embryos(): readonly UnixConnectionCore[] {
    return this.arrived;
  }

  get connected(): boolean {
    return this.state === ESTABLISHED;
  }

  override get listening(): boolean {
    return this.state === LISTEN;
  }

  override get stateName(): string {
    return this.state;
  }

  /** Of a listener: what `listen` asked for. */
  get backlogLimit(): number {
    return this.backlog;
  }

  override join(other: UnixCore): void {
    this.peer = other;
    this.state = ESTABLISHED;
    this.peerCredentials = this.owner.credentials;
  }

  protected override listenWith(backlog: number): number {
    if (this.boundName === undefined || this.state === ESTABLISHED) return -EINVAL;
    // a negative number is a large one (Linux's __sys_listen)
    this.backlog = backlog < 0 ? SOMAXCONN : Math.min(backlog, SOMAXCONN);
    this.state = LISTEN;
    this.peerCredentials = this.owner.credentials;
    this.admit();
    return 0;
  }

  /**
   * Connects at once. -EAGAIN when the listener's queue is full: then {@link connectPending}, and {@link connectResult}
   * tries again, when this socket has news.
   */
  protected override connectPlace(place: Place): number {
    const path = unixPath("connect", place);
    if (typeof path === "number") return path;
    return this.attempt(path);
  }

  override get connectPending(): boolean {
    return this.target !== undefined;
  }

  override connectResult(): number {
    if (this.target === undefined) return 0;
    const result = this.attempt(this.target);
    return result === -EAGAIN ? -EALREADY : result;
  }

  private attempt(path: string): number {
    this.target = undefined;
    this.stopKnocking(); // who knocks anew stands behind the others
    if (path !== "" && this.common.passCredentials) this.bindAny();
    const listener = this.owner.unix.names.find(path, this.type);
    if (typeof listener === "number") return listener;
    if (!(listener instanceof UnixConnectionCore) || !listener.listening || listener.receiveShut) {
      return -ECONNREFUSED;
    }
    if (listener.arrived.length > listener.backlog) {
      this.target = path;
      listener.knocking.add(this);
      this.knocksAt = listener;
      return -EAGAIN;
    }
    if (this.state !== UNCONN) return this.state === ESTABLISHED ? -EISCONN : -EINVAL;
    if (this.owner.unix.full) return -ENOMEM;
    listener.welcome(this);
    return 0;
  }

  protected override dissolve(): number {
    return -EINVAL;
  }

  /** Makes the other end of `client`, to be accepted. */
  private welcome(client: UnixConnectionCore): void {
    const connection = this.another();
    connection.join(client);
    connection.embryo = true;
    connection.boundName = this.boundName;
    client.join(connection);
    client.peerCredentials = this.peerCredentials; // of whoever called listen
    this.arrived.push(connection);
    this.news();
    client.news();
  }

  protected override acceptNext(): UnixConnectionCore | number {
    if (this.state !== LISTEN) return -EINVAL;
    const connection = this.arrived.shift();
    if (connection === undefined) return this.receiveShut ? -EINVAL : -EAGAIN;
    connection.embryo = false;
    this.admit();
    return connection;
  }

  /** There may be room: those whose `connect` waits try again, in the order they came. */
  private admit(): void {
    for (const client of this.knocking) {
      client.knocksAt = undefined;
      client.news();
    }
    this.knocking.clear();
  }

  private stopKnocking(): void {
    this.knocksAt?.knocking.delete(this);
    this.knocksAt = undefined;
  }

  /** What one end no longer sends, the other no longer receives. */
  protected override shutdownHow(how: number): number {
    super.shutdownHow(how);
    const { peer } = this;
    if (peer === undefined || peer.closed) return 0;
    if (how !== SHUT_WR) peer.sendShut = true;
    if (how !== SHUT_RD) peer.receiveShut = true;
    peer.news();
    return 0;
  }

  protected override release(): void {
    const { peer } = this;
    if (peer !== undefined && !peer.closed) {
      peer.sendShut = true;
      peer.receiveShut = true;
      if (this.hasUnread || this.embryo) peer.error = ECONNRESET;
      peer.news();
    }
    super.release();
    for (const connection of this.arrived.splice(0)) connection.close();
    this.admit();
    this.stopKnocking();
  }

  protected get hasUnread(): boolean {
    return this.queue.first !== undefined;
  }

  override discard(): void {
    super.discard();
    for (const connection of this.arrived) connection.discard();
  }

  override get readiness(): number {
    if (this.state === LISTEN) {
      return (super.readiness & ~POLLOUT) | (this.arrived.length > 0 ? POLLIN : 0);
    }
    return super.readiness | (this.state === UNCONN ? POLLHUP : 0);
  }

  override get readable(): number {
    return this.queue.bytes;
  }
}
