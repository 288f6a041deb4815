import fc from "fast-check";
import { expect, test } from "vitest";
import { DEFAULT_LIMITS, DescriptorTable } from "../../src/sockets/descriptors.ts";
import type { OpenFile } from "../../src/sockets/file.ts";

const NOTHING = {} as OpenFile;
const LIMIT = 12;

const step = fc.oneof(
  fc.record({ call: fc.constant("open" as const) }),
  fc.record({ call: fc.constant("dup" as const), from: fc.nat(LIMIT), least: fc.nat(LIMIT) }),
  fc.record({
    call: fc.constant("dup2" as const),
    from: fc.nat(LIMIT),
    to: fc.integer({ min: 3, max: LIMIT - 1 }),
  }),
  fc.record({ call: fc.constant("close" as const), from: fc.nat(LIMIT) }),
);

test("a descriptor is the lowest free one, whatever was opened, duplicated and closed before", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const table = new DescriptorTable({ ...DEFAULT_LIMITS, descriptors: LIMIT });
      const used = new Set<number>([0, 1, 2]);
      const lowestFree = (least: number) => {
        let free = least;
        while (used.has(free)) free++;
        return free < LIMIT ? free : -24; // EMFILE
      };
      for (const what of steps) {
        const description = "from" in what ? table.get(what.from) : undefined;
        if (what.call === "open") {
          const wanted = lowestFree(3);
          expect(table.open(NOTHING)).toBe(wanted);
          if (wanted >= 0) used.add(wanted);
        } else if (description === undefined) {
        } else if (what.call === "dup") {
          const wanted = lowestFree(Math.max(what.least, 3));
          expect(table.add(description, what.least)).toBe(wanted);
          if (wanted >= 0) used.add(wanted);
        } else if (what.call === "dup2") {
          table.put(what.to, description)?.drop();
          used.add(what.to);
        } else {
          table.remove(what.from);
          description.drop();
          used.delete(what.from);
        }
      }
      for (const descriptor of table.used()) {
        const removed = table.remove(descriptor);
        if (typeof removed !== "number") removed.drop();
      }
      expect(table.openFiles).toBe(0);
    }),
  );
});
