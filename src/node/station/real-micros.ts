/** Microseconds since 1970: the time of day when the process began, and from then on a clock that never goes back. */
export function realMicros(): number {
  return Math.floor((performance.timeOrigin + performance.now()) * 1000);
}
