import { afterEach, expect } from "vitest";
import { VirtualClock } from "../../src/base/clock.ts";
import { SipKey } from "../../src/base/hash.ts";
import { Random } from "../../src/base/random.ts";
import { DEFAULT_IP_CONFIG, type IpConfig } from "../../src/ip/config.ts";
import type { Interface } from "../../src/ip/interface.ts";
import { Ipv4 } from "../../src/ip/ipv4.ts";
import { Loopback } from "../../src/link/loopback.ts";
import { TestLink, type TestLinkOptions } from "./test-link.ts";
import { ip as address } from "./wire.ts";

export interface RouterOptions {
  ip?: Partial<IpConfig>;
  /** Of the three links. */
  links?: readonly [TestLinkOptions?, TestLinkOptions?, TestLinkOptions?];
}

/**
 * IPv4 of a router with three test links: `west`, 10.1.0.254/24, `east`, 10.2.0.254/24, and `north`, 10.3.0.254/24; 10.9.0.0/16 is
 * behind 10.2.0.1, and 10.4.0.0/16 behind 10.1.0.7.
 */
export class Router {
  readonly clock = new VirtualClock();
  readonly ip: Ipv4;
  readonly west: TestLink;
  readonly east: TestLink;
  readonly north: TestLink;
  readonly interfaces: Interface[];

  constructor(options: RouterOptions = {}) {
    const random = new Random(1);
    const { clock } = this;
    const config = { ...DEFAULT_IP_CONFIG, forwarding: true, ...options.ip };
    this.ip = new Ipv4({ clock, key: SipKey.fromRandom(random), random, config });
    const lo = { name: "lo", link: new Loopback(clock), address: address("127.0.0.1"), prefixLength: 8 };
    this.ip.addInterface(lo);
    const links = [0, 1, 2].map((number) => new TestLink(clock, options.links?.[number]));
    this.interfaces = links.map((link, number) =>
      this.ip.addInterface({
        name: `eth${number}`,
        link,
        address: address(`10.${number + 1}.0.254`),
        prefixLength: 24,
      }),
    );
    [this.west, this.east, this.north] = links as [TestLink, TestLink, TestLink];
    this.ip.routes.add({ to: "10.9.0.0/16", via: "10.2.0.1" });
    this.ip.routes.add({ to: "10.4.0.0/16", via: "10.1.0.7" });
    routers.push(this);
  }

  /** Lets `bytes` arrive by `link` and runs the instant; returns what was sent in it, by link. */
  receive(bytes: Uint8Array, flags = 0, link = this.west): Record<"west" | "east" | "north", Uint8Array[]> {
    link.receive(bytes, flags);
    return { west: this.west.take(), east: this.east.take(), north: this.north.take() };
  }

  close(): void {
    this.ip.close();
    this.clock.runInstant();
  }
}

const routers: Router[] = [];

/** After each test of the file: routers are closed, and no timer is left. */
export function closeRouters(): void {
  afterEach(() => {
    for (const router of routers.splice(0)) {
      router.close();
      expect(router.clock.timers.armedCount).toBe(0);
    }
  });
}
