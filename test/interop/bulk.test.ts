/** Bulk TCP between the kernel and the stack on a clean link, byte by byte, and what tshark thinks of it. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  kernelAsks,
  kernelServer,
  type Remains,
  remains,
  stackAsks,
  stackServer,
  type What,
} from "./support/bulk.ts";
import { Capture } from "./support/capture.ts";
import { judge } from "./support/judge.ts";
import { onStreet } from "./support/places.ts";

const SIZE = 100e6;
const CAPTURED = 20e6;
const TOOLS = ["python3", "tcpdump", "tshark", "ethtool"];
const WAYS: What[] = ["take", "send"];

/** A link that is clean leaves nothing, and nobody has had to send anything twice. */
function expectClean({ packets, counters, link }: Remains): void {
  expect(packets).toBe(0);
  expect(counters["tcp"]).toMatchObject({ droppedChecksum: 0, retransmissions: 0 });
  expect(link).toMatchObject({ badHeader: 0, noReceiver: 0, notSent: 0 });
}

describe.each([
  ["with offload", {}],
  ["without offload", { offload: false }],
])("%s", (_, link) => {
  test.for(WAYS)("the kernel connects, and asks to %s", (what, context) =>
    onStreet(context, {}, async (street) => {
      const server = await stackServer(street, link);
      const { result } = await kernelAsks(street, what, SIZE);
      expect(result).toBe(`same ${SIZE}`);
      expectClean(await remains(server));
    }),
  );

  test.for(WAYS)("the stack connects, and asks to %s", (what, context) =>
    onStreet(context, {}, async (street) => {
      await kernelServer(street);
      const { result, ...left } = await stackAsks(street, what, SIZE, link);
      expect(result).toBe(`same ${SIZE}`);
      expectClean(left);
    }),
  );
});

/** Its checksums can be judged where they are not left to somebody else: without offload, or where a router has finished them. */
/** What tshark says of a capture in which packets were lost. */
const LOSSES = [/retransmission/, /^Duplicate ACK/, /out-of-order/, /[Pp]revious segment/, /^D-SACK/];

/** Packets that found the kernel's queue of a processor full (netdev_max_backlog): the second column of each line, in hexadecimal. */
function droppedByBacklog(): number {
  const lines = readFileSync("/proc/net/softnet_stat", "utf8").trim().split("\n");
  return lines.reduce((sum, line) => sum + Number.parseInt(line.split(/\s+/)[1] ?? "0", 16), 0);
}

describe("tshark finds no fault", () => {
  test.for(WAYS)("without offload: the kernel asks to %s", (what, context) =>
    onStreet(context, { programs: TOOLS }, async (street) => {
      const server = await stackServer(street, { offload: false });
      const capture = await Capture.start(street);
      await kernelAsks(street, what, CAPTURED);
      await remains(server);
      expect(await judge(await capture.stop())).toEqual([]);
    }),
  );

  test.for(WAYS)("with offload, behind a router: the kernel asks to %s", (what, context) =>
    onStreet(context, { programs: TOOLS, wire: {} }, async (street) => {
      const server = await stackServer(street);
      const capture = await Capture.start(street, street.near, "wire");
      const before = droppedByBacklog();
      await kernelAsks(street, what, CAPTURED);
      await remains(server);
      // what a busy machine's kernel drops between its two ends has to be sent again
      const expected = droppedByBacklog() > before ? LOSSES : [];
      expect(await judge(await capture.stop(), { expected })).toEqual([]);
    }),
  );
});
