import { describe, expect, it } from "vitest";
import {
  AF_INET,
  AF_INET6,
  htonl,
  htons,
  INADDR_LOOPBACK,
  INADDR_NONE,
  inet_addr,
  inet_aton,
  inet_ntoa,
  inet_ntop,
  inet_pton,
  ntohl,
  ntohs,
} from "../../src/index.ts";
import { thrown } from "../support/world.ts";

describe("inet_aton and inet_addr", () => {
  // the forms of man 3 inet
  it.each([
    ["10.0.0.1", [10, 0, 0, 1]],
    ["255.255.255.255", [255, 255, 255, 255]],
    ["127.1", [127, 0, 0, 1]],
    ["10.1.258", [10, 1, 1, 2]],
    ["167772161", [10, 0, 0, 1]],
    ["0x7f000001", [127, 0, 0, 1]],
    ["0x7f.1", [127, 0, 0, 1]],
    ["010.010.0.1", [8, 8, 0, 1]],
    ["0", [0, 0, 0, 0]],
  ])("reads %s", (text, bytes) => {
    expect([...inet_aton(text)]).toEqual(bytes);
    const [a, b, c, d] = bytes as [number, number, number, number];
    expect(inet_addr(text)).toBe(d * 2 ** 24 + c * 2 ** 16 + b * 2 ** 8 + a);
  });

  it.each([
    "",
    "10.0.0.256",
    "256.0.0.1",
    "1.2.3.4.5",
    " 10.0.0.1",
    "10..0.1",
    "4294967296",
    "08.0.0.1",
    "0x",
    "a.b.c.d",
    "-1",
    "10.1.65536",
  ])("refuses %j", (text) => {
    expect(thrown(() => inet_aton(text)).code).toBe("EINVAL");
    expect(inet_addr(text)).toBe(INADDR_NONE);
  });
});

describe("inet_pton and inet_ntop", () => {
  it("take the one strict form", () => {
    expect([...inet_pton(AF_INET, "10.0.0.1")]).toEqual([10, 0, 0, 1]);
    expect(inet_ntop(AF_INET, Uint8Array.of(200, 255, 0, 1))).toBe("200.255.0.1");
    for (const text of ["127.1", "010.0.0.1", "10.0.0", "10.0.0.256", "0x7f.0.0.1", ""]) {
      expect(thrown(() => inet_pton(AF_INET, text)).code).toBe("EINVAL");
    }
  });

  it("know the text of IPv6, although no socket has such an address", () => {
    const bytes = inet_pton(AF_INET6, "2001:db8::1:0:0:1");
    expect([...bytes]).toEqual([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
    expect(inet_ntop(AF_INET6, bytes)).toBe("2001:db8::1:0:0:1");
    expect(inet_ntop(AF_INET6, inet_pton(AF_INET6, "::FFFF:10.0.0.1"))).toBe("::ffff:10.0.0.1");
    expect(() => inet_ntop(AF_INET6, new Uint8Array(4))).toThrow(
      "an IPv6 address is a Uint8Array of 16 bytes",
    );
  });

  it("know no other family", () => {
    expect(thrown(() => inet_pton(1, "::1")).message).toBe("inet_pton EAFNOSUPPORT");
    expect(thrown(() => inet_ntop(99, new Uint8Array(4))).code).toBe("EAFNOSUPPORT");
  });

  it("want four bytes", () => {
    expect(() => inet_ntoa(new Uint8Array(5))).toThrow("a Uint8Array of 4 bytes, not 5 bytes");
    expect(() => inet_ntop(AF_INET, "10.0.0.1" as never)).toThrow(TypeError);
  });

  it("inet_ntoa undoes inet_aton", () => {
    expect(inet_ntoa(inet_aton("192.168.2.200"))).toBe("192.168.2.200");
  });
});

describe("htons and its kin", () => {
  it("are those of a little-endian machine, unsigned", () => {
    expect(htons(80)).toBe(20480);
    expect(htonl(1)).toBe(16_777_216);
    expect(htonl(INADDR_LOOPBACK)).toBe(0x0100_007f);
    expect(htonl(0x80)).toBe(0x8000_0000);
    expect(htonl(0xffff_ffff)).toBe(0xffff_ffff);
    expect(ntohs(htons(0x1234))).toBe(0x1234);
    expect(ntohl(htonl(0x1234_5678))).toBe(0x1234_5678);
    expect(ntohl(inet_addr("127.0.0.1"))).toBe(INADDR_LOOPBACK);
  });

  it("check the range", () => {
    expect(() => htons(65_536)).toThrow("htons: the value is an integer from 0 to 65535, not 65536");
    expect(() => ntohs(-1)).toThrow(RangeError);
    expect(() => htonl(2 ** 32)).toThrow(RangeError);
    expect(() => ntohl("1" as never)).toThrow(TypeError);
  });
});
