/** The current segment's variables, RFC 9293 §3.3.1 (SEG.SEQ and so on), and its options. One is reused for all. */
export class Segment {
  sourcePort = 0;
  destinationPort = 0;
  seq = 0;
  ack = 0;
  /** Control bits: see header.ts. */
  flags = 0;
  /** SEG.WND as it stands in the header, not scaled. */
  window = 0;
  urgentPointer = 0;
  headerLength = 0;
  /** Bytes of text, and where they begin in the packet's slab. */
  dataLength = 0;
  dataOffset = 0;
  /** How many segments of the wire this stands for, and the text in each but the last: more than one where the link joins them. */
  count = 1;
  fullLength = 0;
  /** The MSS option's value, 0 when absent. */
  maxSegmentSize = 0;
  /** The window scale option's shift count, -1 when absent. */
  windowScale = -1;
  sackPermitted = false;
  hasTimestamp = false;
  timestampValue = 0;
  timestampEcho = 0;
  /** SACK blocks: edges in pairs, `sackCount` blocks of them. */
  sackCount = 0;
  readonly sackEdges = new Int32Array(8);

  /** SEG.LEN: text plus SYN and FIN, which take a sequence number each. */
  get length(): number {
    return this.dataLength + ((this.flags >> 1) & 1) + (this.flags & 1);
  }
}
