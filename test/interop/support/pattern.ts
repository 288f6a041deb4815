/** The bytes of the bulk tests, as bulk.py has them too, and what their two sides say to each other. */
import type { Socket } from "../../../src/index.ts";

const PERIOD = 1_000_003;
const PIECE = 262_144;

/** Twice, so that a piece that begins in the first is whole. */
const PATTERN = Buffer.allocUnsafe(2 * PERIOD);
for (let i = 0; i < PERIOD; i++) PATTERN[i] = (i * 31 + (i >> 8) * 7 + (i >> 16) * 13) & 255;
PATTERN.copy(PATTERN, PERIOD, 0, PERIOD);

export async function sendPattern(socket: Socket, size: number): Promise<void> {
  for (let at = 0; at < size; ) {
    const start = at % PERIOD;
    const length = Math.min(PIECE, size - at);
    await socket.sendall(PATTERN.subarray(start, start + length));
    at += length;
  }
}

/** "same N", or what is wrong with what came. */
export async function takePattern(socket: Socket, size: number): Promise<string> {
  const buffer = Buffer.allocUnsafe(PIECE);
  let at = 0;
  while (at < size) {
    const count = await socket.recv_into(buffer.subarray(0, Math.min(PIECE, size - at)));
    if (count === 0) return `ended after ${at}`;
    const start = at % PERIOD;
    if (buffer.compare(PATTERN, start, start + count, 0, count) !== 0)
      return `differs between ${at} and ${at + count}`;
    at += count;
  }
  return `same ${at}`;
}

export async function readLine(socket: Socket): Promise<string> {
  const byte = new Uint8Array(1);
  let line = "";
  while ((await socket.recv_into(byte)) === 1 && byte[0] !== 10) line += String.fromCharCode(byte[0]!);
  return line;
}

/** Answers who has connected, as bulk.py does. */
export async function answer(socket: Socket): Promise<void> {
  const [what, size] = (await readLine(socket)).split(" ");
  if (what === "take") await sendPattern(socket, Number(size));
  if (what === "send") await socket.sendall(`${await takePattern(socket, Number(size))}\n`);
  if (what === "echo") {
    const buffer = new Uint8Array(PIECE);
    for (let count = -1; count !== 0; ) {
      count = await socket.recv_into(buffer);
      await socket.sendall(buffer.subarray(0, count));
    }
  }
  await socket.close();
}

/** Asks who answers; "same N" or what is wrong. */
export async function ask(socket: Socket, what: string, size: number): Promise<string> {
  await socket.sendall(`${what} ${size}\n`);
  if (what === "take") return takePattern(socket, size);
  await sendPattern(socket, size);
  return readLine(socket);
}
