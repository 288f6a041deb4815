/**
 * What was sent and not yet acknowledged, one record per segment in the order of sequence numbers, and what is known
 * of each: RFC 6675's scoreboard. The records are columns of a ring, so nothing is allocated per segment, and the sums
 * that `pipe` needs are kept as marks change.
 */

/** Marks of a record. */
const SACKED = 1;
/** Judged lost. Stays set when the segment is sent again. */
const LOST = 2;
/** Sent again, and that copy is still thought to be in flight. */
const RETRANSMITTED = 4;
/** Sent more than once: no round-trip time can be taken from it (Karn's rule, RFC 6298 §3). */
const EVER_RETRANSMITTED = 8;

/** RFC 6675 §2. */
const DUP_THRESH = 3;
const SMALLEST_CAPACITY = 16;

export class Scoreboard {
  private seqs = new Int32Array(0);
  private lengths = new Int32Array(0);
  private sentTimes = new Float64Array(0);
  private marks = new Uint8Array(0);
  private mask = -1;
  /** Record numbers only grow; a record lives at its number modulo the capacity. */
  private first = 0;
  private end = 0;
  /** Sums in sequence numbers: of all records, and of those with each mark. */
  private outstanding = 0;
  private sacked = 0;
  private lost = 0;
  private retransmitted = 0;
  private lostAndRetransmitted = 0;
  private highestSacked = -1;
  /** Records below this number have been judged by {@link detectLosses}. */
  private judged = 0;
  /** No record below this number waits for retransmission. */
  private hint = 0;
  /**
   * When the latest segment that the last ACK newly covers was sent. -1 when there is none, or when one of them was sent
   * more than once: the ACK may then have waited for that one, and tells no round trip of the others either.
   */
  ackedSentAt = -1;
  /** Of what the last ACK newly covers, what was sent more than once, in sequence numbers. */
  ackedCopies = 0;
  /** The longest segment that was acknowledged and not sent more than once, so that it arrived as it was, in sequence numbers. */
  longestAcked = 0;
  /** The longest one that was acknowledged or SACKed, however often it was sent, since somebody set this to 0. */
  longestArrived = 0;

  get count(): number {
    return this.end - this.first;
  }

  /** RFC 6675 §4: an estimate of the sequence numbers in flight. */
  get pipe(): number {
    return this.outstanding - this.sacked - this.lost + this.retransmitted;
  }

  /** Sequence numbers of all records: the flight. */
  get outstandingBytes(): number {
    return this.outstanding;
  }

  get sackedBytes(): number {
    return this.sacked;
  }

  get lostBytes(): number {
    return this.lost;
  }

  get retransmittedBytes(): number {
    return this.retransmitted;
  }

  /** Records a segment sent for the first time; `length` counts sequence numbers (FIN too). */
  append(seq: number, length: number, now: number): void {
    if (this.count === this.seqs.length) this.grow();
    const at = this.end++ & this.mask;
    this.seqs[at] = seq;
    this.lengths[at] = length;
    this.sentTimes[at] = now;
    this.marks[at] = 0;
    this.outstanding += length;
  }

  /** SND.UNA has moved to `una`: drops what lies before it. */
  acknowledge(una: number): void {
    this.ackedSentAt = -1;
    let isAmbiguous = false;
    this.ackedCopies = 0;
    while (this.first < this.end) {
      const at = this.first & this.mask;
      const covered = (una - (this.seqs[at] as number)) | 0;
      if (covered <= 0) break;
      const length = this.lengths[at] as number;
      if (covered < length) {
        this.account(at, -covered);
        this.seqs[at] = una;
        this.lengths[at] = length - covered;
        break;
      }
      const marks = this.marks[at] as number;
      if (length > this.longestArrived && (marks & SACKED) === 0) this.longestArrived = length;
      if ((marks & EVER_RETRANSMITTED) !== 0) {
        isAmbiguous = true;
        this.ackedCopies += length;
      } else {
        if ((marks & SACKED) === 0) this.ackedSentAt = this.sentTimes[at] as number;
        if (length > this.longestAcked) this.longestAcked = length;
      }
      this.account(at, -length);
      this.first++;
    }
    // what was sent once may have waited for the repetition of what lay before it
    if (isAmbiguous) this.ackedSentAt = -1;
  }

  /**
   * Marks the segments within [start, end) as SACKed; returns the bytes newly so. The caller has checked the edges.
   * @param from where to begin to look: what lies before it is known to be marked
   */
  sack(start: number, end: number, from = start): number {
    let bytes = 0;
    for (let number = this.find(from); number < this.end; number++) {
      const at = number & this.mask;
      const length = this.lengths[at] as number;
      const recordEnd = ((this.seqs[at] as number) + length) | 0;
      if (((recordEnd - end) | 0) > 0) break;
      const marks = this.marks[at] as number;
      if ((marks & SACKED) !== 0 || ((start - (this.seqs[at] as number)) | 0) > 0) continue;
      this.account(at, -length);
      this.marks[at] = SACKED | (marks & EVER_RETRANSMITTED);
      this.account(at, length);
      if (number > this.highestSacked) this.highestSacked = number;
      if (length > this.longestArrived) this.longestArrived = length;
      bytes += length;
    }
    return bytes;
  }

  /**
   * RFC 6675 §4, IsLost(): a segment is lost when DupThresh discontiguous SACKed runs, or more than
   * (DupThresh - 1)·SMSS SACKed bytes, lie above it. Marks what is newly lost; returns whether anything was.
   */
  detectLosses(segmentSize: number): boolean {
    let bytesAbove = 0;
    let runsAbove = 0;
    let previousSacked = false;
    let number = this.highestSacked;
    for (; number >= this.first; number--) {
      const at = number & this.mask;
      const isSacked = ((this.marks[at] as number) & SACKED) !== 0;
      if (isSacked) {
        bytesAbove += this.lengths[at] as number;
        if (!previousSacked) runsAbove++;
      } else if (bytesAbove > (DUP_THRESH - 1) * segmentSize || runsAbove >= DUP_THRESH) {
        break; // this one and every hole below it
      }
      previousSacked = isSacked;
    }
    let found = false;
    const from = Math.max(this.judged, this.first);
    for (let below = from; below <= number; below++) found = this.markLost(below) || found;
    if (number + 1 > this.judged) this.judged = number + 1;
    return found;
  }

  /** Judges the first outstanding segment lost: three duplicate ACKs, or a partial ACK, say so. False: it was. */
  markFirstLost(): boolean {
    return this.first < this.end && this.markLost(this.first);
  }

  /** After a timeout everything that is not SACKed counts as lost, copies sent again too (RFC 6675 §5.1). */
  markAllLost(): void {
    // RFC 2018 §8: a receiver whose left edge is SACKed but not acknowledged has discarded what it SACKed.
    const reneged = this.first < this.end && ((this.marks[this.first & this.mask] as number) & SACKED) !== 0;
    if (reneged) this.highestSacked = -1;
    for (let number = this.first; number < this.end; number++) {
      const at = number & this.mask;
      const marks = this.marks[at] as number;
      if ((marks & SACKED) !== 0 && !reneged) continue;
      this.lose(at);
    }
    this.hint = this.first;
    this.judged = this.end;
  }

  /** The longest segment outstanding, in sequence numbers; 0 when there is none. */
  get longest(): number {
    let longest = 0;
    for (let number = this.first; number < this.end; number++) {
      longest = Math.max(longest, this.lengths[number & this.mask] as number);
    }
    return longest;
  }

  /** The first outstanding segment, in sequence numbers; 0 when there is none. */
  get firstLength(): number {
    return this.first < this.end ? (this.lengths[this.first & this.mask] as number) : 0;
  }

  /** Judges everything above `size` bytes lost, and what was sent again of it: the path carries no more (RFC 1191 §6.4). */
  markOversizedLost(size: number): void {
    for (let number = this.first; number < this.end; number++) {
      const at = number & this.mask;
      if ((this.lengths[at] as number) > size && ((this.marks[at] as number) & SACKED) === 0) this.lose(at);
    }
    this.hint = this.first;
  }

  /** RFC 6675 §4, NextSeg() rule 1: the first segment judged lost and not sent again since; -1 when there is none. */
  nextLost(): number {
    if (this.lost === this.lostAndRetransmitted) return -1;
    let number = Math.max(this.hint, this.first);
    for (; number < this.end; number++) {
      const marks = this.marks[number & this.mask] as number;
      if ((marks & (LOST | RETRANSMITTED)) === LOST) break;
    }
    this.hint = number;
    return number < this.end ? number : -1;
  }

  /** NextSeg() rule 3: the first hole below the highest SACKed segment that was not sent again; -1 when there is none. */
  nextHole(): number {
    for (let number = this.first; number < this.highestSacked; number++) {
      if (((this.marks[number & this.mask] as number) & (SACKED | RETRANSMITTED)) === 0) return number;
    }
    return -1;
  }

  /** NextSeg() rule 4: the last segment that is neither SACKed nor sent again; -1 when there is none. */
  lastHole(): number {
    const number = this.end - 1;
    if (number < this.first) return -1;
    return ((this.marks[number & this.mask] as number) & (SACKED | RETRANSMITTED)) === 0 ? number : -1;
  }

  seqOf(number: number): number {
    return this.seqs[number & this.mask] as number;
  }

  lengthOf(number: number): number {
    return this.lengths[number & this.mask] as number;
  }

  /** Segment `number` was sent again. */
  retransmit(number: number, now: number): void {
    const at = number & this.mask;
    const length = this.lengths[at] as number;
    this.account(at, -length);
    this.marks[at] = (this.marks[at] as number) | RETRANSMITTED | EVER_RETRANSMITTED;
    this.account(at, length);
    this.sentTimes[at] = now;
  }

  /** A part of the first segment was sent again, as a probe: it tells no round trip any more. */
  noteProbe(): void {
    if (this.first < this.end) this.marks[this.first & this.mask]! |= EVER_RETRANSMITTED;
  }

  /** When the first outstanding segment was last sent; `otherwise` when there is none. */
  firstSentAt(otherwise: number): number {
    return this.first < this.end ? (this.sentTimes[this.first & this.mask] as number) : otherwise;
  }

  /** Forgets everything and gives the memory back. */
  clear(): void {
    this.seqs = new Int32Array(0);
    this.lengths = new Int32Array(0);
    this.sentTimes = new Float64Array(0);
    this.marks = new Uint8Array(0);
    this.mask = -1;
    this.first = this.end = 0;
    this.outstanding = this.sacked = this.lost = this.retransmitted = this.lostAndRetransmitted = 0;
    this.highestSacked = -1;
    this.judged = this.hint = 0;
    this.longestAcked = this.longestArrived = 0;
  }

  /** The record at `at` is lost, and so is the copy that was sent again, if there was one. */
  private lose(at: number): void {
    const length = this.lengths[at] as number;
    this.account(at, -length);
    this.marks[at] = LOST | ((this.marks[at] as number) & EVER_RETRANSMITTED);
    this.account(at, length);
  }

  private markLost(number: number): boolean {
    const at = number & this.mask;
    const marks = this.marks[at] as number;
    if ((marks & (SACKED | LOST)) !== 0) return false;
    const length = this.lengths[at] as number;
    this.account(at, -length);
    this.marks[at] = marks | LOST;
    this.account(at, length);
    if (number < this.hint) this.hint = number;
    return true;
  }

  /** Adds `length` sequence numbers of the record at `at` to every sum that its marks say. */
  private account(at: number, length: number): void {
    const marks = this.marks[at] as number;
    this.outstanding += length;
    if ((marks & SACKED) !== 0) this.sacked += length;
    if ((marks & LOST) !== 0) this.lost += length;
    if ((marks & RETRANSMITTED) !== 0) {
      this.retransmitted += length;
      if ((marks & LOST) !== 0) this.lostAndRetransmitted += length;
    }
  }

  /** The number of the first record that ends after `seq`. */
  private find(seq: number): number {
    let low = this.first;
    let high = this.end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const at = middle & this.mask;
      const recordEnd = ((this.seqs[at] as number) + (this.lengths[at] as number)) | 0;
      if (((recordEnd - seq) | 0) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private grow(): void {
    const capacity = Math.max(SMALLEST_CAPACITY, this.seqs.length * 2);
    const seqs = new Int32Array(capacity);
    const lengths = new Int32Array(capacity);
    const sentTimes = new Float64Array(capacity);
    const marks = new Uint8Array(capacity);
    for (let number = this.first; number < this.end; number++) {
      const from = number & this.mask;
      const to = number & (capacity - 1);
      seqs[to] = this.seqs[from] as number;
      lengths[to] = this.lengths[from] as number;
      sentTimes[to] = this.sentTimes[from] as number;
      marks[to] = this.marks[from] as number;
    }
    this.seqs = seqs;
    this.lengths = lengths;
    this.sentTimes = sentTimes;
    this.marks = marks;
    this.mask = capacity - 1;
  }
}
