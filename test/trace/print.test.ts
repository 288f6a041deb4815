import { describe, expect, it } from "vitest";
import { Printer, printCapture, writePcapng } from "../../src/trace/index.ts";
import { tcp } from "./packets.ts";
import { SAMPLES } from "./samples.ts";
import { readWith } from "./tools.ts";

const FILE = writePcapng({
  interfaces: ["a-b", "b-c"],
  packets: SAMPLES.map((bytes, index) => ({
    time: 3_723_000_000 + index * 20_001,
    interface: index % 2,
    direction: "unknown",
    bytes,
    originalLength: bytes.length,
  })),
});

describe("printed lines", () => {
  it("are these", () => {
    const lines = printCapture(FILE);
    expect(lines.map((line) => line.slice(line.indexOf("IP ") + 3))).toEqual([
      "10.0.0.1.49152 > 10.0.0.2.8000: Flags [S], seq 4294967280, win 64240, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0",
      "10.0.0.2.8000 > 10.0.0.1.49152: Flags [S.], seq 1000, ack 4294967281, win 65160, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0",
      "10.0.0.1.49152 > 10.0.0.2.8000: Flags [.], ack 1, win 1000, options [nop,nop,TS val 2 ecr 1], length 0",
      "10.0.0.1.49152 > 10.0.0.2.8000: Flags [P.], seq 1:101, ack 1, win 1000, options [nop,nop,TS val 2 ecr 1], length 100",
      "10.0.0.1.49152 > 10.0.0.2.8000: Flags [.], seq 101:1101, ack 1, win 1000, options [nop,nop,TS val 2 ecr 1], length 1000",
      "10.0.0.1.49152 > 10.0.0.2.8000: Flags [P.], seq 1101:1111, ack 1, win 1000, length 10",
      "10.0.0.2.8000 > 10.0.0.1.49152: Flags [.], ack 101, win 1000, options [nop,nop,sack 1 {1101:1111}], length 0",
      "10.0.0.1.49152 > 10.0.0.2.8000: Flags [.], seq 101:1101, ack 1, win 1000, length 1000",
      "10.0.0.2.8000 > 10.0.0.1.49152: Flags [P.U], seq 1:5, ack 1111, win 1000, urg 2, length 4",
      "10.0.0.1.49152 > 10.0.0.2.8000: Flags [F.], seq 1111, ack 5, win 1000, length 0",
      "10.0.0.2.8000 > 10.0.0.1.49152: Flags [.], ack 1112, win 1000, length 0",
      "10.0.0.2.8000 > 10.0.0.1.49152: Flags [F.E], seq 5, ack 1112, win 1000, length 0",
      "10.0.0.1.49152 > 10.0.0.2.8000: Flags [.W], ack 6, win 1000, length 0",
      "10.0.0.1.49152 > 10.0.0.2.8000: Flags [R], seq 1096, win 0, length 0",
      "10.0.0.2.8000 > 10.0.0.1.49152: Flags [R.], seq 6, ack 1112, win 0, length 0",
      "10.0.0.1.5000 > 10.0.0.2.7: UDP, length 3",
      "10.0.0.2 > 10.0.0.1: ICMP 10.0.0.2 udp port 7 unreachable, length 39",
      "10.0.0.2 > 10.0.0.1: ICMP 10.0.0.2 tcp port 8000 unreachable, length 36",
      "10.0.0.2 > 10.0.0.1: ICMP host 10.0.0.2 unreachable, length 39",
      "10.0.0.2 > 10.0.0.1: ICMP 10.0.0.2 unreachable - need to frag (mtu 576), length 39",
      "10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 2, length 64",
      "10.0.0.2 > 10.0.0.1: ICMP echo reply, id 7, seq 2, length 64",
      "10.0.0.3 > 10.0.0.1: ICMP time exceeded in-transit, length 39",
      "10.0.0.1 > 10.0.0.2: ip-proto-17 fragment at 128, length 64",
      "10.0.0.1 > 10.0.0.2: ip-proto-17 fragment at 192, length 30",
      "10.0.0.1 > 10.0.0.2: ip-proto-254 30",
    ]);
    expect(lines[1]!.startsWith("01:02:03.020001 IP ")).toBe(true);
  });

  it("are tcpdump's own, but for fragments, of which they tell more", (test) => {
    const output = readWith(test, "tcpdump", ["-n"], FILE);
    const theirs = output
      .trimEnd()
      .split("\n")
      .map((line) => line.replace(":  ", ": "));
    const ours = printCapture(FILE).map((line) => line.replace(/ fragment at \d+, length \d+$/, ""));
    expect(ours).toEqual(theirs);
  });

  it("count anew when the same ports open another connection, and far beyond 2^31", () => {
    const printer = new Printer();
    const numbers = (flags: string, seq: number, data = 0) =>
      printer.line(0, tcp({ flags, seq: seq >>> 0, ack: 1, data })).match(/seq [\d:]+/)?.[0];
    expect(numbers("S", 5000)).toBe("seq 5000");
    expect(numbers("P.", 5001, 10)).toBe("seq 1:11");
    expect(numbers("P.", 5001 + 3e9, 10)).toBe("seq 3000000001:3000000011");
    expect(numbers("S", 9000)).toBe("seq 9000");
    expect(numbers("P.", 9001, 10)).toBe("seq 1:11");
  });

  it("never fail, whatever the bytes", () => {
    const printer = new Printer();
    for (const sample of SAMPLES) {
      for (let length = 0; length < Math.min(sample.length, 80); length++) {
        expect(printer.line(0, sample.slice(0, length))).toMatch(/^00:00:00\.000000 IP .+/);
      }
    }
  });
});
