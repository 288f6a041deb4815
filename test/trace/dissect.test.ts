import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dissect, TcpFlags, type TcpPacket } from "../../src/trace/index.ts";
import { datagram, icmp, MSS, NOP, SACK, SACK_OK, TIMESTAMPS, tcp, udp, WSCALE } from "./packets.ts";

const SYN_OPTIONS = [...MSS(1460), ...SACK_OK, ...TIMESTAMPS(0xffff_fff0, 7), ...NOP, ...WSCALE(7)];

describe("dissect", () => {
  it("reads a TCP segment with every option", () => {
    const bytes = tcp({
      flags: "S.",
      seq: 0xffff_fffe,
      ack: 12,
      window: 65_535,
      options: SYN_OPTIONS,
      data: 5,
      urgent: 3,
    });
    const packet = dissect(bytes) as TcpPacket;
    expect(packet).toMatchObject({
      protocol: "tcp",
      source: "10.0.0.1",
      destination: "10.0.0.2",
      protocolNumber: 6,
      length: 65,
      timeToLive: 64,
      dontFragment: true,
      moreFragments: false,
      fragmentOffset: 0,
    });
    expect(packet.tcp).toMatchObject({
      sourcePort: 49_152,
      destinationPort: 80,
      seq: 0xffff_fffe,
      ack: 12,
      window: 65_535,
      urgentPointer: 3,
      headerLength: 40,
      length: 5,
      options: [
        { kind: "mss", value: 1460 },
        { kind: "sackOK" },
        { kind: "timestamps", value: 0xffff_fff0, echo: 7 },
        { kind: "nop" },
        { kind: "wscale", value: 7 },
      ],
    });
    expect(packet.payload).toEqual(new Uint8Array(5).fill(0x61));
    expect(packet.bytes).toBe(bytes);
  });

  it("reads SACK blocks and keeps unknown options", () => {
    const options = [...SACK(1, 2, 0xffff_ff00, 4), ...[253, 4, 9, 8], 0, 0];
    const packet = dissect(tcp({ flags: ".", options })) as TcpPacket;
    expect(packet.tcp.options).toEqual([
      {
        kind: "sack",
        blocks: [
          [1, 2],
          [0xffff_ff00, 4],
        ],
      },
      { kind: "unknown", number: 253, data: Uint8Array.of(9, 8) },
      { kind: "eol" },
    ]);
  });

  it("stops at an option of illegal length", () => {
    for (const bad of [
      [8, 0, 1, 1],
      [8, 1, 1, 1],
      [8, 5, 1, 1],
      [1, 1, 1, 8],
    ]) {
      const packet = dissect(tcp({ flags: ".", options: bad })) as TcpPacket;
      expect(packet.tcp.options.every((option) => option.kind === "nop")).toBe(true);
    }
  });

  it("reads UDP and ICMP", () => {
    const question = udp("10.0.0.1:5000", "10.0.0.2:53", Uint8Array.of(1, 2, 3));
    const packet = dissect(question);
    expect(packet).toMatchObject({
      protocol: "udp",
      udp: { sourcePort: 5000, destinationPort: 53, length: 11 },
    });
    expect([...packet.payload]).toEqual([1, 2, 3]);
    const echo = dissect(icmp("10.0.0.1", "10.0.0.2", 8, 0, 0x0007_0002, new Uint8Array(4)));
    expect(echo).toMatchObject({
      protocol: "icmp",
      icmp: { type: 8, code: 0, identifier: 7, sequence: 2, mtu: undefined, name: "echo request" },
    });
    const tooBig = dissect(icmp("10.0.0.2", "10.0.0.1", 3, 4, 576, question));
    expect(tooBig).toMatchObject({ icmp: { mtu: 576, identifier: undefined, name: "fragmentation needed" } });
  });

  it("takes padding off, and knows later fragments", () => {
    const padded = new Uint8Array(60);
    padded.set(udp("10.0.0.1:1", "10.0.0.2:2", Uint8Array.of(9)));
    expect(dissect(padded).payload).toEqual(Uint8Array.of(9));
    const later = dissect(datagram(6, "10.0.0.1", "10.0.0.2", new Uint8Array(40), 0x2000 | 185));
    expect(later).toMatchObject({
      protocol: "other",
      fragmentOffset: 1480,
      moreFragments: true,
      fault: undefined,
    });
  });

  it("keeps the lengths of a packet that a capture has cut", () => {
    const packet = dissect(tcp({ flags: ".", data: 1000 }).slice(0, 60)) as TcpPacket;
    expect(packet.tcp.length).toBe(1000);
    expect(packet.payload.length).toBe(20);
  });

  it("says what is wrong with the rest, at every truncation", () => {
    const segment = tcp({ flags: "S", options: SYN_OPTIONS });
    for (let length = 0; length < segment.length; length++) {
      const packet = dissect(segment.slice(0, length));
      expect(packet).toMatchObject({
        protocol: "other",
        fault: length < 20 ? "no IPv4 header" : "TCP header cut short",
      });
    }
    expect(dissect(udp("1.1.1.1:1", "2.2.2.2:2", new Uint8Array(0)).slice(0, 27))).toMatchObject({
      fault: "UDP header cut short",
    });
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.constantFrom(1, 6, 17), (bytes, protocol) => {
        dissect(bytes);
        if (bytes.length < 20) return;
        bytes[0] = 0x45;
        bytes[9] = protocol;
        dissect(bytes);
        bytes[6] = 0;
        bytes[7] = 0;
        dissect(bytes);
      }),
    );
  });
});

describe("TcpFlags", () => {
  it("answers to the RFC's names, their letters and tcpdump's", () => {
    const flags = new TcpFlags(0x12);
    for (const name of ["S", "SYN", "A", "ACK", "."] as const) expect(flags.includes(name)).toBe(true);
    for (const name of ["F", "RST", "P", "URG", "E", "W"] as const) expect(flags.includes(name)).toBe(false);
    expect(`${flags}`).toBe("S.");
    expect(`${new TcpFlags(0)}`).toBe("none");
    expect(`${new TcpFlags(0xff)}`).toBe("FSRP.UEW");
  });

  it("refuses a flag that there is not", () => {
    // @ts-expect-error: not a flag
    expect(() => new TcpFlags(2).includes("SA")).toThrow("a TCP flag is one of F S R P . U E W FIN");
  });
});
