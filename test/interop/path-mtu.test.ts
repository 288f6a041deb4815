/** A link in the middle that carries less than the stack's own, behind a router that says so, or one that does not. */
import { describe, expect, test } from "vitest";
import { kernelAsks, kernelServer, remains, stackAsks, stackServer } from "./support/bulk.ts";
import { Capture } from "./support/capture.ts";
import { fields } from "./support/judge.ts";
import { onStreet } from "./support/places.ts";
import { LINK, netwright } from "./support/stack.ts";
import { FAR, ROUTER, STACK } from "./support/street.ts";

const MTU = 1400;
const SIZE = 3e6;
const TOOLS = ["python3", "ethtool", "tcpdump", "tshark"];
const NARROW = { mtu: MTU };

describe("a router that says what is too big", () => {
  test.for([
    ["with offload", {}],
    ["without offload", { offload: false }],
  ] as const)("is believed by TCP, %s", ([, link], context) =>
    onStreet(context, { programs: TOOLS, wire: NARROW }, async (street) => {
      const server = await stackServer(street, link);
      const capture = await Capture.start(street, street.kernel, "wire");
      const complaints = await Capture.start(street, street.near, "nw0");
      expect((await kernelAsks(street, "take", SIZE)).result).toBe(`same ${SIZE}`);
      expect((await remains(server)).packets).toBe(0);
      const lengths = (await fields(await capture.stop(), `ip.src == ${STACK}`, "ip.len")).flat().map(Number);
      expect(Math.max(...lengths)).toBe(MTU);
      const asked = await fields(
        await complaints.stop(),
        "icmp.type == 3 && icmp.code == 4",
        "ip.src",
        "icmp.mtu",
      );
      expect(asked[0]).toEqual([ROUTER, String(MTU)]);
    }),
  );

  test("is believed by the stack as client too", (context) =>
    onStreet(context, { programs: TOOLS, wire: NARROW }, async (street) => {
      await kernelServer(street);
      const { result, packets } = await stackAsks(street, "send", SIZE);
      expect({ result, packets }).toEqual({ result: `same ${SIZE}`, packets: 0 });
    }));

  test("is told by ping -M do, and the next one fits", (context) =>
    onStreet(context, { programs: ["ethtool"], wire: NARROW }, async ({ near, kernel }) => {
      await kernel.run("ip route replace default via 10.9.1.1 mtu lock 1400"); // its own router would not tell it
      const ping = (...options: string[]) =>
        near.run([...netwright("ping", FAR, "-i", "0.1", "-W", "1", ...options), ...LINK].join(" "), {
          mayFail: true,
        });
      const { out, err } = await ping("-M", "do", "-c", "2", "-s", "1472");
      expect(out + err).toMatch(/Frag needed.*mtu = 1400/i);
      expect(out).toContain("0 received");
      expect((await ping("-M", "do", "-c", "2", "-s", "1372")).out).toContain("2 received");
      // in fragments that fit, once the first has found out
      expect((await ping("-c", "4", "-s", "1472")).out).toMatch(/[34] received/);
    }));
});

describe("a router that drops what is too big and says nothing", () => {
  test("is survived by TCP", (context) =>
    onStreet(
      context,
      {
        programs: TOOLS,
        wire: { by: "wire.py", toKernel: { mtu: MTU } },
        onWire: ({ toLeft }) => expect(toLeft["tooLong"]).toBeGreaterThan(0),
      },
      async (street) => {
        const server = await stackServer(street);
        const { result, seconds } = await kernelAsks(street, "take", SIZE, 90);
        expect(result).toBe(`same ${SIZE}`);
        console.log(`${seconds.toFixed(1)} s`);
        expect((await remains(server)).packets).toBe(0);
      },
    ));
});
