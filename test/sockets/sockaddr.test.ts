import { describe, expect, it } from "vitest";
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  htonl,
  htons,
  INADDR_ANY,
  INADDR_BROADCAST,
  INADDR_LOOPBACK,
  inet_addr,
  inet_aton,
  ntohl,
} from "../../src/index.ts";
import { parseSockaddrIn } from "../../src/sockets/sockaddr.ts";

const read = (where: unknown) => {
  const { address, port } = parseSockaddrIn("bind", where);
  return [typeof address === "number" ? address >>> 0 : address, port];
};

describe("a sockaddr_in", () => {
  it.each([
    [{ family: AF_INET, address: INADDR_ANY, port: 1234 }, [0, 1234]],
    [{ family: AF_INET, address: INADDR_LOOPBACK, port: 80 }, [0x7f000001, 80]],
    [{ address: INADDR_BROADCAST, port: 0 }, [0xffffffff, 0]],
    [{ address: ntohl(inet_addr("10.0.0.1")), port: 65_535 }, [0x0a000001, 65_535]],
    [{ address: -2, port: 1 }, [0xfffffffe, 1]],
    [{ address: "b", port: 1 }, ["b", 1]],
    [{ address: "", port: 1 }, ["", 1]],
    [{ address: inet_aton("200.0.0.1"), port: 1 }, [0xc8000001, 1]],
    [{ port: 7 }, [0, 7]],
  ])("of plain numbers reads as it prints: %j", (where, parsed) => {
    expect(read(where)).toEqual(parsed);
  });

  it.each([
    [{ sin_family: AF_INET, sin_port: htons(80), sin_addr: { s_addr: htonl(INADDR_ANY) } }, [0, 80]],
    [
      { sin_family: AF_INET, sin_port: htons(1234), sin_addr: { s_addr: inet_addr("10.0.0.1") } },
      [0x0a000001, 1234],
    ],
    [{ sin_port: htons(1), sin_addr: { s_addr: htonl(INADDR_LOOPBACK) } }, [0x7f000001, 1]],
    [{ sin_port: 0, sin_addr: { s_addr: htonl(INADDR_BROADCAST) } }, [0xffffffff, 0]],
    [{ sin_port: htons(1), sin_addr: { s_addr: inet_addr("0.0.0.200") | 0 } }, [200, 1]],
    [{ sin_port: htons(53), sin_addr: inet_aton("10.0.0.2") }, [0x0a000002, 53]],
    [{ sin_port: htons(53) }, [0, 53]],
  ])("of the book has its numbers in network order: %j", (where, parsed) => {
    expect(read(where)).toEqual(parsed);
  });

  // bind and sendto tried with ctypes on Linux
  it("of AF_UNSPEC dissolves in connect, and passes for AF_INET elsewhere; other families are refused", () => {
    for (const where of [{ family: AF_UNSPEC }, { sin_family: AF_UNSPEC }]) {
      expect(parseSockaddrIn("connect", where).family).toBe(AF_UNSPEC);
    }
    const where = { family: AF_UNSPEC, address: "10.0.0.1", port: 1 };
    expect(parseSockaddrIn("sendto", where)).toEqual({ ...where, family: AF_INET });
    expect(() => read(where)).toThrow("bind EAFNOSUPPORT");
    expect(read({ family: AF_UNSPEC, address: INADDR_ANY, port: 1 })).toEqual([0, 1]);
    expect(() => read({ family: AF_INET6, port: 1 })).toThrow("bind EAFNOSUPPORT");
    expect(() => read({ sin_family: 99, sin_port: 1 })).toThrow("bind EAFNOSUPPORT");
  });

  it("with 127.0.0.1 the wrong way round is a mistake that is named", () => {
    for (const address of [htonl(INADDR_LOOPBACK), inet_addr("127.0.0.1")]) {
      expect(() => read({ address, port: 1 })).toThrow(
        "address is a number in host order, in which 0x0100007f",
      );
    }
    expect(() => read({ sin_port: 1, sin_addr: { s_addr: INADDR_LOOPBACK } })).toThrow(
      "127.0.0.1 is htonl(INADDR_LOOPBACK)",
    );
    expect(read({ address: "1.0.0.127", port: 1 })).toEqual(["1.0.0.127", 1]);
  });

  it.each([
    [
      undefined,
      "bind: the address is an object { family, address, port } or { sin_family, sin_port, sin_addr }",
    ],
    [["10.0.0.1", 80], 'not ["10.0.0.1", 80]'],
    [{ family: AF_INET, sin_port: 1 }, "not some of each"],
    [{ address: 1 }, "bind: port is an integer, not undefined"],
    [{ port: 65_536 }, "bind: port is an integer from 0 to 65535, not 65536"],
    [{ sin_port: -1 }, "bind: sin_port is an integer from 0 to 65535, not -1"],
    [{ sin_port: 1, sin_addr: 5 }, "bind: sin_addr is { s_addr: htonl(…) } or 4 bytes, not 5"],
    [{ sin_port: 1, sin_addr: {} }, "bind: s_addr is an integer, not undefined"],
    [{ address: 2 ** 32, port: 1 }, "bind: address is an integer from -2147483648 to 4294967295"],
    [{ address: new Uint8Array(5), port: 1 }, "bind: an IPv4 address has 4 bytes, not 5"],
    [{ family: "IPv4", port: 1 }, 'bind: family is an integer, not "IPv4"'],
  ])("that is none: %j", (where, message) => {
    expect(() => read(where)).toThrow(message);
  });
});
