/** Below this many bytes a loop is faster than making the view that `set` needs. */
const LOOP_BYTES = 24;

/** Copies `length` bytes of `source` from `from` on to `target` at `to`. The ranges may overlap only within one array. */
export function copyBytes(
  source: Uint8Array,
  from: number,
  target: Uint8Array,
  to: number,
  length: number,
): void {
  if (source === target) {
    target.copyWithin(to, from, from + length);
  } else if (length > LOOP_BYTES) {
    target.set(source.subarray(from, from + length), to);
  } else {
    for (let index = 0; index < length; index++) target[to + index] = source[from + index] as number;
  }
}
