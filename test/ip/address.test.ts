import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatAddress,
  formatPrefix,
  isDirectedBroadcast,
  isLimitedBroadcast,
  isLoopback,
  isMulticast,
  isReserved,
  isUnicast,
  isZeroNet,
  parseAddress,
  parsePrefix,
  prefixMask,
  tryParseAddress,
} from "../../src/ip/address.ts";
import { ip } from "../support/wire.ts";

describe("text", () => {
  test.each([
    ["0.0.0.0", 0],
    ["10.0.0.1", 0x0a00_0001],
    ["127.0.0.1", 0x7f00_0001],
    ["255.255.255.255", -1],
    ["192.168.1.20", 0xc0a8_0114 | 0],
  ])("%s is %i", (text, address) => {
    expect(parseAddress(text)).toBe(address);
    expect(formatAddress(address)).toBe(text);
  });

  test.each([
    "",
    ".",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.",
    ".1.2.3",
    "1..2.3",
    "256.1.1.1",
    "1.1.1.1000",
    "01.2.3.4",
    "1.2.3.00",
    "0x7f.0.0.1",
    "1.2.3.4 ",
    " 1.2.3.4",
    "1.2.3.-4",
    "1.2.3.+4",
    "1e1.2.3.4",
    "a.b.c.d",
    "1.2.3.4/24",
    "١.2.3.4",
  ])("%j is refused, with what was given and what is allowed", (text) => {
    expect(tryParseAddress(text)).toBeUndefined();
    expect(() => parseAddress(text)).toThrow(RangeError);
    expect(() => parseAddress(text)).toThrow(JSON.stringify(text));
    expect(() => parseAddress(text)).toThrow("10.0.0.1");
  });

  test("what is not even text is refused in words", () => {
    expect(() => parseAddress(undefined as unknown as string)).toThrow(/not undefined/);
    expect(() => parsePrefix(10 as unknown as string)).toThrow(/not 10/);
  });

  test("every address survives the way to text and back", () => {
    fc.assert(fc.property(fc.integer(), (n) => parseAddress(formatAddress(n)) === (n | 0)));
  });

  test("CIDR", () => {
    expect(parsePrefix("10.0.0.9/24")).toEqual({ address: ip("10.0.0.9"), prefixLength: 24 });
    expect(parsePrefix("0.0.0.0/0")).toEqual({ address: 0, prefixLength: 0 });
    expect(parsePrefix("1.2.3.4/32").prefixLength).toBe(32);
    expect(formatPrefix(ip("10.0.0.0"), 8)).toBe("10.0.0.0/8");
    for (const bad of [
      "10.0.0.1",
      "10.0.0.1/",
      "10.0.0.1/33",
      "10.0.0.1/024",
      "10.0.0.1/-1",
      "10.0.0/8",
      "/8",
    ]) {
      expect(() => parsePrefix(bad)).toThrow(JSON.stringify(bad));
    }
  });
});

describe("kinds", () => {
  /** The special addresses by first byte, as RFC 1112 §4 and RFC 1122 §3.2.1.3 divide them. */
  function kindOf(first: number): string {
    if (first === 0) return "zero";
    if (first === 127) return "loopback";
    if (first < 224) return "host";
    return first < 240 ? "multicast" : "reserved";
  }

  test("every first byte belongs to one kind", () => {
    for (let first = 0; first < 256; first++) {
      const address = ip(`${first}.1.2.3`);
      const kind = kindOf(first);
      expect(isZeroNet(address)).toBe(kind === "zero");
      expect(isLoopback(address)).toBe(kind === "loopback");
      expect(isMulticast(address)).toBe(kind === "multicast");
      expect(isReserved(address)).toBe(kind === "reserved");
      expect(isUnicast(address)).toBe(kind === "host" || kind === "loopback");
    }
  });

  test("255.255.255.255 is the limited broadcast, and not reserved", () => {
    expect(isLimitedBroadcast(-1)).toBe(true);
    expect(isReserved(-1)).toBe(false);
    expect(isLimitedBroadcast(ip("255.255.255.254"))).toBe(false);
  });

  test("masks", () => {
    expect(prefixMask(0)).toBe(0);
    expect(prefixMask(1)).toBe(ip("128.0.0.0"));
    expect(prefixMask(24)).toBe(ip("255.255.255.0"));
    expect(prefixMask(32)).toBe(-1);
  });

  test("RFC1122-3.3.6-1: both forms of a directed broadcast are recognized, at every prefix length", () => {
    for (let length = 0; length <= 32; length++) {
      const own = ip("172.31.129.77");
      const all = own | ~prefixMask(length);
      const none = own & prefixMask(length);
      expect(isDirectedBroadcast(all, own, length)).toBe(length < 31);
      expect(isDirectedBroadcast(none, own, length)).toBe(length < 31);
      if (length < 31) expect(isDirectedBroadcast(none + 1, own, length)).toBe(false);
      if (length > 0) expect(isDirectedBroadcast(all ^ (1 << (32 - length)), own, length)).toBe(false);
    }
  });
});
