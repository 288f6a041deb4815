/**
 * Sequence numbers, RFC 9293 §3.4: a circle of 2^32. They are kept as int32, which V8 holds unboxed, and every
 * comparison is the sign of a difference. At a distance of exactly 2^31 neither of two numbers is before the other in
 * a useful sense; `lt` and `gt` then both say yes from the one side and the other. Add with `(a + n) | 0`.
 */

export function lt(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

export function leq(a: number, b: number): boolean {
  return ((a - b) | 0) <= 0;
}

export function gt(a: number, b: number): boolean {
  return ((b - a) | 0) < 0;
}

export function geq(a: number, b: number): boolean {
  return ((a - b) | 0) >= 0;
}

/** How far `a` lies behind `b` on the circle: negative when it comes before. */
export function distance(a: number, b: number): number {
  return (a - b) | 0;
}

export function max(a: number, b: number): number {
  return ((a - b) | 0) > 0 ? a : b;
}

export function min(a: number, b: number): number {
  return ((a - b) | 0) < 0 ? a : b;
}
