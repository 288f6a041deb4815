import { afterEach, expect } from "vitest";
import { VirtualClock } from "../../src/base/clock.ts";
import { SipKey } from "../../src/base/hash.ts";
import { Random } from "../../src/base/random.ts";
import { DEFAULT_IP_CONFIG, type IpConfig } from "../../src/ip/config.ts";
import type { Interface } from "../../src/ip/interface.ts";
import { Ipv4 } from "../../src/ip/ipv4.ts";
import { DEFAULT_CHOICE, type Path } from "../../src/ip/path.ts";
import { Loopback } from "../../src/link/loopback.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { DEFAULT_UDP_CONFIG, type UdpConfig } from "../../src/udp/config.ts";
import { PROTOCOL_UDP } from "../../src/udp/header.ts";
import { Udp } from "../../src/udp/udp.ts";
import { TestLink, type TestLinkOptions } from "./test-link.ts";
import { ip as address } from "./wire.ts";

export interface IpHostOptions {
  ip?: Partial<IpConfig>;
  udp?: Partial<UdpConfig>;
  /** Of `link`. */
  link?: TestLinkOptions;
  prefixLength?: number;
  seed?: number;
}

/** IPv4 and UDP with `lo` and one test link, on which it is 10.0.0.1/24; 10.0.0.254 is its default gateway. */
export class IpHost {
  readonly clock = new VirtualClock();
  readonly ip: Ipv4;
  readonly udp: Udp;
  readonly link: TestLink;
  readonly eth0: Interface;
  readonly lo: Interface;

  constructor(options: IpHostOptions = {}) {
    const random = new Random(options.seed ?? 1);
    const key = SipKey.fromRandom(random);
    const { clock } = this;
    this.ip = new Ipv4({ clock, key, random, config: { ...DEFAULT_IP_CONFIG, ...options.ip } });
    this.udp = new Udp({ clock, paths: this.ip, key, config: { ...DEFAULT_UDP_CONFIG, ...options.udp } });
    this.ip.register(PROTOCOL_UDP, this.udp);
    this.lo = this.ip.addInterface({
      name: "lo",
      link: new Loopback(clock),
      address: address("127.0.0.1"),
      prefixLength: 8,
    });
    this.link = new TestLink(clock, options.link);
    this.eth0 = this.ip.addInterface({
      name: "eth0",
      link: this.link,
      address: address("10.0.0.1"),
      prefixLength: options.prefixLength ?? 24,
    });
    if (options.prefixLength === undefined) this.ip.routes.add({ to: "default", via: "10.0.0.254" });
    hosts.push(this);
  }

  /** The path to `destination`; fails the test where there is none. */
  path(destination: string, source = "0.0.0.0", allowBroadcast = false): Path {
    const choice = { ...DEFAULT_CHOICE, broadcast: allowBroadcast };
    const path = this.ip.path(address(destination), address(source), choice);
    if (typeof path === "number") throw new Error(`no path to ${destination}: ${path}`);
    return path;
  }

  /** Lets `bytes` arrive by `link` and runs the instant; returns what was sent in it. */
  receive(bytes: Uint8Array, flags = 0): Uint8Array[] {
    this.link.receive(bytes, flags);
    return this.link.take();
  }

  /** Runs the world for `millis` of virtual time. */
  advance(millis: number): void {
    const { clock } = this;
    const end = clock.now + millis * 1000;
    clock.runInstant();
    while (clock.nextDeadline() <= end) {
      clock.jumpTo(clock.nextDeadline());
      clock.runInstant();
    }
    clock.jumpTo(end);
  }

  close(): void {
    this.udp.close();
    this.ip.close();
    this.clock.runInstant();
  }
}

const hosts: IpHost[] = [];

/** After each test of the file: hosts are closed, and no packet and no timer is left. */
export function leaveNothingBehind(): void {
  packetPool.debug = true;
  afterEach(() => {
    for (const host of hosts.splice(0)) {
      host.close();
      expect(host.clock.timers.armedCount).toBe(0);
      expect(host.link.closed).toBe(true);
    }
    expect(packetPool.outstanding).toBe(0);
  });
}
