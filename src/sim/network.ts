import { VirtualClock } from "../base/clock.ts";
import { INSPECT } from "../base/inspect.ts";
import { Random } from "../base/random.ts";
import { Host } from "../host/host.ts";
import type { HostOptions } from "../host/options.ts";
import { formatAddress, formatPrefix, isLoopback, type Prefix, parseAddress } from "../ip/address.ts";
import { show } from "../sockets/misuse.ts";
import { Capture, type CaptureOptions } from "../trace/capture.ts";
import type { WireObserver } from "../trace/observer.ts";
import { Driver } from "./driver.ts";
import { Medium } from "./medium.ts";
import { checkHostName, foldName, hostPrefix } from "./naming.ts";
import { Observers } from "./observers.ts";
import { check, checkFields, type WireOptions } from "./options.ts";
import { type Rule, Rules } from "./rules.ts";
import { Wire } from "./wire.ts";

export interface NetworkOptions {
  /** Everything random on this network comes from it: equal seeds, equal runs. A safe integer or a string. Default 0. */
  seed?: number | string;
  /**
   * How long `run` waits in real time, when nothing is left to happen on the network, for the function to go on by itself
   * before it gives up with a DeadlockError, ms. Default 250.
   */
  grace?: number;
  /**
   * How much virtual time may pass in `run` without any promise being settled, neither a call's nor a sleep's, while
   * timers go on (probes of a closed window, keep-alives, routers that talk to each other), before it gives up with a
   * DeadlockError, ms. While a sleep is pending that does not count. Infinity is allowed. Default 86400000: 24 hours.
   */
  patience?: number;
}

/** `tcp`, `ip` and `udp`: the host's layers, where they are to differ from the defaults. */
export interface NetworkHostOptions extends Pick<HostOptions, "tcp" | "ip" | "udp"> {
  /** Address and prefix length, "10.0.0.9/24". Default: the next free one of 10.0.0.1/24, 10.0.0.2/24 … */
  address?: string;
}

/** A host as the network keeps it. */
interface Station {
  readonly host: Host;
  readonly prefix: Prefix;
}

interface Cable {
  readonly wire: Wire;
  readonly a: Host;
  readonly b: Host;
}

/**
 * Hosts, wires between them, and virtual time, which starts at 0 ms and stands still unless `run`, `idle`, `advance` or
 * `drain` moves it.
 *
 * A host has one address, whatever it is linked to: a wire joins two hosts point to point, and each gets a route to
 * the other. There is no route to a host that is not linked; what is sent to an unknown address of the own network
 * goes out on the first wire, and is not answered. A second wire between the same two hosts has addresses of its own,
 * from 10.0.1.0/24, 10.0.2.0/24 …: the way to have several paths.
 */
export class Network {
  private readonly random: Random;
  private readonly clock = new VirtualClock();
  private readonly medium = new Medium(this.clock);
  private readonly rules = new Rules();
  private readonly observers = new Observers();
  /** By the name without regard to case. */
  private readonly stations = new Map<string, Station>();
  private readonly cables: Cable[] = [];
  private readonly driver: Driver;
  private nextAddress = 0x0a00_0001;
  private nextSubnet = 0x0a00_0100;
  private closed = false;

  constructor(options: NetworkOptions = {}) {
    checkFields(options, "network options", ["seed", "grace", "patience"]);
    const { seed = 0, grace = 250, patience = 86_400_000 } = options;
    check(typeof seed === "string" || Number.isSafeInteger(seed), "seed", "a safe integer or a string", seed);
    check(
      typeof grace === "number" && grace >= 0 && grace < 2 ** 31,
      "grace",
      "milliseconds of real time",
      grace,
    );
    check(typeof patience === "number" && patience > 0, "patience", "milliseconds above 0", patience);
    this.random = new Random(seed);
    this.driver = new Driver(this.clock, new World(this.stations, this.rules), grace, patience);
  }

  /** Virtual time, ms. */
  get now(): number {
    return this.clock.now / 1000;
  }

  /**
   * Adds a host. Its name is also its DNS name on this network, so it is letters, digits, hyphens and dots, and upper and
   * lower case are one. TypeError, RangeError.
   */
  host(name: string, options: NetworkHostOptions = {}): Host {
    this.checkOpen("host");
    checkHostName(name);
    checkFields(options, "host options", ["address", "tcp", "ip", "udp"]);
    const namesake = this.stations.get(foldName(name))?.host.name;
    if (namesake !== undefined) {
      const asked = namesake === name ? "" : `, which ${show(name)} differs from only in case`;
      throw new RangeError(`there is a host named ${namesake} on this network already${asked}`);
    }
    const { address, ...layers } = options;
    const prefix = address === undefined ? this.freeAddress() : this.checkedAddress(address);
    const host = new Host({
      ...layers,
      name,
      clock: this.clock,
      random: this.random.fork(`host ${name}`),
      resolve: (wanted: string) => this.resolve(wanted),
      reverse: (address: string) => this.reverse(address),
    });
    this.stations.set(foldName(name), { host, prefix });
    return host;
  }

  /** Joins two hosts by a wire: `options.a` is for what `a` sends, `options.b` for what `b` sends. */
  link(a: Host, b: Host, options: WireOptions = {}): Wire {
    this.checkOpen("link");
    const stationA = this.station("link", "a", a);
    const stationB = this.station("link", "b", b);
    if (a === b) throw new RangeError(`a wire joins two hosts; ${a.name} reaches itself by its lo`);
    const rivals = this.between(a, b).length;
    const name = rivals === 0 ? `${a.name}-${b.name}` : `${a.name}-${b.name}-${rivals + 1}`;
    const wire = new Wire(this.medium, this.random.fork(`wire ${name}`), name, a.name, b.name, options);
    const subnet = this.nextSubnet;
    if (rivals > 0) this.nextSubnet += 256;
    const prefixA = rivals === 0 ? stationA.prefix : { address: subnet + 1, prefixLength: 24 };
    const prefixB = rivals === 0 ? stationB.prefix : { address: subnet + 2, prefixLength: 24 };
    connect(a, wire.a, prefixA, prefixB.address);
    connect(b, wire.b, prefixB, prefixA.address);
    this.cables.push({ wire, a, b });
    return wire;
  }

  /**
   * Runs `program`, and the world with it, until its promise settles; resolves or rejects as that does. Rejects with a
   * `DeadlockError` when nothing can ever happen again and it has not settled, or when nothing that anybody waits for
   * has happened for longer than the network's `patience`. The world then stays as it is: `idle` lets what is left
   * (TIME-WAIT, for instance) come to its end.
   *
   * Calls and sleeps made outside of it settle too, but only while `run`, `idle` or `advance` is at work: awaiting one
   * without any of these waits for ever.
   */
  run<T>(program: () => T | PromiseLike<T>): Promise<T> {
    return this.driver.run(program);
  }

  /** Runs the world until nothing is left to happen. Never returns while something goes on for ever. */
  idle(): Promise<void> {
    return this.driver.idle();
  }

  /** Runs the world for exactly `millis` of virtual time. */
  advance(millis: number): Promise<void> {
    return this.driver.advance(millis);
  }

  /** Runs the world at once until nothing is left to happen, for programs that use no promises. */
  drain(): void {
    this.driver.drain();
  }

  /**
   * Inside `run`: waits for `millis` of virtual time. That moves only while `run`, `idle` or `advance` is at work:
   * `await net.sleep(1)` without any of these waits for ever (and `leaks` tells of it).
   */
  sleep(millis: number): Promise<void> {
    return this.driver.sleep(millis);
  }

  /**
   * Inside `run`: waits for something outside this network (a file, a digest, a real timer), while virtual time stands
   * still. The promise must not depend on virtual time, or both wait for ever.
   */
  external<T>(promise: PromiseLike<T> | T): Promise<T> {
    return this.driver.external(promise);
  }

  /** Cuts the wires between two hosts: what is on the way is lost, and so is what they send, until `heal`. */
  partition(a: Host, b: Host): void {
    for (const wire of this.wiresBetween("partition", a, b)) wire.cut();
  }

  /** Undoes `partition`. */
  heal(a: Host, b: Host): void {
    for (const wire of this.wiresBetween("heal", a, b)) wire.mend();
  }

  /** Asks `rule` about every packet handed to a wire from now on. The returned function ends that. */
  rule(rule: Rule): () => void {
    this.checkOpen("rule");
    const off = this.rules.add(rule);
    this.medium.judge = this.rules.judge;
    return () => {
      off();
      if (this.rules.empty) this.medium.judge = undefined;
    };
  }

  /** Keeps a copy of every packet from now on, or of those one host sends and receives. */
  capture(options: { host?: Host; snapLength?: number } = {}): Capture {
    this.checkOpen("capture");
    checkFields(options, "capture options", ["host", "snapLength"]);
    const { host, snapLength } = options;
    if (host !== undefined) this.station("capture", "host", host);
    const chosen: CaptureOptions = { host: host?.name, snapLength };
    let off = () => {};
    const capture = new Capture(chosen, () => off());
    off = this.observe(capture);
    return capture;
  }

  /** Tells `observer` of every packet from now on. The returned function ends that. */
  observe(observer: WireObserver): () => void {
    this.checkOpen("observe");
    this.observers.add(observer);
    this.medium.observer = this.observers;
    return () => {
      this.observers.remove(observer);
      if (this.observers.empty) this.medium.observer = undefined;
    };
  }

  /** A digest of every packet so far that entered or left a wire, and when: equal for equal runs. */
  hash(): string {
    return this.medium.digest.toString();
  }

  /** Ends everything: hosts, wires, sleeps. The network cannot be used again; what was captured can still be read. */
  close(): void {
    this.closed = true;
    this.driver.close();
    for (const { host } of this.stations.values()) host.close();
    for (const { wire } of this.cables) wire.close();
  }

  /** What is still there: packets on wires, armed timers, sleeps, and what each host holds. Empty is what a test wants. */
  leaks(): string[] {
    const leaks: string[] = [];
    for (const { wire } of this.cables) {
      if (wire.inFlight > 0) leaks.push(`wire ${wire.name}: ${wire.inFlight} packets on the way`);
    }
    for (const sleep of this.driver.sleeping()) {
      leaks.push(`${sleep}, at ${this.now} ms (time moves only in run, idle, advance and drain)`);
    }
    for (const { host } of this.stations.values()) {
      leaks.push(...host.leaks().map((leak) => `${host.name}: ${leak}`));
    }
    if (this.clock.timers.armedCount > 0) leaks.push(`${this.clock.timers.armedCount} armed timers`);
    return leaks;
  }

  /** In the console: "Network at 12 ms (hosts a, b; wires a-b)". */
  [INSPECT](): string {
    const hosts = [...this.stations.values()].map(({ host }) => host.name).join(", ");
    const wires = this.cables.map(({ wire }) => wire.name).join(", ");
    const closed = this.closed ? ", closed" : "";
    return `Network at ${this.now} ms (hosts ${hosts || "none"}; wires ${wires || "none"}${closed})`;
  }

  private checkOpen(call: string): void {
    if (this.closed) throw new Error(`${call}: the network is closed`);
  }

  private resolve(name: string): string | undefined {
    const station = this.stations.get(foldName(name));
    return station === undefined ? undefined : formatAddress(station.prefix.address);
  }

  private reverse(address: string): string | undefined {
    const wanted = parseAddress(address);
    return this.ownerOf(wanted) ?? this.holderOf(wanted);
  }

  /** The host with an interface of this address: one of a second wire between two hosts. */
  private holderOf(address: number): string | undefined {
    if (isLoopback(address)) return undefined;
    for (const { host } of this.stations.values()) {
      if (host.ipv4.interfaces.some((each) => each.address === address)) return host.name;
    }
    return undefined;
  }

  private station(call: string, argument: string, host: unknown): Station {
    if (!(host instanceof Host)) {
      throw new TypeError(`${call}: ${argument} is a host made by net.host(name), not ${show(host)}`);
    }
    const station = this.stations.get(foldName(host.name));
    if (station?.host === host) return station;
    throw new TypeError(
      `${call}: ${argument} is to be a host of this network, and host ${show(host.name)} was not made by it`,
    );
  }

  private ownerOf(address: number): string | undefined {
    for (const { host, prefix } of this.stations.values()) if (prefix.address === address) return host.name;
    return undefined;
  }

  /** The address a user has chosen for a host. */
  private checkedAddress(text: string): Prefix {
    const prefix = hostPrefix(text);
    const owner = this.ownerOf(prefix.address);
    if (owner === undefined) return prefix;
    throw new RangeError(`host ${owner} has the address ${formatAddress(prefix.address)} already`);
  }

  /** The next address of 10.0.0.0/24 that nobody has. */
  private freeAddress(): Prefix {
    while (this.ownerOf(this.nextAddress) !== undefined) this.nextAddress++;
    if (this.nextAddress > 0x0a00_00fe) throw new RangeError("10.0.0.0/24 is full: give the host an address");
    return { address: this.nextAddress++, prefixLength: 24 };
  }

  private between(a: Host, b: Host): Cable[] {
    return this.cables.filter(
      (cable) => (cable.a === a && cable.b === b) || (cable.a === b && cable.b === a),
    );
  }

  private wiresBetween(call: string, a: Host, b: Host): Wire[] {
    this.station(call, "a", a);
    this.station(call, "b", b);
    const wires = this.between(a, b).map((cable) => cable.wire);
    if (wires.length === 0) throw new RangeError(`there is no wire between ${a.name} and ${b.name}`);
    return wires;
  }
}

/** Gives `host` one end of a wire, and the route to the host at the other. */
function connect(host: Host, link: Wire["a"], own: Prefix, peer: number): void {
  const by = host.attach(link, { address: formatPrefix(own.address, own.prefixLength) });
  host.route.add({ to: formatPrefix(peer, 32), interface: by.name });
}

/** What the driver asks of the network. */
class World {
  private readonly stations: ReadonlyMap<string, Station>;
  private readonly rules: Rules;

  constructor(stations: ReadonlyMap<string, Station>, rules: Rules) {
    this.stations = stations;
    this.rules = rules;
  }

  get pendingCount(): number {
    let count = 0;
    for (const { host } of this.stations.values()) count += host.pendingCalls.size;
    return count;
  }

  pending(): string[] {
    const lines: string[] = [];
    for (const { host } of this.stations.values()) {
      for (const call of host.pendingCalls) lines.push(`${host.name}: ${call.describe()}`);
    }
    return lines;
  }

  rethrow(): void {
    this.rules.rethrow();
  }
}
