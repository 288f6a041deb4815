import { afterEach, describe, expect, it } from "vitest";
import { packetPool } from "../../src/packet/pool.ts";
import { ladder } from "../../src/trace/index.ts";
import { MSS, NOP, SACK, udp, WSCALE } from "./packets.ts";
import { back, forth, Stage } from "./stage.ts";

afterEach(() => expect(packetPool.outstanding).toBe(0));

/** A connection with a lost segment, from SYN to the end of TIME-WAIT. */
function conversation(): Stage {
  const stage = new Stage();
  stage.state("a", 0, "CLOSED", "SYN-SENT");
  const syn = stage.send(
    "a",
    0,
    forth("S", 0, -100, { window: 64_240, options: [...MSS(1460), ...NOP, ...WSCALE(7)] }),
  );
  syn.arrives(20);
  stage.state("b", 20, "LISTEN", "SYN-RECEIVED");
  stage.send("b", 20, back("S.", 0, 1, { options: MSS(1460) })).arrives(40);
  stage.state("a", 40, "SYN-SENT", "ESTABLISHED");
  stage.send("a", 40, forth(".", 1, 1)).arrives(60);
  stage.state("b", 60, "SYN-RECEIVED", "ESTABLISHED");
  stage.send("a", 40, forth(".", 1, 1, { data: 1000 })).lost();
  stage.send("a", 40, forth("P.", 1001, 1, { data: 500 })).arrives(60.5);
  const options = [...NOP, ...NOP, ...SACK(8001, 8501)];
  stage.send("b", 60.5, back(".", 1, 1, { options })).arrives(80.5);
  stage.send("a", 80.5, forth(".", 1, 1, { data: 1000 })).arrives(100.5);
  stage.send("b", 100.5, back(".", 1, 1501)).lost("queue");
  stage.state("a", 120, "ESTABLISHED", "FIN-WAIT-1");
  stage.send("a", 120, forth("F.", 1501, 1)).arrives(140);
  stage.state("b", 140, "ESTABLISHED", "CLOSE-WAIT");
  stage.state("b", 140, "CLOSE-WAIT", "LAST-ACK");
  stage.send("b", 140, back("F.", 1, 1502)).arrives(160);
  stage.state("a", 160, "FIN-WAIT-1", "TIME-WAIT");
  stage.send("a", 160, forth(".", 1502, 2)).arrives(180);
  stage.state("b", 180, "LAST-ACK", "CLOSED");
  stage.state("a", 60_160, "TIME-WAIT", "CLOSED");
  return stage;
}

const SIDES = { left: "a", right: "b" };

describe("the ladder", () => {
  it("shows times, states, losses and retransmissions", () => {
    const lines = ladder(conversation().recorder.events, { ...SIDES, width: 110 });
    expect(lines.join("\n")).toMatchInlineSnapshot(`
      "        ms a 10.0.0.1                                                                   b 10.0.0.2        ms
           0.000 SYN-SENT     ├─ SYN seq 0 win 64240 mss 1460 wscale 7 ─────────────────▶│ SYN-RECEIVED     20.000
          40.000 ESTABLISHED  │◀───────────────── SYN ACK seq 0 ack 1 win 1000 mss 1460 ─┤                  20.000
          40.000              ├─ ACK ack 1 win 1000 ────────────────────────────────────▶│ ESTABLISHED      60.000
          40.000              ├─ ACK 1:1001 ack 1 win 1000 ───────────────────────✗ loss │
          40.000              ├─ PSH ACK 1001:1501 ack 1 win 1000 ──────────────────────▶│                  60.500
          80.500              │◀───────────────── ACK ack 1 sack 1 {1001:1501} win 1000 ─┤                  60.500
          80.500              ├─ ↻ ACK 1:1001 ack 1 win 1000 ───────────────────────────▶│                 100.500
                              │ queue ✗────────────────────────── ACK ack 1501 win 1000 ─┤                 100.500
         120.000 FIN-WAIT-1   ├─ FIN ACK seq 1501 ack 1 win 1000 ───────────────────────▶│ CLOSE-WAIT      140.000
         160.000 TIME-WAIT    │◀─────────────────────── FIN ACK seq 1 ack 1502 win 1000 ─┤ LAST-ACK        140.000
         160.000              ├─ ACK ack 2 win 1000 ────────────────────────────────────▶│ CLOSED          180.000
       60160.000 CLOSED       │                                                          │
                 ↻ sent again   ✗ dropped by the wire"
    `);
  });

  it("puts states to the right segments when everything happens at once", () => {
    const stage = new Stage();
    stage.state("a", 0, "CLOSED", "SYN-SENT");
    stage.send("a", 0, forth("S", 0, -100)).arrives(0);
    stage.state("b", 0, "LISTEN", "SYN-RECEIVED");
    stage.send("b", 0, back("S.", 0, 1)).arrives(0);
    stage.state("a", 0, "SYN-SENT", "ESTABLISHED");
    const first = stage.send("a", 0, forth("P.", 1, 1, { data: 9 }));
    const second = stage.send("a", 0, forth("P.", 10, 1, { data: 9 }));
    first.arrives(0);
    stage.state("b", 0, "SYN-RECEIVED", "ESTABLISHED");
    second.arrives(0);
    stage.state("b", 0, "ESTABLISHED", "FIN-WAIT-1");
    stage.send("b", 0, back("F.", 1, 19)).arrives(0);
    stage.state("a", 0, "ESTABLISHED", "CLOSE-WAIT");
    const states = ladder(stage.recorder.events, SIDES)
      .slice(1)
      .map((line) => line.match(/[A-Z]+-?[A-Z]+(-\d)?(?= +[├│]| {2,}0\.000$)/g));
    expect(states).toEqual([
      ["SYN-SENT", "SYN-RECEIVED"],
      ["ESTABLISHED"],
      ["ESTABLISHED"],
      null,
      ["CLOSE-WAIT", "FIN-WAIT-1"],
    ]);
  });

  it("says less when it is narrow, and never runs over", () => {
    for (let width = 72; width <= 140; width++) {
      for (const line of ladder(conversation().recorder.events, { ...SIDES, width })) {
        expect([...line].length, line).toBeLessThanOrEqual(width);
      }
    }
    expect(ladder(conversation().recorder.events, { ...SIDES, width: 72 }).join("\n")).toMatchInlineSnapshot(`
      "        ms a 10.0.0.1                             b 10.0.0.2        ms
           0.000 SYN-SENT     ├─ SYN seq 0 ───────▶│ SYN-RECEIVED     20.000
          40.000 ESTABLISHED  │◀─ SYN ACK seq 0 … ─┤                  20.000
          40.000              ├─ ACK ack 1 ───────▶│ ESTABLISHED      60.000
          40.000              ├─ ACK 1:10… ─✗ loss │
          40.000              ├─ PSH ACK 1001:1… ─▶│                  60.500
          80.500              │◀─────── ACK ack 1 ─┤                  60.500
          80.500              ├─ ↻ ACK 1:1001 a… ─▶│                 100.500
                              │ queue ✗─ ACK ack… ─┤                 100.500
         120.000 FIN-WAIT-1   ├─ FIN ACK seq 15… ─▶│ CLOSE-WAIT      140.000
         160.000 TIME-WAIT    │◀─ FIN ACK seq 1 … ─┤ LAST-ACK        140.000
         160.000              ├─ ACK ack 2 ───────▶│ CLOSED          180.000
       60160.000 CLOSED       │                    │
                 ↻ sent again   ✗ dropped by the wire"
    `);
    expect(() => ladder([], { ...SIDES, width: 71 })).toThrow(
      "width must be a whole number of columns from 72, got 71",
    );
  });

  it("shows copies, altered packets, other protocols, and ports when there are several connections", () => {
    const stage = new Stage();
    const question = stage.send("a", 1, udp("10.0.0.1:5000", "10.0.0.2:53", new Uint8Array(12)), true);
    const copyArrives = question.copied();
    question.arrives(2);
    copyArrives(2);
    stage.send("b", 3, back("R.", 0, 1)).arrives(4);
    const text = ladder(stage.recorder.events, SIDES).join("\n");
    expect(text).toMatchInlineSnapshot(`
      "        ms a 10.0.0.1                                                         b 10.0.0.2        ms
           1.000              ├─ ≠ UDP 5000 > 53 12 bytes ────────────────────▶│                   2.000
           1.000              ├─ ² ≠ UDP 5000 > 53 12 bytes ──────────────────▶│                   2.000
           4.000              │◀───────── 80 > 49152 RST ACK seq 100 ack 7001 ─┤                   3.000
                 ² copied by the wire   ≠ altered by the wire"
    `);
  });

  it("leaves out the middle, and counts retransmissions there too", () => {
    const stage = new Stage({ first: 2, last: 1 });
    stage.send("a", 0, forth("S", 0, -100)).arrives(1);
    for (let index = 0; index < 500; index++) {
      stage.send("a", 10 + index, forth(".", 1 + 10 * (index >> 1), 1, { data: 10 })).arrives(11 + index);
    }
    stage.send("a", 900, forth(".", 2491, 1, { data: 10 })).arrives(901);
    const { recorder } = stage;
    expect(recorder.packets).toBe(502);
    expect(recorder.retransmissions).toBe(251);
    const lines = ladder(recorder.events, SIDES);
    expect(lines.length).toBe(6);
    expect(lines[3]).toContain("⋮ 499 more");
    expect(lines[4]).toContain("↻ ACK 2491:2501 ack 1");
    expect(lines[5]).toContain("↻ sent again");
  });

  it("leaves out other hosts", () => {
    expect(ladder(conversation().recorder.events, { left: "a", right: "c" }).length).toBeLessThan(13);
    expect(ladder(conversation().recorder.events, { left: "c", right: "d" }).length).toBe(1);
  });
});
