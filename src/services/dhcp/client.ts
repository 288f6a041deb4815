/**
 * A DHCP client (RFC 2131): gives an interface its address, and keeps it.
 *
 *    host.attach(link, {});
 *    const client = new DhcpClient(host, "eth0");
 *    const lease = await client.configure();
 */
import { ECONNABORTED, EINTR } from "../../base/errno.ts";
import type { Host } from "../../host/host.ts";
import { placeAddress } from "../../sockets/address.ts";
import { SocketError } from "../../sockets/error.ts";
import { show } from "../../sockets/misuse.ts";
import { Answer } from "../answer.ts";
import { type ConfigureOptions, checkDhcpOptions, type DhcpOptions } from "./client-options.ts";
import type { DhcpCounters } from "./counters.ts";
import type { Lease } from "./lease.ts";
import { Machine, type MachineOwner } from "./machine.ts";
import type { DhcpState } from "./states.ts";

export class DhcpClient {
  readonly interfaceName: string;
  /** Called when there is a lease, when it was renewed and, with undefined, when it has been lost. */
  onLease: ((lease: Lease | undefined) => void) | undefined = undefined;
  private readonly host: Host;
  private readonly options: DhcpOptions;
  private readonly machine: Machine;
  private readonly callers = new Set<Answer<Lease>>();
  private ending: Answer<void> | undefined = undefined;
  private started = false;
  private isClosed = false;

  /**
   * For the interface called `interfaceName`, which loses the address that it may have when `configure` is called. RangeError for a
   * name that there is not, TypeError and RangeError for options that make no sense.
   */
  constructor(host: Host, interfaceName: string, options: DhcpOptions = {}) {
    checkDhcpOptions(options);
    const by = host.ipv4.interfaces.find((each) => each.name === interfaceName && !each.isLoopback);
    if (by === undefined)
      throw new RangeError(`DhcpClient: there is no interface ${show(interfaceName)} to configure`);
    this.host = host;
    this.interfaceName = interfaceName;
    this.options = options;
    this.machine = new Machine(host, by, options, this.owner());
  }

  /** As in RFC 2131, figure 5. */
  get state(): DhcpState {
    return this.machine.state;
  }

  /** What is in use now. */
  get lease(): Lease | undefined {
    return this.machine.held;
  }

  get counters(): Readonly<DhcpCounters> {
    return this.machine.counters;
  }

  /**
   * Begins, unless it has begun, and resolves with the lease when the interface is configured: address, routes. From then on the lease
   * is renewed in time; when it is lost, another is looked for. Rejects with a SocketError: ETIMEDOUT and EINTR (the client goes
   * on), ECONNABORTED (client or host was closed), ENODEV (the interface is gone), EPERM (no right to packet sockets), EADDRINUSE
   * (somebody else has port 68).
   */
  async configure(options: ConfigureOptions = {}): Promise<Lease> {
    if (this.isClosed || this.host.closed) throw closed();
    if (this.lease !== undefined) return this.lease;
    if (options.signal?.aborted) throw new SocketError(EINTR, "configure");
    this.host.clock.sample();
    const caller = this.addCaller(options);
    if (!this.started) this.start();
    return caller.promise;
  }

  /**
   * Ends it, and never rejects. The address is given back to the server (DHCPRELEASE) and taken off the interface, for which the server
   * may have to be found first: a second at most. With `release` false the address stays where it is, but will not be renewed.
   */
  async close(release = true): Promise<void> {
    if (this.isClosed) return this.ending?.promise.catch(() => {});
    this.host.clock.sample();
    this.isClosed = true;
    this.failAll(closed());
    if (!release || this.host.closed) {
      this.machine.stop();
      return;
    }
    this.ending = new Answer(this.host, { syscall: "close" }, () => `close of DHCP on ${this.interfaceName}`);
    const ended = this.ending.promise.catch(() => {}); // the host was closed meanwhile
    this.machine.release();
    return ended;
  }

  private start(): void {
    this.started = true;
    const { startDelayMillis = 0, previousAddress } = this.options;
    const delayMicros = this.host.random.below(Math.ceil(startDelayMillis * 1000) + 1);
    const previous = previousAddress === undefined ? undefined : placeAddress("DhcpClient", previousAddress);
    this.machine.start(delayMicros / 1_000_000, previous);
  }

  private addCaller({ timeout, signal }: ConfigureOptions): Answer<Lease> {
    const caller: Answer<Lease> = new Answer(
      this.host,
      { syscall: "configure", timeout, signal, ended: () => this.callers.delete(caller) },
      () => `configure of ${this.interfaceName} (${this.state})`,
    );
    this.callers.add(caller);
    return caller;
  }

  private owner(): MachineOwner {
    return {
      bound: (lease) => {
        for (const caller of this.callers) caller.resolve(lease);
        this.tell(lease);
      },
      lost: () => this.tell(undefined),
      failed: (errno) => {
        this.isClosed = true;
        this.failAll(new SocketError(errno, "configure"));
      },
      stopped: () => this.ending?.resolve(),
    };
  }

  private tell(lease: Lease | undefined): void {
    if (this.onLease === undefined) return;
    this.host.clock.settled++;
    this.onLease(lease);
  }

  private failAll(error: SocketError): void {
    for (const caller of this.callers) caller.reject(error);
  }
}

function closed(): SocketError {
  return new SocketError(ECONNABORTED, "configure");
}
