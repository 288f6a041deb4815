/**
 * Bulk TCP over a bad wire, byte by byte: 200 MB each way, 10 GB each way in the long form. netem makes the wire bad where the
 * kernel has it, elsewhere wire.py does.
 */
import { describe, expect, test } from "vitest";
import { BULK_SIZE, kernelAsks, remains, stackServer, type What } from "./support/bulk.ts";
import { missing, needs, skip } from "./support/missing.ts";
import { onStreet } from "./support/places.ts";
import type { Street } from "./support/street.ts";
import { type Impairment, impairer, type Wire, type WireCounts } from "./support/wire.ts";

const WAYS: What[] = ["take", "send"];
const PROGRAMS = ["python3", "tc", "ethtool"];
const SMALL = 5e6;

/** Loss of 1 % lets TCP send about 12 segments in a round trip: the shorter that is, the sooner 200 MB are through. */
const LOSSY: Impairment = { delay: 0.5, loss: 0.01 };

const FAULTS: [string, Impairment][] = [
  ["delays", { delay: 20 }],
  ["delays unevenly", { delay: 5, jitter: 3 }],
  ["loses", { delay: 2, loss: 0.02 }],
  ["reorders", { delay: 2, reorder: 0.1 }],
  ["duplicates", { delay: 2, duplicate: 0.05 }],
  ["corrupts", { delay: 2, corrupt: 0.005 }],
  ["does all of it", { delay: 3, jitter: 1, loss: 0.005, reorder: 0.02, duplicate: 0.01, corrupt: 0.002 }],
];

const BOTH_LINKS: [string, object][] = [
  ["with offload", {}],
  ["without offload", { offload: false }],
];

async function transfer(street: Street, what: What, size: number, link: object): Promise<void> {
  const server = await stackServer(street, link);
  const { result, seconds } = await kernelAsks(street, what, size);
  expect(result).toBe(`same ${size}`);
  const { packets, counters } = await remains(server);
  expect(packets).toBe(0);
  const { retransmissions, outOfOrderSegments, droppedChecksum } = counters["tcp"]!;
  console.log(
    `${(size / seconds / 1e6).toFixed(1)} MB/s; ${retransmissions} retransmissions, ${outOfOrderSegments} out of order, ${droppedChecksum} bad checksums`,
  );
}

/** That the wire has been as bad as it was meant to. */
const didHarm =
  ({ loss = 0, duplicate = 0, corrupt = 0, reorder = 0 }: Impairment) =>
  ({ toRight, toLeft }: WireCounts) => {
    const count = (name: string) => toRight[name]! + toLeft[name]!;
    expect({
      lost: count("lost") > 0,
      duplicated: count("duplicated") > 0,
      corrupted: count("corrupted") > 0,
      reordered: count("reordered") > 0,
    }).toEqual({ lost: loss > 0, duplicated: duplicate > 0, corrupted: corrupt > 0, reordered: reorder > 0 });
  };

const wireOf = (by: Wire["by"], impairment: Impairment): Wire => ({
  by,
  toStack: impairment,
  toKernel: impairment,
});

const by = missing(PROGRAMS) === undefined ? impairer() : undefined;

test("netem makes the wire bad", (context) => {
  needs(context, ...PROGRAMS);
  if (by !== "netem") skip(context, "the kernel has no netem; wire.py does what it would");
});

test.for(WAYS)("loses one packet in a hundred, both ways: %s, all of it", (what, context) =>
  onStreet(context, { programs: PROGRAMS, wire: wireOf(by, LOSSY), onWire: didHarm(LOSSY) }, (street) =>
    transfer(street, what, BULK_SIZE, {}),
  ),
);

describe.each(FAULTS)("%s", (_, impairment) => {
  describe.each(BOTH_LINKS)("%s", (_, link) => {
    test.for(WAYS)("%s", (what, context) =>
      onStreet(
        context,
        { programs: PROGRAMS, wire: wireOf(by, impairment), onWire: didHarm(impairment) },
        (street) => transfer(street, what, SMALL, link),
      ),
    );
  });
});

test.for(WAYS)("loses long segments whole: %s", (what, context) => {
  const wire = { ...wireOf(by, { delay: 1, loss: 0.01 }), superpackets: true };
  return onStreet(context, { programs: PROGRAMS, wire }, (street) => transfer(street, what, SMALL, {}));
});
