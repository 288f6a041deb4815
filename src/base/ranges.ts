/**
 * A set of sequence numbers as sorted, disjoint, non-adjacent ranges [start, end), compared modulo 2^32: all of them
 * must lie within 2^31 of each other. Finding is O(log n); inserting moves the later ranges, of which there are few.
 */
export class Ranges {
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  private readonly limit: number;

  /** @param limit how many ranges it may hold; what would make one more is refused. */
  constructor(limit: number) {
    this.limit = limit;
  }

  get count(): number {
    return this.starts.length;
  }

  start(index: number): number {
    return this.starts[index] as number;
  }

  end(index: number): number {
    return this.ends[index] as number;
  }

  /** The index of the first range that ends after `position`; `count` when there is none. */
  firstEndingAfter(position: number): number {
    let low = 0;
    let high = this.ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((((this.ends[middle] as number) - position) | 0) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  contains(position: number): boolean {
    const index = this.firstEndingAfter(position);
    return index < this.count && ((this.start(index) - position) | 0) <= 0;
  }

  /** Adds [start, end), merging what it overlaps or touches. False, and no change, when that would exceed the limit. */
  add(start: number, end: number): boolean {
    // The first range that ends at or after `start` can be merged, and so on while they begin at or before `end`.
    const from = this.firstEndingAfter((start - 1) | 0);
    let to = from;
    while (to < this.count && ((this.start(to) - end) | 0) <= 0) to++;
    if (from === to) {
      if (this.count >= this.limit) return false;
      this.starts.splice(from, 0, start);
      this.ends.splice(from, 0, end);
      return true;
    }
    if (((this.start(from) - start) | 0) > 0) this.starts[from] = start;
    const last = this.end(to - 1);
    this.ends[from] = ((last - end) | 0) > 0 ? last : end;
    if (to - from > 1) {
      this.starts.splice(from + 1, to - from - 1);
      this.ends.splice(from + 1, to - from - 1);
    }
    return true;
  }

  /** Forgets everything before `position`. */
  removeBefore(position: number): void {
    const keep = this.firstEndingAfter(position);
    if (keep > 0) {
      this.starts.splice(0, keep);
      this.ends.splice(0, keep);
    }
    if (this.count > 0 && ((this.start(0) - position) | 0) < 0) this.starts[0] = position;
  }

  clear(): void {
    this.starts.length = 0;
    this.ends.length = 0;
  }
}
