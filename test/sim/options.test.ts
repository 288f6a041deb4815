import { describe, expect, it } from "vitest";
import { IDEAL, impairments, type WireOptions } from "../../src/sim/options.ts";
import { Rig } from "./rig.ts";

const of = (options: unknown, end: "a" | "b" = "a") => impairments(IDEAL, options as WireOptions, end);

describe("wire options", () => {
  it("leave an ideal wire when empty or undefined", () => {
    expect(of({})).toEqual(IDEAL);
    expect(of({ loss: undefined, a: undefined })).toEqual(IDEAL);
  });

  it("of an end win over those of both", () => {
    const options = { latency: 20, loss: 0.1, a: { latency: 5 }, b: { loss: 0 } };
    expect(of(options, "a")).toMatchObject({ latency: 5, loss: 0.1 });
    expect(of(options, "b")).toMatchObject({ latency: 20, loss: 0 });
  });

  it.each([
    [{ loss: 2 }, RangeError, "loss must be a probability between 0 and 1, got 2"],
    [{ loss: "1" }, TypeError, 'loss must be a probability between 0 and 1, got "1"'],
    [{ duplicate: -0.1 }, RangeError, "duplicate must be a probability between 0 and 1, got -0.1"],
    [{ reorder: Number.NaN }, RangeError, "reorder must be a probability between 0 and 1, got NaN"],
    [{ b: { corrupt: 1.5 } }, RangeError, "b.corrupt must be a probability between 0 and 1, got 1.5"],
    [{ latency: -1 }, RangeError, "latency must be a number of milliseconds between 0 and 1e12, got -1"],
    [{ jitter: null }, TypeError, "jitter must be a number of milliseconds between 0 and 1e12, got null"],
    [{ bandwidth: 0 }, RangeError, "bandwidth must be a number of bits per second above 0, got 0"],
    [{ queue: 1.5 }, RangeError, "queue must be a whole number of packets, 0 or more, got 1.5"],
    [{ mtu: 67 }, RangeError, "mtu must be a whole number of bytes between 68 and 65535, got 67"],
    [{ mtu: 65_536 }, RangeError, "mtu must be a whole number of bytes between 68 and 65535, got 65536"],
    [{ checksum: 1 }, RangeError, "checksum must be true or false, got 1"],
    [{ bandwith: 1 }, TypeError, "unknown wire option bandwith; there are latency, jitter, bandwidth"],
    [{ a: { lag: 1 } }, TypeError, "unknown wire option a.lag"],
    [{ constructor: 1 }, TypeError, "unknown wire option constructor"],
    [7, TypeError, "wire options must be an object, got 7"],
    [{ a: null }, TypeError, "wire options for end a must be an object, got null"],
  ])("%j is refused", (options, kind, message) => {
    const end = Object.hasOwn(Object(options), "b") ? "b" : "a";
    expect(() => of(options, end)).toThrow(kind);
    expect(() => of(options, end)).toThrow(message);
  });

  it("are checked by set too, which then changes nothing", () => {
    const rig = new Rig({ latency: 1 });
    expect(() => rig.wire.set({ latency: 5, b: { loss: 2 } })).toThrow("b.loss must be a probability");
    rig.send(1);
    rig.run();
    expect(rig.clock.now).toBe(1000);
  });

  it("checksum is one for both ends, and fixed", () => {
    expect(() => new Rig({ a: { checksum: false } })).toThrow(
      "checksum must be the same for both directions",
    );
    expect(() => new Rig().wire.set({ checksum: false })).toThrow("checksum is fixed when the wire is made");
  });
});
