/**
 * How much of SO_SNDBUF a message takes: what Linux charges its sender until the receiver has read it (`skb->truesize`):
 * the bytes, rounded up as the kernel's allocator does, and its bookkeeping. Thus as many messages fit into the buffer
 * as on Linux (x86-64, 6.x), and SIOCOUTQ shows the same numbers.
 */

const PAGE = 4096;
/** `struct sk_buff`, and `struct skb_shared_info` behind every message's data. */
const MESSAGE_OVERHEAD = 256;
const DATA_OVERHEAD = 320;
const ALIGNMENT = 64;
/** The most that a message keeps in one piece; the rest is in pages. */
const STREAM_HEAD = PAGE - DATA_OVERHEAD;
const RECORD_HEAD = 4 * PAGE - DATA_OVERHEAD;
/** The most that a piece of a stream keeps in pages. */
const STREAM_PAGES = 32_768;
/** The most pages of a record: MAX_SKB_FRAGS. */
const RECORD_PAGES = 17 * PAGE;

/** The pieces into which a stream's send is cut are at most this long, bytes. */
export const MAX_PIECE = STREAM_HEAD + STREAM_PAGES;

export function pieceMemory(length: number): number {
  const pages = Math.min(length, roundUp(Math.max(length - STREAM_HEAD, 0), PAGE));
  return MESSAGE_OVERHEAD + headMemory(length - pages) + roundUp(pages, PAGE);
}

export function recordMemory(length: number): number {
  const pages = roundUp(Math.min(Math.max(length - RECORD_HEAD, 0), RECORD_PAGES), PAGE);
  return MESSAGE_OVERHEAD + headMemory(Math.max(length - pages, 0)) + pages;
}

/** kmalloc gives powers of two. */
function headMemory(length: number): number {
  const bytes = roundUp(length, ALIGNMENT) + DATA_OVERHEAD;
  return 1 << (32 - Math.clz32(bytes - 1));
}

function roundUp(length: number, unit: number): number {
  return Math.ceil(length / unit) * unit;
}
