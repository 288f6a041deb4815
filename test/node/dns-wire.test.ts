/** DNS's wire format: vectors by hand, and bytes that are none. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dnsWire } from "../../src/node/dns-wire.ts";
import { concat, hex } from "../support/wire.ts";

const QUESTION = "03777777076578616d706c65036f7267000001 0001";

describe("a question", () => {
  test("RFC1035-4.1: header, name, type, class", () => {
    const query = { id: 0xabcd, name: "www.example.org", type: "A", udpSize: undefined } as const;
    expect([...dnsWire.encode(query)]).toEqual([...hex(`abcd 0100 0001 0000 0000 0000 ${QUESTION}`)]);
  });

  test("RFC6891-6.1.2: OPT with the size, no flags, no options", () => {
    const query = { id: 1, name: "4.3.2.1.in-addr.arpa", type: "PTR", udpSize: 1232 } as const;
    const name = "0134 0133 0132 0131 07696e2d61646472 0461727061 00";
    expect([...dnsWire.encode(query)]).toEqual([
      ...hex(`0001 0100 0001 0000 0000 0001 ${name} 000c 0001 00 0029 04d0 00 00 0000 0000`),
    ]);
  });
});

describe("an answer", () => {
  test("with a compressed name, an alias, a SOA and the upper bits of the code", () => {
    const message = hex(
      `abcd 8780 0001 0002 0001 0001 ${QUESTION}
       c00c 0005 0001 0000003c 0006 03776562 c010
       c02d 0001 0001 80000001 0004 0a050505
       c010 0006 0001 00000e10 0016 00 00 00000001 00000002 00000003 00000004 0000003c
       00 0029 04d0 01 00 0000 0000`,
    );
    expect(dnsWire.decode(message)).toEqual({
      id: 0xabcd,
      isResponse: true,
      opcode: 0,
      isAuthoritative: true,
      isTruncated: true,
      recursionAvailable: true,
      rcode: 16,
      questions: [{ name: "www.example.org", type: "A", class: "IN" }],
      answers: [
        {
          name: "www.example.org",
          type: "CNAME",
          class: "IN",
          ttl: 60,
          data: "web.example.org",
          minimum: undefined,
        },
        {
          name: "web.example.org",
          type: "A",
          class: "IN",
          ttl: 0x8000_0001,
          data: "10.5.5.5",
          minimum: undefined,
        },
      ],
      authorities: [
        { name: "example.org", type: "SOA", class: "IN", ttl: 3600, data: undefined, minimum: 60 },
      ],
    });
  });

  const header = "0001 8180 0000 0001 0000 0000";
  test.each([
    ["no header", "0001 8180 0000"],
    ["a name that points at itself", `${header} c00c 0001 0001 00000001 0004 01020304`],
    ["a name that points forward", `${header} c020 0001 0001 00000001 0004 01020304 00 00 00 00 00 00`],
    ["two names that point at each other", `${header} 0161c010 0162c00c 0001 0001 00000001 0004 01020304`],
    ["a label of a kind that there is not", `${header} 40 00 0001 0001 00000001 0004 01020304`],
    ["a name beyond the end", `${header} 3f 61 61`],
    ["an address cut off", `${header} 00 0001 0001 00000001 0004 0102`],
    ["more records than there are bytes", "0001 8180 0000 ffff 0000 0000"],
    ["more questions than there are bytes", "0001 8180 ffff ffff ffff ffff"],
  ])("%s: throws", (_what, text) => {
    expect(() => dnsWire.decode(hex(text))).toThrow();
  });

  test("a name longer than 255 bytes, put together from parts: throws", () => {
    const label = `3f${"61".repeat(63)}`;
    const parts = hex(label.repeat(4));
    const message = concat(hex(header), parts, hex("00 0001 0001 00000001 0004 01020304"));
    expect(() => dnsWire.decode(message)).toThrow();
  });

  test("of every length, and of any bytes: an answer or an Error, soon", () => {
    const whole = hex(`0001 8180 0001 0001 0000 0000 ${QUESTION} c00c 0001 0001 0000003c 0004 0a050505`);
    for (let length = 0; length < whole.length; length++) {
      expect(() => dnsWire.decode(whole.subarray(0, length))).toThrow();
    }
    expect(dnsWire.decode(whole).answers).toHaveLength(1);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (tail) => {
        const bytes = concat(whole.subarray(0, 12), tail);
        try {
          expect(Array.isArray(dnsWire.decode(bytes).answers)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("pointers to pointers cost time, but not much: the worst message there can be", () => {
    const bytes = new Uint8Array(65_535);
    bytes.set(hex("0001 8180 0000 0fff 0000 0000"));
    let at = 12;
    bytes[at++] = 0;
    for (; at < 16_000; at += 2) {
      const target = at === 13 ? 12 : at - 2;
      bytes.set([0xc0 | (target >> 8), target & 255], at);
    }
    const last = at - 2;
    for (; at + 12 <= bytes.length; at += 12)
      bytes.set([0xc0 | (last >> 8), last & 255, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0], at);
    const start = performance.now();
    try {
      dnsWire.decode(bytes);
    } catch {
      // as good
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
