/**
 * One segment through everything: `send` copies it into the ring, TCP and IPv4 build the packet, the link carries it, the
 * other end demultiplexes, checks and stores it, `receive` copies it out, and the ACK comes back. Two full segments are
 * sent at a time, for every second one is acknowledged; the figures are per segment, its half of an ACK included.
 *
 * The peer is what cannot be left out: three copies of the bytes, and two checksums where checksums are made.
 */
import { EAGAIN } from "../src/base/errno.ts";
import type { StreamCore } from "../src/index.ts";
import { Slab } from "../src/packet/slab.ts";
import { type MicroCase, micro, report, smoke } from "./harness.ts";
import { closeBoth, connect, must } from "./support/core.ts";
import { loWorld, type World, wireWorld } from "./support/world.ts";

const PAIRS = smoke ? 5 : 500;

function path(name: string, world: World, pair: [StreamCore, StreamCore], peer: string): MicroCase {
  const [client, server] = pair;
  // what fits a segment: MTU less 40 bytes of headers and 12 of timestamps
  const size = client.tcb.snd.mss - 12;
  const message = new Uint8Array(2 * size);
  const buffer = new Uint8Array(2 * size);
  let received = 0;
  server.onReadiness = () => {
    const count = server.receive(buffer);
    if (count !== -EAGAIN) received += must(count);
  };
  return {
    name,
    operations: 2 * PAIRS,
    bytes: size,
    peer,
    run() {
      const before = received;
      for (let count = 0; count < PAIRS; count++) {
        must(client.send(message));
        world.drain();
      }
      if (received - before !== PAIRS * message.length) throw new Error("not everything has come");
      return received;
    },
  };
}

/** The copies and checksums of the same bytes, and nothing else. */
function floor(name: string, size: number, checksums: boolean): MicroCase {
  const slab = new Slab(1 << 20);
  const message = new Uint8Array(size);
  const sendRing = new Uint8Array(1 << 17);
  const receiveRing = new Uint8Array(1 << 17);
  const buffer = new Uint8Array(size);
  return {
    name,
    operations: 2 * PAIRS,
    bytes: size,
    run() {
      let sum = 0;
      for (let count = 0; count < 2 * PAIRS; count++) {
        const at = (count & 7) * size;
        sendRing.set(message, at & 0xffff);
        slab.bytes.set(sendRing.subarray(at & 0xffff, (at & 0xffff) + size), at);
        if (checksums) sum += slab.checksum(at, size, 0) + slab.checksum(at, size, 1);
        receiveRing.set(slab.bytes.subarray(at, at + size), at & 0xffff);
        buffer.set(receiveRing.subarray(at & 0xffff, (at & 0xffff) + size));
      }
      return sum + buffer[0]!;
    },
  };
}

const BARE = "copies and checksums of 1448 B";
const BARE_TRUSTED = "copies of 1448 B";
const worlds: [name: string, world: World, peer: string][] = [
  ["ideal wire, MTU 1500, checksums", wireWorld({ mtu: 1500 }), BARE],
  ["ideal wire, MTU 1500, trusted", wireWorld({ mtu: 1500, checksum: false }), BARE_TRUSTED],
  ["lo, MTU 1500, checksums", loWorld({ mtu: 1500, checksums: true }), BARE],
  ["lo, MTU 1500, trusted", loWorld({ mtu: 1500, checksums: false }), BARE_TRUSTED],
];

const cases = [floor(BARE, 1448, true), floor(BARE_TRUSTED, 1448, false)];
const ends: (() => Promise<void>)[] = [];
for (const [name, world, peer] of worlds) {
  const pair = await connect(world, 80);
  cases.push(path(name, world, pair, peer));
  ends.push(() => {
    closeBoth(world, pair);
    return world.close();
  });
}
const rows = await micro(cases);
for (const end of ends) await end();
await report("segment", rows);
