/** Whose address is it: RFC 5227. */
import { describe, expect, test } from "vitest";
import { arpFrame } from "../support/frame-hub.ts";
import { hex, ip, toHex } from "../support/wire.ts";
import { endpoint, heard, tell, World } from "./ethernet-rig.ts";

const A = "020000000001";
const ANNOUNCEMENT = {
  operation: 1,
  hardware: A,
  sender: "10.0.0.1",
  wanted: "000000000000",
  target: "10.0.0.1",
};
const PROBE = { ...ANNOUNCEMENT, sender: "0.0.0.0" };

describe("before an address is used", () => {
  test("RFC5227-2.1-1: three probes, a second or two apart, then two announcements; until then nothing else is sent", () => {
    const world = new World();
    const [a, b] = [world.station(1, 1, { probe: true }), world.station(2)];
    let held = 0;
    a.link.onHeld = () => held++;
    const [from, to] = [endpoint(a, 9), endpoint(b, 9)];
    expect(a.link.claimState).toBe("probing");
    tell(from, "10.0.0.2", 1);
    tell(to, "10.0.0.1", 2); // nobody answers for the address yet
    const when: number[] = [];
    const mine: (object | undefined)[] = [];
    for (let tenth = 0; tenth < 100; tenth++) {
      for (const { arp, from } of world.wait(0.1)) {
        if (from !== A) continue;
        when.push(world.clock.now / 1e6);
        mine.push(arp);
      }
    }
    expect(mine).toEqual([PROBE, PROBE, PROBE, ANNOUNCEMENT, ANNOUNCEMENT]);
    expect(when[0]).toBeLessThanOrEqual(1.1); // PROBE_WAIT
    const gaps = when.slice(1).map((time, index) => time - (when[index] as number));
    for (const gap of gaps.slice(0, 2)) {
      expect(gap).toBeGreaterThan(0.85); // PROBE_MIN, looked at every 0.1 s
      expect(gap).toBeLessThan(2.15); // PROBE_MAX
    }
    expect(gaps[2]).toBeCloseTo(2); // ANNOUNCE_WAIT
    expect(gaps[3]).toBeCloseTo(2); // ANNOUNCE_INTERVAL
    expect(held).toBe(1);
    expect(a.link.claimState).toBe("held");
    expect(a.link.counters.noAddress).toBe(1);
    expect([heard(from), heard(to)]).toEqual([[], []]);
    tell(to, "10.0.0.1", 3);
    world.wait(0.1);
    expect(heard(from)).toEqual([3]);
  });

  test("somebody has it: it is never used", () => {
    const world = new World();
    const owner = world.station(1, 5);
    const late = world.station(1, 1, { probe: true });
    const conflicts: string[] = [];
    late.link.onConflict = (address, hardware) => {
      expect(address).toBe(ip("10.0.0.1"));
      conflicts.push(toHex(hardware));
    };
    world.wait(20);
    expect(late.link.claimState).toBe("lost");
    expect(owner.link.claimState).toBe("held");
    expect(conflicts).toEqual(["020000000005"]);
    tell(endpoint(late, 9), "10.0.0.2", 1);
    world.hub.carry(arpFrame(1, 9, 7, 1));
    expect(world.wait(10).filter(({ from }) => from === A)).toEqual([]);
    expect(late.link.counters.noAddress).toBe(1);
  });

  test("RFC 5227 §2.1.1: another probes for the same: we give way at once, before he has announced anything", () => {
    const world = new World();
    const { link } = world.station(1, 1, { probe: true });
    world.hub.carry(arpFrame(1, 1, 0, 1)); // our own, come back by a loop
    world.hub.carry(arpFrame(1, 9, 0, 7)); // for another address
    world.wait(0);
    expect(link.claimState).toBe("probing");
    world.hub.carry(arpFrame(1, 9, 0, 1));
    world.wait(0);
    expect(link.claimState).toBe("lost");
    expect(world.wait(20)).toEqual([]);
  });

  test("equal seeds, equal times", () => {
    const times = [1, 2].map(() => {
      const world = new World();
      world.station(1, 1, { probe: true });
      const seen: number[] = [];
      for (let turn = 0; turn < 20; turn++) {
        world.clock.jumpTo(world.clock.nextDeadline());
        world.clock.runInstant();
        if (world.hub.take().length > 0) seen.push(world.clock.now);
      }
      return seen;
    });
    expect(times[0]).toHaveLength(5);
    expect(times[0]).toEqual(times[1]);
  });
});

describe("afterwards", () => {
  test("RFC 5227 §2.4: who uses our address too is told that it is ours, once in ten seconds, and not believed", () => {
    const world = new World();
    const a = world.station(1);
    const conflicts: string[] = [];
    a.link.onConflict = (_, hardware) => conflicts.push(toHex(hardware));
    const intrude = () => {
      world.hub.carry(arpFrame(1, 9, 1, 1));
      return world
        .wait(1)
        .filter(({ from }) => from === A)
        .map(({ arp }) => arp);
    };
    expect(intrude()).toEqual([ANNOUNCEMENT]);
    for (let second = 1; second < 10; second++) expect(intrude()).toEqual([]);
    expect(intrude()).toEqual([ANNOUNCEMENT]);
    expect(conflicts).toEqual(Array(11).fill("020000000009"));
    expect(a.link.counters.conflicts).toBe(11);
    expect(a.link.neighbors()).toEqual([]);
  });

  test("our own message that comes back is no conflict", () => {
    const world = new World();
    const a = world.station(1);
    const looped = arpFrame(1, 1, 1, 1);
    looped.set(hex("020000000009"), 6); // by a bridge that puts its own address there
    world.hub.carry(looped);
    expect(world.wait(1)).toHaveLength(1);
    expect(a.link.counters.conflicts).toBe(0);
  });
});
