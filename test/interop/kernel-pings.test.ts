/** The kernel pings the stack. */
import { describe, expect, test } from "vitest";
import { usePlace } from "./support/places.ts";
import { STACK } from "./support/street.ts";

/** ping's -s: bytes of data. 65507 is what fits into a datagram. */
const SIZES = [0, 1, 8, 56, 1000, 1471, 1472, 1473, 1480, 2952, 2953, 9000, 20_000, 40_000, 65_000, 65_507];

describe.each([
  ["with offload", []],
  ["without offload", ["--no-offload"]],
])("%s", (_, tun) => {
  const at = usePlace({ tun, programs: ["ping"] });

  test.for(SIZES)("ping -s %d, in fragments where it must be, both ways", async (size, context) => {
    const { street } = at(context);
    // one at a time: of several, ping waits for the last one no longer than the others took
    const one = `ping -n -q -c 1 -W 5 -s ${size} ${STACK}`;
    const { out } = await street.kernel.run(`for number in 1 2 3 4 5; do ${one}; done`);
    expect(out.match(/1 packets transmitted, 1 received, 0% packet loss/g)).toHaveLength(5);
  });

  test("ping -M do: whole up to the MTU, and the kernel refuses more", async (context) => {
    const { kernel } = at(context).street;
    const whole = await kernel.run(`ping -n -q -c 3 -i 0.02 -M do -s 1472 ${STACK}`);
    expect(whole.out).toContain("3 received");
    const more = await kernel.run(`ping -n -c 1 -W 1 -M do -s 1473 ${STACK}`, { mayFail: true });
    expect(more.out + more.err).toMatch(/message too long, mtu=1500/i);
  });

  test("ping -f: 5000 in a row, and none is lost", async (context) => {
    const { kernel } = at(context).street;
    const { out } = await kernel.run(`ping -n -q -f -c 5000 -s 1400 ${STACK}`);
    expect(out).toContain("5000 received, 0% packet loss");
  });
});
