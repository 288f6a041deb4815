/** The end of a resolver, for each exchange by a signal of its own: where many listen to one, programs are warned of a leak. */
export class Ending {
  private readonly underWay = new Set<AbortController>();
  private isOver = false;

  /** Whether {@link end} has been called. */
  get over(): boolean {
    return this.isOver;
  }

  /** Aborted at the end. Whoever gets it hands it to {@link done} when he needs it no more. */
  begin(): AbortController {
    const each = new AbortController();
    if (this.isOver) each.abort();
    this.underWay.add(each);
    return each;
  }

  done(each: AbortController): void {
    this.underWay.delete(each);
  }

  end(): void {
    this.isOver = true;
    for (const each of this.underWay) each.abort();
  }
}
