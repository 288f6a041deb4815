/** The table of ports against a model that looks at every endpoint, and what a look-up costs among many. */
import { describe, expect, test } from "vitest";
import { keyedHash, SipKey } from "../../src/base/hash.ts";
import { Random } from "../../src/base/random.ts";
import { ANY_ADDRESS } from "../../src/ip/address.ts";
import type { UdpEndpoint } from "../../src/udp/endpoint.ts";
import { IpHost, leaveNothingBehind } from "../support/ip-host.ts";
import { TestLink } from "../support/test-link.ts";
import { ip } from "../support/wire.ts";

leaveNothingBehind();

const LOCAL = ["0.0.0.0", "10.0.0.1", "10.0.1.1", "127.0.0.1"].map(ip);
const REMOTE = ["10.0.0.2", "10.0.0.3", "10.0.1.2"].map(ip);
const PORTS = [6000, 6001];
const REMOTE_PORTS = [1, 2, 3, 0];
const INTERFACES = [-1, -1, 1, 2];

/** IpHost's key: the first that its seed gives. */
const key = SipKey.fromRandom(new Random(1));

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random.below(choices.length)]!;
}

/** Every endpoint that is bound, the youngest first, asked one by one. */
class Model {
  endpoints: UdpEndpoint[] = [];

  mayBind({ settings }: UdpEndpoint, address: number, port: number): boolean {
    return !this.endpoints.some((other) => {
      const theirs = other.settings;
      const shares =
        (settings.reuseAddress && theirs.reuseAddress) || (settings.reusePort && theirs.reusePort);
      const apart =
        settings.interface >= 0 && theirs.interface >= 0 && settings.interface !== theirs.interface;
      const elsewhere =
        address !== ANY_ADDRESS && other.localAddress !== ANY_ADDRESS && address !== other.localAddress;
      return other.localPort === port && !shares && !apart && !elsewhere;
    });
  }

  find(local: number, port: number, remote: number, remotePort: number, by: number) {
    let best: UdpEndpoint | undefined;
    let bestScore = -1;
    for (const endpoint of this.endpoints) {
      const { localAddress, connected, settings } = endpoint;
      if (endpoint.localPort !== port) continue;
      if (localAddress !== ANY_ADDRESS && localAddress !== local) continue;
      if (settings.interface >= 0 && settings.interface !== by) continue;
      if (connected && endpoint.remoteAddress !== remote) continue;
      if (connected && endpoint.remotePort !== 0 && endpoint.remotePort !== remotePort) continue;
      const score =
        (localAddress !== ANY_ADDRESS ? 4 : 0) + (connected ? 2 : 0) + (settings.interface >= 0 ? 1 : 0);
      if (score > bestScore) [best, bestScore] = [endpoint, score];
    }
    if (best === undefined || best.connected || !best.settings.reusePort) return best;
    const { localAddress, settings } = best;
    const sharers = this.endpoints.filter(
      (other) =>
        other.localPort === port &&
        other.settings.reusePort &&
        !other.connected &&
        other.localAddress === localAddress &&
        other.settings.interface === settings.interface,
    );
    const hash = keyedHash(key, local, remote, (port << 16) | remotePort) >>> 0;
    return sharers[Math.floor((hash / 2 ** 32) * sharers.length)];
  }
}

/** A host whose endpoints come, change and go at random, as many as `most`, and a model of it. */
class Place {
  readonly host = new IpHost();
  readonly model = new Model();
  private readonly random: Random;
  private readonly most: number;

  constructor(seed: string, most: number) {
    this.random = new Random(seed);
    this.most = most;
    const link = new TestLink(this.host.clock);
    this.host.ip.addInterface({ name: "eth1", link, address: ip("10.0.1.1"), prefixLength: 24 });
  }

  step(): void {
    const { model, random } = this;
    const { endpoints } = model;
    const chance = random.below(100);
    if (endpoints.length === 0 || (chance < 50 && endpoints.length < this.most)) {
      this.bind();
      return;
    }
    const endpoint = pick(random, endpoints);
    if (chance < 65) endpoint.connect(pick(random, REMOTE), pick(random, REMOTE_PORTS));
    else if (chance < 75) endpoint.disconnect();
    else if (chance < 90) this.choose(endpoint);
    else endpoint.close();
    model.endpoints = endpoints.filter(({ localPort }) => localPort !== 0);
  }

  private bind(): void {
    const { host, model, random } = this;
    const endpoint = host.udp.create();
    this.choose(endpoint);
    const [address, port] = [pick(random, LOCAL), pick(random, PORTS)];
    const expected = model.mayBind(endpoint, address, port);
    expect(endpoint.bind(address, port) === 0).toBe(expected);
    if (expected) model.endpoints.unshift(endpoint);
    else endpoint.close();
  }

  private choose(endpoint: UdpEndpoint): void {
    const { random } = this;
    endpoint.settings.interface = pick(random, INTERFACES);
    endpoint.settings.reuseAddress = random.chance(0.9);
    endpoint.settings.reusePort = random.chance(0.8);
    endpoint.settingsChanged();
  }

  look(): void {
    const { host, model, random } = this;
    const local = pick(random, LOCAL.slice(1));
    const [remote, remotePort] = [pick(random, REMOTE), pick(random, REMOTE_PORTS.slice(0, 3))];
    const from = [local, pick(random, PORTS), remote, remotePort, 1 + random.below(3)] as const;
    expect(host.udp.ports.find(...from)).toBe(model.find(...from));
  }
}

describe("the table of ports", () => {
  test.each([3, 12, 40])("finds what a search of all finds, with at most %i endpoints", (most) => {
    for (let seed = 0; seed < 8; seed++) {
      const place = new Place(`${most} ${seed}`, most);
      for (let step = 0; step < 400; step++) {
        place.step();
        for (let look = 0; look < 4; look++) place.look();
      }
    }
  });

  test("forgets a port when its last endpoint has gone", () => {
    const { host, model } = new Place("", 0);
    for (let count = 0; count < 50; count++) {
      const endpoint = host.udp.create();
      endpoint.settings.reusePort = true;
      endpoint.bind(pickAt(LOCAL, count), 6000);
      if (count % 2 === 0) endpoint.connect(REMOTE[0]!, 1);
      model.endpoints.push(endpoint);
    }
    for (const endpoint of model.endpoints) endpoint.close();
    expect(host.udp.ports.at(6000)).toEqual([]);
    expect(host.udp.create().bind(ANY_ADDRESS, 6000)).toBe(0);
  });

  /** Has every look at the address of any of `endpoints` counted. */
  function countLooks(endpoints: UdpEndpoint[]): { count: number } {
    const looks = { count: 0 };
    for (const endpoint of endpoints) {
      let address = endpoint.localAddress;
      Object.defineProperty(endpoint, "localAddress", {
        get() {
          looks.count++;
          return address;
        },
        set(value: number) {
          address = value;
        },
      });
    }
    return looks;
  }

  const CROWDS: [what: string, connects: boolean][] = [
    ["share out what comes", false],
    ["have each a peer", true],
  ];
  test.each(CROWDS)("asks few of a thousand endpoints that %s", (_what, connects) => {
    const host = new IpHost();
    const endpoints = Array.from({ length: 1000 }, (_, index) => {
      const endpoint = host.udp.create();
      endpoint.settings.reusePort = true;
      expect(endpoint.bind(ANY_ADDRESS, 6000)).toBe(0);
      if (connects) endpoint.connect(REMOTE[0]!, index + 1);
      return endpoint;
    });
    const looks = countLooks(endpoints);
    const found = host.udp.ports.find(LOCAL[1]!, 6000, REMOTE[0]!, 500, 1);
    if (connects) expect(found).toBe(endpoints[499]);
    else expect(endpoints).toContain(found);
    const late = host.udp.create();
    late.settings.reusePort = true;
    expect(late.bind(ANY_ADDRESS, 6000)).toBe(0);
    late.settings.reusePort = false;
    late.settingsChanged();
    late.close();
    expect(host.udp.create().bind(ANY_ADDRESS, 6000)).toBeLessThan(0);
    for (const endpoint of endpoints.slice(0, 20)) endpoint.close();
    expect(looks.count).toBeLessThan(50);
  });
});

function pickAt<T>(choices: readonly T[], index: number): T {
  return choices[index % choices.length]!;
}
