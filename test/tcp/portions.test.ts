import { expect, test } from "vitest";
import { POLLIN, type StreamCore } from "../../src/index.ts";
import { pair } from "../support/world.ts";

const MEBIBYTE = 1024 * 1024;
/** What src/tcp/output.ts lets leave at once, in segments of 1448 bytes. */
const PORTION = Math.ceil((256 * 1024) / 1448);

test("a large flight leaves in portions, within one instant", () => {
  const tcp = {
    initialWindowSegments: 1000,
    receiveBufferBytes: 2 * MEBIBYTE,
    sendBufferBytes: 2 * MEBIBYTE,
  };
  const { net, a, b, wire } = pair({}, { tcp });
  const listener = b.stream();
  listener.bind("10.0.0.2", 80);
  listener.listen(1);
  const client = a.stream();
  client.connect("10.0.0.2", 80);
  net.drain();
  const server = listener.accept() as StreamCore;
  const buffer = new Uint8Array(2 * MEBIBYTE);
  let received = 0;
  let lastAt = 0;
  server.onReadiness = (mask) => {
    if ((mask & POLLIN) === 0) return;
    const count = server.receive(buffer);
    if (count > 0) received += count;
    lastAt = net.now;
  };
  client.send(new Uint8Array(1)); // the window of a SYN is not scaled: its ACK offers the whole of it
  net.drain();
  received = 0;
  const before = net.now;

  expect(client.send(new Uint8Array(MEBIBYTE))).toBe(MEBIBYTE);
  expect(wire.inFlight).toBe(PORTION);
  client.onReadiness = () => expect(wire.inFlight).toBeLessThanOrEqual(PORTION);
  net.drain();

  expect(received).toBe(MEBIBYTE);
  expect(lastAt).toBe(before);
  client.close();
  server.close();
  listener.close();
});
