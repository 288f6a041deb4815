/** The judge itself: it has to complain of what is bad. */
import { expect, test } from "vitest";
import { kernelAsks, remains, stackServer } from "./support/bulk.ts";
import { Capture } from "./support/capture.ts";
import { judge } from "./support/judge.ts";
import { onStreet } from "./support/places.ts";
import type { Impairment } from "./support/wire.ts";

const PROGRAMS = ["python3", "tcpdump", "tshark"];

const FAULTS: [string, Impairment, RegExp][] = [
  ["loses packets", { loss: 0.02 }, /retransmission|out-of-order/],
  ["changes bits", { corrupt: 0.02 }, /Bad checksum/],
  ["duplicates packets", { duplicate: 0.02 }, /retransmission|Duplicate|spurious/],
];

test.for(FAULTS)("tshark complains of a wire that %s", ([, impairment, complaint], context) =>
  onStreet(context, { programs: PROGRAMS, wire: { by: "wire.py", toKernel: impairment } }, async (street) => {
    const server = await stackServer(street);
    const capture = await Capture.start(street, street.kernel, "wire");
    await kernelAsks(street, "take", 3e6);
    await remains(server);
    expect((await judge(await capture.stop())).join("\n")).toMatch(complaint);
  }),
);
