/** The table of ports against a model that looks at every user, and what bind and a SYN cost among many. */
import { describe, expect, it } from "vitest";
import { EADDRINUSE } from "../../src/base/errno.ts";
import { keyedHash } from "../../src/base/hash.ts";
import { Random } from "../../src/base/random.ts";
import { bind, close, listen, open, settingsChanged, shutdown, type Tcb } from "../../src/tcp/index.ts";
import { LISTEN } from "../../src/tcp/state.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { TestLink } from "../support/test-link.ts";
import { ip } from "../support/wire.ts";

leaveNothingBehind();

const LOCAL = ["0.0.0.0", "10.0.0.1", "10.0.1.1", "127.0.0.1"].map(ip);
const PEER = ip("10.0.0.2");
const PORTS = [80, 81];
const INTERFACES = [-1, -1, 1, 2];

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random.below(choices.length)]!;
}

/** A host on which sockets come, change and go at random, and what a search of all of them would say. */
class Place {
  readonly peer = new SegmentPeer();
  /** The users' sockets that are not closed, and those that listen, the oldest first. */
  private sockets: Tcb[] = [];
  private listening: Tcb[] = [];
  private readonly random: Random;
  private readonly most: number;

  constructor(seed: string, most: number) {
    this.random = new Random(seed);
    this.most = most;
    this.peer.host.attach(new TestLink(this.peer.clock), { address: "10.0.1.1/24" });
  }

  private users(port: number): Tcb[] {
    const bound = this.sockets.filter(({ boundByUser }) => boundByUser);
    return [...new Set([...bound, ...this.peer.tcp.connections()])].filter((tcb) => tcb.localPort === port);
  }

  private mayBind(tcb: Tcb, address: number, port: number): boolean {
    const { settings } = tcb;
    return !this.users(port).some((other) => {
      const theirs = other.settings;
      const sharesAddress = settings.reuseAddress && theirs.reuseAddress && other.state !== LISTEN;
      const shares = sharesAddress || (settings.reusePort && theirs.reusePort);
      const apart =
        settings.interface >= 0 && theirs.interface >= 0 && settings.interface !== theirs.interface;
      const elsewhere = address !== 0 && other.localAddress !== 0 && address !== other.localAddress;
      return other !== tcb && !shares && !apart && !elsewhere;
    });
  }

  private listener(address: number, port: number, remote: number, remotePort: number, by: number) {
    const score = ({ localAddress, settings }: Tcb) =>
      (localAddress === 0 ? 0 : 2) + (settings.interface < 0 ? 0 : 1);
    const fitting = this.listening.filter(
      ({ state, localPort, localAddress, settings }) =>
        state === LISTEN &&
        localPort === port &&
        (localAddress === 0 || localAddress === address) &&
        (settings.interface < 0 || settings.interface === by),
    );
    const best = Math.max(...fitting.map(score));
    const rivals = fitting.filter((tcb) => score(tcb) === best);
    const hash = keyedHash(this.peer.tcp.key, remote, address, (remotePort << 16) | port) >>> 0;
    return rivals[hash % rivals.length];
  }

  step(): void {
    const { random, sockets } = this;
    const chance = random.below(100);
    if (sockets.length === 0 || (chance < 50 && sockets.length < this.most)) {
      this.bind();
      return;
    }
    const tcb = pick(random, sockets);
    if (chance < 62) this.listen(tcb);
    else if (chance < 72) open(tcb, PEER, 1 + random.below(1000));
    else if (chance < 76) shutdown(tcb, 2);
    else if (chance < 84) this.choose(tcb);
    else if (chance < 90) this.syn();
    else this.close(tcb);
  }

  private bind(): void {
    const { random } = this;
    const tcb = this.peer.tcp.create();
    this.choose(tcb);
    const [address, port] = [pick(random, LOCAL), pick(random, PORTS)];
    const expected = this.mayBind(tcb, address, port);
    expect(bind(tcb, address, port) === 0).toBe(expected);
    this.sockets.push(tcb);
    if (expected && random.chance(0.5)) this.listen(tcb);
    else if (!expected) this.close(tcb);
  }

  private choose(tcb: Tcb): void {
    const { random } = this;
    tcb.settings.interface = pick(random, INTERFACES);
    tcb.settings.reuseAddress = random.chance(0.9);
    tcb.settings.reusePort = random.chance(0.9);
    settingsChanged(tcb);
  }

  private listen(tcb: Tcb): void {
    const isNew = tcb.state !== LISTEN && tcb.remotePort === 0 && tcb.localPort !== 0;
    const expected = isNew && this.mayBind(tcb, tcb.localAddress, tcb.localPort);
    const result = listen(tcb, 5);
    if (!isNew) return;
    expect(result === 0).toBe(expected);
    if (expected) this.listening = [...this.listening.filter((other) => other !== tcb), tcb];
  }

  private syn(): void {
    const { peer, random } = this;
    peer.inject({ flags: "S", sourcePort: 1 + random.below(9), destinationPort: pick(random, PORTS) });
    peer.take();
  }

  private close(tcb: Tcb): void {
    this.sockets = this.sockets.filter((other) => other !== tcb);
    tcb.settings.abortOnClose = this.random.chance(0.5);
    close(tcb);
    this.listening = this.listening.filter(({ state }) => state === LISTEN);
  }

  look(): void {
    const { peer, random } = this;
    const from = [
      pick(random, LOCAL.slice(1)),
      pick(random, PORTS),
      PEER,
      1 + random.below(1000),
      1 + random.below(3),
    ] as const;
    expect(peer.tcp.ports.listener(...from)?.rank).toBe(this.listener(...from)?.rank);
  }

  /** Everyone goes. */
  end(): void {
    for (const tcb of this.sockets) close(tcb);
    this.peer.tcp.close();
    const tables = this.peer.tcp.ports as unknown as Record<string, Map<number, unknown>>;
    for (const name of ["users", "claims", "listeners"]) expect(tables[name]?.size, name).toBe(0);
  }
}

describe("the table of TCP's ports", () => {
  it.each([5, 60])("says what a search of all says, with at most %i sockets, and keeps nobody", (most) => {
    for (let seed = 0; seed < 6; seed++) {
      const place = new Place(`${most} ${seed}`, most);
      for (let step = 0; step < 400; step++) {
        place.step();
        for (let look = 0; look < 3; look++) place.look();
      }
      place.end();
    }
  });

  describe("among many", () => {
    /** A port with twenty at addresses of their own, and one bound to `address`; all share by SO_REUSEADDR. */
    function crowd(address: string) {
      const { tcp } = new SegmentPeer();
      const bound = (at: number) => {
        const tcb = tcp.create();
        tcb.settings.reuseAddress = true;
        return [bind(tcb, at, 80), tcb] as const;
      };
      const first = bound(ip(address))[1];
      const others = Array.from({ length: 20 }, (_, index) => bound(ip("127.0.1.0") + index)[1]);
      const another = (at: string) => {
        const [result, tcb] = bound(ip(at));
        close(tcb);
        return result;
      };
      expect([another("10.0.0.1"), others.every(({ boundByUser }) => boundByUser)]).toEqual([0, true]);
      return { first, others, another };
    }

    function dontShare(tcb: Tcb): void {
      tcb.settings.reuseAddress = false;
      settingsChanged(tcb);
    }

    it("a socket does not stand in its own way", () => {
      const { first, others } = crowd("10.0.0.1");
      for (const tcb of [first, ...others]) {
        dontShare(tcb);
        expect(listen(tcb, 5)).toBe(0);
      }
    });

    it("a listener stands in the way until it is shut down", () => {
      const { first, another } = crowd("0.0.0.0");
      listen(first, 5);
      expect(another("10.0.0.1")).toBe(-EADDRINUSE);
      shutdown(first, 2);
      expect(another("10.0.0.1")).toBe(0);
    });

    it("one that connects stands in the way at its address, and everywhere again when it gives up", () => {
      const { first, another } = crowd("0.0.0.0");
      dontShare(first);
      open(first, PEER, 4000);
      expect([another("10.0.0.1"), another("127.0.2.1")]).toEqual([-EADDRINUSE, 0]);
      shutdown(first, 2);
      expect(another("127.0.2.1")).toBe(-EADDRINUSE);
    });
  });

  it("asks few of a thousand listeners", () => {
    const { tcp } = new SegmentPeer();
    const looks = { count: 0 };
    const listeners = Array.from({ length: 1000 }, () => {
      const tcb = tcp.create();
      tcb.settings.reusePort = true;
      expect([bind(tcb, 0, 80), listen(tcb, 5)]).toEqual([0, 0]);
      Object.defineProperty(tcb, "localAddress", {
        get() {
          looks.count++;
          return 0;
        },
      });
      return tcb;
    });
    looks.count = 0;
    expect(listeners).toContain(tcp.ports.listener(LOCAL[1]!, 80, PEER, 4000, 1));
    const late = tcp.create();
    late.settings.reusePort = true;
    expect([bind(late, 0, 80), listen(late, 5)]).toEqual([0, 0]);
    close(late);
    expect(bind(tcp.create(), 0, 80)).toBeLessThan(0);
    for (const tcb of listeners.slice(0, 20)) close(tcb);
    expect(looks.count).toBeLessThan(100);
  });
});
