import { VirtualClock } from "../base/clock.ts";
import { INSPECT } from "../base/inspect.ts";
import { Random } from "../base/random.ts";
import { RealClock } from "../base/real-clock.ts";
import { Host } from "../host/host.ts";
import type { HostOptions } from "../host/options.ts";
import { formatAddress, type Prefix, parseAddress } from "../ip/address.ts";
import { Switch } from "../link/switch.ts";
import { show } from "../sockets/misuse.ts";
import { Capture, type CaptureOptions } from "../trace/capture.ts";
import type { WireObserver } from "../trace/observer.ts";
import { Driver, type Mover } from "./driver.ts";
import { Medium } from "./medium.ts";
import { checkHostName, foldName, hostPrefix } from "./naming.ts";
import { Observers } from "./observers.ts";
import { check, checkFields, type DirectionOptions, type WireOptions } from "./options.ts";
import { RealDriver } from "./real-driver.ts";
import { type Rule, Rules } from "./rules.ts";
import { type Node, type Station, Topology } from "./topology.ts";
import type { Wire } from "./wire.ts";
import { World } from "./world.ts";

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
  /**
   * "real": time goes by of itself, as for a host that stands alone, so that the network can be joined to something outside, a TUN
   * device for instance. `run`, `idle` and `advance` then wait, `drain` is an error, there are no deadlocks to be found, and
   * equal seeds give equal chances, but not equal runs. Default "virtual".
   */
  clock?: "virtual" | "real";
}

/** `tcp`, `ip` and `udp`: the host's layers, where they are to differ from the defaults. */
export interface NetworkHostOptions extends Pick<HostOptions, "tcp" | "ip" | "udp"> {
  /** Address and prefix length, "10.0.0.9/24". Default: the next free one of 10.0.0.1/24, 10.0.0.2/24 … */
  address?: string;
}

/**
 * Hosts, routers, switches, wires between them, and virtual time, which starts at 0 ms and stands still unless `run`, `idle`,
 * `advance` or `drain` moves it.
 *
 * A host has one address, whatever it is linked to: a wire joins two hosts point to point, and each gets a route to
 * the other. There is no route to a host that is not linked; what is sent to an unknown address of the own network
 * goes out on the first wire, and is not answered. A second wire between the same two hosts has addresses of its own,
 * from 10.0.1.0/24, 10.0.2.0/24 …: the way to have several paths.
 *
 * A router passes on what is for others. Its address is the last free one of 10.0.0.0/24, 10.0.0.254 first, unless it is given
 * one, on all its wires to hosts and routers: those are point to point, so that hosts behind different ports may have addresses of
 * one network, as the default ones are. Whenever something is linked, routes are made for the shortest ways through routers, of
 * several for the first that was linked: a host has a default route by its first router, a router one to every address.
 * What is not on this network (behind a TUN device, say) needs routes by hand: `router.route.add({ to, via })`.
 *
 * Switches carry Ethernet frames, with ARP, between the hosts and routers that are linked to them: one segment, where hosts keep
 * their addresses, and a router whose own is in another network than those has the last free one of theirs.
 */
export class Network {
  private readonly random: Random;
  private readonly clock: VirtualClock | RealClock;
  private readonly medium: Medium;
  private readonly topology: Topology;
  private readonly rules = new Rules();
  private readonly observers = new Observers();
  private readonly mover: Mover;
  private nextAddress = 0x0a00_0001;
  private nextRouter = 0x0a00_00fe;
  private lans = 0;
  private closed = false;

  constructor(options: NetworkOptions = {}) {
    checkFields(options, "network options", ["seed", "grace", "patience", "clock"]);
    const { seed = 0, grace = 250, patience = 86_400_000, clock = "virtual" } = options;
    check(typeof seed === "string" || Number.isSafeInteger(seed), "seed", "a safe integer or a string", seed);
    check(
      typeof grace === "number" && grace >= 0 && grace < 2 ** 31,
      "grace",
      "milliseconds of real time",
      grace,
    );
    check(typeof patience === "number" && patience > 0, "patience", "milliseconds above 0", patience);
    check(clock === "virtual" || clock === "real", "clock", '"virtual" or "real"', clock);
    this.random = new Random(seed);
    const time = clock === "real" ? new RealClock() : new VirtualClock();
    this.clock = time;
    this.medium = new Medium(time);
    this.topology = new Topology(time, this.medium, this.random);
    const world = new World(this.topology, this.rules);
    this.mover =
      time instanceof RealClock ? new RealDriver(time, world) : new Driver(time, world, grace, patience);
  }

  /** Virtual time, ms; on the real clock, since the network was made. */
  get now(): number {
    this.clock.sample();
    return this.clock.now / 1000;
  }

  /**
   * Adds a host. Its name is also its DNS name on this network, so it is letters, digits, hyphens and dots, and upper and
   * lower case are one. TypeError, RangeError.
   */
  host(name: string, options: NetworkHostOptions = {}): Host {
    return this.station("host", name, options, false);
  }

  /**
   * Adds a router: a host that passes on what is for others (`ip: { forwarding: true }`). Its options are a host's; what the class
   * says of addresses and routes is its own.
   */
  router(name: string, options: NetworkHostOptions = {}): Host {
    return this.station("router", name, options, true);
  }

  /** Adds a switch, a learning bridge, for hosts and routers to be linked to. Its name is nobody else's. TypeError, RangeError. */
  switch(name: string): Switch {
    this.checkOpen("switch");
    this.checkName("switch", name);
    return this.topology.addSwitch(name);
  }

  /**
   * Joins two hosts, routers or switches by a wire: `options.a` is for what `a` sends, `options.b` for what `b` sends. Switches
   * must not be joined in a loop. Wires of switches carry Ethernet frames; lengths are those of what is in them.
   */
  link(a: Node, b: Node, options: WireOptions = {}): Wire {
    this.checkOpen("link");
    this.checkNode("link", "a", a);
    this.checkNode("link", "b", b);
    if (a === b) {
      throw new RangeError(
        `a wire joins two hosts; ${a.name} ${a instanceof Switch ? "is one switch" : "reaches itself by its lo"}`,
      );
    }
    const wire = this.topology.link(a, b, options);
    this.topology.updateRoutes();
    return wire;
  }

  /**
   * Puts hosts and routers on one segment: each gets a wire to a new switch, called "lan-1", "lan-2" … `options` are for what each of
   * them sends; the switch hands it on at once, so that `latency` is that from one to the other.
   */
  lan(members: readonly Host[], options: DirectionOptions = {}): Switch {
    this.checkOpen("lan");
    if (!Array.isArray(members))
      throw new TypeError(`lan: members are an array of hosts, not ${show(members)}`);
    for (const [index, member] of members.entries()) this.checkHost("lan", `members[${index}]`, member);
    do this.lans++;
    while (this.topology.namesake(`lan-${this.lans}`) !== undefined);
    const common = this.switch(`lan-${this.lans}`);
    for (const member of members) this.topology.link(member, common, oneWay(options));
    this.topology.updateRoutes();
    return common;
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
    return this.mover.run(program);
  }

  /** Runs the world until nothing is left to happen. Never returns while something goes on for ever. */
  idle(): Promise<void> {
    return this.mover.idle();
  }

  /** Runs the world for exactly `millis` of virtual time. */
  advance(millis: number): Promise<void> {
    return this.mover.advance(millis);
  }

  /** Runs the world at once until nothing is left to happen, for programs that use no promises. */
  drain(): void {
    this.mover.drain();
  }

  /**
   * Inside `run`: waits for `millis` of virtual time. That moves only while `run`, `idle` or `advance` is at work:
   * `await net.sleep(1)` without any of these waits for ever (and `leaks` tells of it).
   */
  sleep(millis: number): Promise<void> {
    return this.mover.sleeps.sleep(millis);
  }

  /**
   * Inside `run`: waits for something outside this network (a file, a digest, a real timer), while virtual time stands
   * still. The promise must not depend on virtual time, or both wait for ever.
   */
  external<T>(promise: PromiseLike<T> | T): Promise<T> {
    return this.mover.external(promise);
  }

  /**
   * Cuts the wires between two hosts, routers or switches: what is on the way is lost, and so is what they send, until `heal`. Two
   * hosts of a segment are kept apart by its switches; what is behind these already arrives.
   */
  partition(a: Node, b: Node): void {
    for (const wire of this.between("partition", a, b, true)) wire.cut();
  }

  /** Undoes `partition`. */
  heal(a: Node, b: Node): void {
    for (const wire of this.between("heal", a, b, false)) wire.mend();
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
    if (host !== undefined) this.checkHost("capture", "host", host);
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
    this.mover.close();
    this.topology.close();
  }

  /** What is still there: packets on wires, armed timers, sleeps, and what each host holds. Empty is what a test wants. */
  leaks(): string[] {
    const leaks: string[] = [];
    for (const { wire } of this.topology.cables) {
      if (wire.inFlight > 0) leaks.push(`wire ${wire.name}: ${wire.inFlight} packets on the way`);
    }
    for (const sleep of this.mover.sleeps.describe()) {
      leaks.push(`${sleep}, at ${this.now} ms (time moves only in run, idle, advance and drain)`);
    }
    for (const { host } of this.topology.stations.values()) {
      leaks.push(...host.leaks().map((leak) => `${host.name}: ${leak}`));
    }
    if (this.clock.timers.armedCount > 0) leaks.push(`${this.clock.timers.armedCount} armed timers`);
    return leaks;
  }

  /** In the console: "Network at 12 ms (hosts a, b; wires a-b)". */
  [INSPECT](): string {
    const { stations, switches } = this.topology;
    const names = [...[...stations.values()].map(({ host }) => host), ...switches.values()].map(
      ({ name }) => name,
    );
    const hosts = names.join(", ");
    const wires = this.topology.cables.map(({ wire }) => wire.name).join(", ");
    const closed = this.closed ? ", closed" : "";
    return `Network at ${this.now} ms (hosts ${hosts || "none"}; wires ${wires || "none"}${closed})`;
  }

  private checkOpen(call: string): void {
    if (this.closed) throw new Error(`${call}: the network is closed`);
  }

  private station(call: string, name: string, options: NetworkHostOptions, isRouter: boolean): Host {
    this.checkOpen(call);
    this.checkName(call, name);
    checkFields(options, `${call} options`, ["address", "tcp", "ip", "udp"]);
    const { address, ip, ...layers } = options;
    const prefix = address === undefined ? this.freeAddress(isRouter) : this.checkedAddress(address);
    const host = new Host({
      ...layers,
      ip: isRouter ? { forwarding: true, ...ip } : (ip ?? {}),
      name,
      clock: this.clock,
      random: this.random.fork(`host ${name}`),
      resolve: (wanted: string) => this.resolve(wanted),
      reverse: (known: string) => this.reverse(known),
    });
    this.topology.addStation({ host, prefix, isRouter });
    return host;
  }

  private resolve(name: string): string | undefined {
    const station = this.topology.stations.get(foldName(name));
    return station === undefined ? undefined : formatAddress(station.prefix.address);
  }

  private reverse(address: string): string | undefined {
    const wanted = parseAddress(address);
    return this.topology.ownerOf(wanted) ?? this.topology.holderOf(wanted);
  }

  private checkName(call: string, name: string): void {
    checkHostName(name);
    const namesake = this.topology.namesake(name);
    if (namesake === undefined) return;
    const asked = namesake === name ? "" : `, which ${show(name)} differs from only in case`;
    throw new RangeError(
      `there is a ${call === "switch" ? "node" : "host"} named ${namesake} on this network already${asked}`,
    );
  }

  private checkHost(call: string, argument: string, host: unknown): Station {
    if (!(host instanceof Host)) {
      throw new TypeError(`${call}: ${argument} is a host made by net.host(name), not ${show(host)}`);
    }
    const station = this.topology.stations.get(foldName(host.name));
    if (station?.host === host) return station;
    throw new TypeError(
      `${call}: ${argument} is to be a host of this network, and host ${show(host.name)} was not made by it`,
    );
  }

  private checkNode(call: string, argument: string, node: unknown): void {
    if (!(node instanceof Switch)) {
      this.checkHost(call, argument, node);
    } else if (this.topology.switches.get(foldName(node.name)) !== node) {
      throw new TypeError(
        `${call}: ${argument} is to be of this network, and switch ${node.name} was not made by it`,
      );
    }
  }

  /** The address a user has chosen for a host. */
  private checkedAddress(text: string): Prefix {
    const prefix = hostPrefix(text);
    const owner = this.topology.ownerOf(prefix.address) ?? this.topology.holderOf(prefix.address);
    if (owner === undefined) return prefix;
    throw new RangeError(`host ${owner} has the address ${formatAddress(prefix.address)} already`);
  }

  /** The next address of 10.0.0.0/24 that nobody has: for routers from the end. */
  private freeAddress(isRouter: boolean): Prefix {
    while (this.topology.ownerOf(this.nextAddress) !== undefined) this.nextAddress++;
    while (this.topology.ownerOf(this.nextRouter) !== undefined) this.nextRouter--;
    if (this.nextAddress > this.nextRouter)
      throw new RangeError("10.0.0.0/24 is full: give the host an address");
    return { address: isRouter ? this.nextRouter-- : this.nextAddress++, prefixLength: 24 };
  }

  /** The wires between `a` and `b`, which are also kept apart on their segments (`apart`), or no longer. */
  private between(call: string, a: Node, b: Node, apart: boolean): Wire[] {
    this.checkNode(call, "a", a);
    this.checkNode(call, "b", b);
    const wires = this.topology.wiresBetween(a, b);
    const isOnSegment = this.topology.separate(a, b, apart);
    if (wires.length === 0 && !isOnSegment)
      throw new RangeError(`there is no wire between ${a.name} and ${b.name}`);
    return wires;
  }
}

/** A wire of whose first end all this is said, and of the other what both have to have in common. */
function oneWay(options: DirectionOptions): WireOptions {
  const both: WireOptions = { a: options };
  if (options.mtu !== undefined) both.mtu = options.mtu;
  if (options.checksum !== undefined) both.checksum = options.checksum;
  return both;
}
