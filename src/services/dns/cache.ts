/** What servers have said, for as long as they said that it holds. */

interface Entry<T> {
  readonly value: T;
  /** Microseconds of the clock. */
  readonly until: number;
}

/** The least recently used entry gives way when there are too many. */
export class Cache<T> {
  private readonly most: number;
  private readonly entries = new Map<string, Entry<T>>();

  /** `most`: entries kept, 0 for none. */
  constructor(most: number) {
    this.most = most;
  }

  get size(): number {
    return this.entries.size;
  }

  /** `now`: microseconds. */
  get(key: string, now: number): T | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.entries.delete(key);
    if (entry.until <= now) return undefined;
    this.entries.set(key, entry); // the last to go
    return entry.value;
  }

  set(key: string, value: T, until: number): void {
    this.entries.delete(key);
    if (this.most === 0) return;
    this.entries.set(key, { value, until });
    if (this.entries.size <= this.most) return;
    for (const oldest of this.entries.keys()) {
      this.entries.delete(oldest);
      return;
    }
  }

  clear(): void {
    this.entries.clear();
  }
}
