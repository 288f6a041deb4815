import { keyedHash, type SipKey } from "../base/hash.ts";

const COUNT = 0x1_0000;
const HALF = COUNT / 2;

/**
 * Identifications for datagrams that may be fragmented. All 65536 lie in a circle; each draw swaps a random one of the
 * next 32768 to the front and hands it out. So one comes again after 32768 others at the earliest, to whatever
 * destination (RFC 6864 §4.3), there is no counter whose steps a third party could watch (idle scan, CVE-2020-36516), and no
 * table of destinations that could collide (CVE-2021-45486). Atomic datagrams need none: theirs is 0 (RFC 6864 §4.1).
 *
 * The shuffle is that of RFC 7739 §5.4's family of algorithms, as OpenBSD's `ip_randomid` popularized it.
 */
export class Identification {
  private readonly key: SipKey;
  /** Made at the first draw: a host that sends only atomic datagrams has none. */
  private circle: Uint16Array | undefined = undefined;
  private draws = 0;

  constructor(key: SipKey) {
    this.key = key;
  }

  next(): number {
    this.circle ??= this.makeCircle();
    const circle = this.circle;
    const front = this.draws % COUNT;
    const chosen = (front + (keyedHash(this.key, this.draws, this.draws / COUNT, 0) & (HALF - 1))) % COUNT;
    this.draws++;
    const identification = circle[chosen] as number;
    circle[chosen] = circle[front] as number;
    circle[front] = identification;
    return identification;
  }

  /** All of them in an order that is not the obvious one: multiplying by an odd number is a bijection modulo 2^16. */
  private makeCircle(): Uint16Array {
    const odd = keyedHash(this.key, 0, 0, 1) | 1;
    const start = keyedHash(this.key, 0, 0, 2);
    const circle = new Uint16Array(COUNT);
    for (let index = 0; index < COUNT; index++) circle[index] = Math.imul(index, odd) + start;
    return circle;
  }
}
