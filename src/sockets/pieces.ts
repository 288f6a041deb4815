/** Many buffers in one call: what is sent out of them, and what is received into them. */

/** The most that one call takes: Linux's UIO_MAXIOV. */
export const MOST_PIECES = 1024;

/** The bytes of all `pieces`, one behind the other: copied once, unless there is only one. */
export function gather(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  const all = new Uint8Array(roomIn(pieces));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** How many bytes `pieces` hold in all. */
export function roomIn(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

/** Fills `pieces` with `bytes`, one behind the other. */
export function scatter(bytes: Uint8Array, pieces: readonly Uint8Array[]): void {
  let at = 0;
  for (const piece of pieces) {
    piece.set(bytes.subarray(at, at + piece.length));
    at += piece.length;
    if (at >= bytes.length) return;
  }
}
