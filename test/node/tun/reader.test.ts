/** The two wakers and the reader on a named pipe, which needs no right: like a TUN device it is read without waiting. */
import { spawnSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, type TestContext, test } from "vitest";
import { parseAddress } from "../../../src/ip/address.ts";
import { writeIpv4Header } from "../../../src/ip/ipv4-header.ts";
import { TunCounters } from "../../../src/node/tun/counters.ts";
import { TunReader } from "../../../src/node/tun/reader.ts";
import { selectWaker } from "../../../src/node/tun/select-waker.ts";
import { TunLink } from "../../../src/node/tun/tun-link.ts";
import { FLAG_CHECKSUM_TRUSTED, type Packet } from "../../../src/packet/packet.ts";
import { packetPool } from "../../../src/packet/pool.ts";
import { run } from "../../examples/run.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "netwright-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A named pipe, open both ways; nothing waits in it. Where there are none the test is skipped. */
function openPipe(context: TestContext): number {
  const path = join(folder, "pipe");
  if (spawnSync("mkfifo", [path]).status !== 0) context.skip("mkfifo makes no named pipe here");
  return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
}

/** A datagram of 20 bytes and `length` more, all `fill`. */
function datagram(length: number, fill: number): Uint8Array {
  const bytes = new Uint8Array(20 + length).fill(fill);
  const [source, destination] = [parseAddress("10.9.0.1"), parseAddress("10.9.0.2")];
  writeIpv4Header(new DataView(bytes.buffer), 0, bytes.length, 0, 1, 0, 64, 17, source, destination);
  return bytes;
}

test.each([
  ["pipe", "read"],
  ["select", "waits"],
])(
  "the waker called %s wakes for each packet, also after its user has thrown, and stops at once when closed",
  async (kind, how) => {
    const path = join(folder, "pipe");
    expect(spawnSync("mkfifo", [path]).status).toBe(0);
    const { code, out, err } = await run(
      fileURLToPath(new URL("waker-program.ts", import.meta.url)),
      kind,
      path,
    );
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toBe(`first ${how}\nsecond ${how}\nthrown\nthird ${how}\nclosed\n`);
  },
);

test("a process that waits and is killed is a failure", async (context) => {
  const file = openPipe(context);
  const error = await new Promise((resolve) => {
    const { pid } = selectWaker(file, () => new Uint8Array(1), { woken() {}, failed: resolve });
    process.kill(pid!, "SIGKILL");
  });
  expect(String(error)).toContain("ended (SIGKILL)");
  closeSync(file);
});

/** A reader on an empty pipe, whose waker the test plays; what it hands up. */
class Rig {
  readonly file: number;
  readonly counters = new TunCounters();
  readonly reader: TunReader;
  readonly received: string[] = [];
  wakes = 0;
  failure: unknown = undefined;

  constructor(context: TestContext, headerLength = 0) {
    this.file = openPipe(context);
    const device = { file: this.file, name: "nw0", headerLength, segmentation: false };
    this.reader = new TunReader(device, this.counters, (error) => {
      this.failure = error;
    });
    this.reader.receiver = {
      wake: () => {
        this.wakes++;
      },
      input: (packet: Packet) => {
        const fill = packet.slab.bytes[packet.offset + 20];
        this.received.push(
          `${packet.length}:${fill}:${packet.flags}:${packet.segmentSize}:${packet.capacity}`,
        );
        packet.release();
      },
    };
  }

  close(): void {
    this.reader.close();
    closeSync(this.file);
  }

  /** The waker has read `bytes`. */
  wakeWith(bytes: Uint8Array): void {
    this.reader.memory().set(bytes);
    this.reader.wake(bytes.length);
  }
}

/** A virtio-net header in front of `bytes`. */
function withHeader(bytes: Uint8Array, flags: number, gsoType: number, gsoSize: number): Uint8Array {
  const all = new Uint8Array(12 + bytes.length);
  all[0] = flags;
  all[1] = gsoType;
  new DataView(all.buffer).setUint16(4, gsoSize, new Uint8Array(Uint16Array.of(1).buffer)[0] === 1);
  all.set(bytes, 12);
  return all;
}

describe("the reader", () => {
  test("hands up what was read for it, then what waits, in packets as small as they go", (context) => {
    const rig = new Rig(context);
    writeSync(rig.file, datagram(1400, 2));
    rig.wakeWith(datagram(100, 1));
    rig.wakeWith(datagram(3000, 3));
    rig.wakeWith(datagram(60_000, 4));
    expect(rig.received).toEqual([
      "120:1:0:0:2048",
      "1420:2:0:0:2048",
      "3020:3:0:0:16384",
      "60020:4:0:0:66048",
    ]);
    expect(rig.wakes).toBe(3);
    expect(rig.counters).toMatchObject({ wakes: 3, receivedPackets: 4, receivedBytes: 64_580 });
    rig.close();
  });

  test("after wakes with one packet each looks for a second only now and then, and always after it has found one", (context) => {
    const rig = new Rig(context);
    const lone = datagram(10, 1);
    for (let wake = 0; wake < 3; wake++) rig.wakeWith(lone);
    writeSync(rig.file, datagram(10, 2));
    const wakesUntilFound = () => {
      const before = rig.received.filter((text) => text.includes(":2:")).length;
      for (let wakes = 1; wakes < 100; wakes++) {
        rig.wakeWith(lone);
        if (rig.received.filter((text) => text.includes(":2:")).length > before) return wakes;
      }
      return undefined;
    };
    expect(wakesUntilFound()).toBe(14);
    writeSync(rig.file, datagram(10, 2));
    expect(wakesUntilFound()).toBe(1);
    rig.close();
  });

  test("tells whose checksum is trusted, and gives long segments on whole", (context) => {
    const rig = new Rig(context, 12);
    rig.wakeWith(withHeader(datagram(100, 1), 0, 0, 0));
    rig.wakeWith(withHeader(datagram(100, 2), 1, 0, 0));
    rig.wakeWith(withHeader(datagram(40_000, 3), 1, 0x81, 1448)); // with GSO_ECN
    expect(rig.received).toEqual([
      "120:1:0:0:2048",
      `120:2:${FLAG_CHECKSUM_TRUSTED}:0:2048`,
      `40020:3:${FLAG_CHECKSUM_TRUSTED}:1448:66048`,
    ]);
    rig.close();
  });

  test.for([
    ["is to be completed", 1, 5, FLAG_CHECKSUM_TRUSTED],
    ["has been verified", 2, 0x85, FLAG_CHECKSUM_TRUSTED], // with GSO_ECN, which means nothing here
    ["has nothing said of it", 0, 5, 0],
  ] as const)(
    "splits UDP segments whose checksum %s into datagrams of which the same is true",
    ([, flags, kind, flag], context) => {
      const rig = new Rig(context, 12);
      rig.wakeWith(withHeader(datagram(8 + 2500, 7), flags, kind, 1000));
      expect(rig.received).toEqual([1028, 1028, 528].map((length) => `${length}:7:${flag}:0:2048`));
      rig.close();
    },
  );

  test("counts what it cannot use", (context) => {
    const rig = new Rig(context, 12);
    const ipv6 = new Uint8Array(60).fill(0x60);
    rig.wakeWith(withHeader(ipv6, 0, 0, 0));
    rig.wakeWith(withHeader(datagram(0, 0).subarray(0, 19), 0, 0, 0));
    rig.wakeWith(Uint8Array.of(1, 2, 3));
    rig.wakeWith(withHeader(datagram(100, 1), 1, 3, 1000)); // UFO, which nobody asked for
    rig.wakeWith(withHeader(datagram(8, 1), 1, 5, 1000)); // UDP segments without data
    rig.reader.receiver = undefined;
    rig.wakeWith(withHeader(datagram(100, 1), 0, 0, 0));
    expect(rig.received).toEqual([]);
    expect(rig.counters).toMatchObject({ notIpv4: 1, badHeader: 4, noReceiver: 1, receivedPackets: 6 });
    rig.close();
  });

  test("says that it cannot read, and reads nothing once closed", (context) => {
    const rig = new Rig(context);
    closeSync(rig.file);
    rig.wakeWith(datagram(10, 1));
    expect(rig.failure).toMatchObject({ code: "EBADF" });
    rig.reader.close();
    expect(rig.reader.memory()).toHaveLength(0);
    rig.reader.wake(30);
    expect(rig.received).toHaveLength(1);
  });

  test("has long packets read to where they stay, and what nobody gets over again", (context) => {
    const rig = new Rig(context, 12);
    const places: (number | undefined)[] = [];
    rig.reader.receiver = {
      input(packet) {
        places.push(packet.offset - 12);
        packet.release();
      },
    };
    const next = () => rig.reader.memory().byteOffset;
    const first = next();
    rig.wakeWith(withHeader(new Uint8Array(60).fill(0x60), 0, 0, 0)); // IPv6
    rig.wakeWith(withHeader(datagram(100, 1), 0, 3, 1000)); // an offload that nobody has asked for
    expect({ places, next: next() }).toEqual({ places: [], next: first });
    rig.wakeWith(withHeader(datagram(100, 1), 0, 0, 0));
    expect({ kept: places[0] !== first, next: next() }).toEqual({ kept: true, next: first });
    rig.wakeWith(withHeader(datagram(20_000, 1), 0, 0, 0));
    expect(places[1]).toBe(first);
    rig.close();
  });

  test("leaves the depth of stack traces as it was when it finds nothing", (context) => {
    const rig = new Rig(context);
    const limit = Error.stackTraceLimit;
    rig.wakeWith(datagram(10, 1));
    expect(Error.stackTraceLimit).toBe(limit);
    rig.close();
  });

  test("leaves the rest where it is when its link is closed by who receives", (context) => {
    const rig = new Rig(context);
    writeSync(rig.file, datagram(100, 2));
    let count = 0;
    rig.reader.receiver = {
      input(packet) {
        packet.release();
        count++;
        rig.reader.close();
      },
    };
    rig.wakeWith(datagram(30_000, 1));
    expect({ count, left: readSync(rig.file, new Uint8Array(200)) }).toEqual({ count: 1, left: 120 });
    rig.close();
  });
});

describe("a link", () => {
  const STATE = { mtu: 1500, address: "10.9.0.1/24", isUp: true };
  const NO_WAKER = () => ({ keepProcess() {}, close() {} });

  test("sends packets with their header in front, in one write, wherever they stand in their buffers", (context) => {
    const file = openPipe(context);
    const device = { file, name: "nw0", headerLength: 12, segmentation: true };
    const link = new TunLink(device, STATE, NO_WAKER);
    expect(link.features).toEqual({ checksum: true, marksTrusted: true, segmentation: true });
    const bytes = datagram(100, 9);
    link.send(packetPool.from(bytes), 0);
    const first = packetPool.allocate(200);
    const tight = packetPool.allocate(200);
    if (tight.base === 0) throw new Error("the first of its slab has nothing in front of it");
    tight.offset = tight.base + 4; // no room for the header
    tight.length = bytes.length;
    tight.slab.bytes.set(bytes, tight.offset);
    const neighbour = tight.slab.bytes.subarray(tight.base - 8, tight.base);
    neighbour.fill(0x55);
    link.send(tight, 0);
    expect([...neighbour]).toEqual(new Array(8).fill(0x55));
    first.release();
    const read = new Uint8Array(500);
    expect(readSync(file, read)).toBe(264);
    expect(read.subarray(12, 132)).toEqual(bytes);
    expect(read.subarray(144, 264)).toEqual(bytes);
    expect(link.counters).toMatchObject({ sentPackets: 2, sentBytes: 240 });
    closeSync(file);
  });

  test("whose kernel has no room just then drops and counts, and tells nobody", async (context) => {
    const file = openPipe(context);
    const heard: string[] = [];
    const device = { file, name: "nw0", headerLength: 0, segmentation: false };
    const link = new TunLink(device, STATE, NO_WAKER, (error) => heard.push(error.message));
    for (let number = 0; number < 20; number++) link.send(packetPool.from(datagram(4000, number)), 0);
    expect(link.counters).toMatchObject({ sentPackets: 16, queueFull: 4, notSent: 0 }); // a page each, and a pipe has sixteen
    await Promise.resolve();
    expect(heard).toEqual([]);
    link.close();
    closeSync(file);
  });

  test("that is closed, or whose descriptor is, drops and counts", async (context) => {
    const file = openPipe(context);
    const heard: string[] = [];
    const device = { file, name: "nw0", headerLength: 0, segmentation: false };
    const link = new TunLink(device, STATE, NO_WAKER, (error) => heard.push(error.message));
    closeSync(file);
    link.send(packetPool.from(datagram(100, 1)), 0);
    expect(heard).toEqual([]); // never from inside send
    await Promise.resolve();
    expect(heard).toEqual(["write on nw0 failed (EBADF)"]);
    link.close();
    link.close();
    link.send(packetPool.from(datagram(100, 1)), 0);
    expect(link.counters).toMatchObject({ sentPackets: 0, notSent: 2 });
    expect({ closed: link.closed, failure: link.failure }).toEqual({ closed: true, failure: undefined });
  });
});
