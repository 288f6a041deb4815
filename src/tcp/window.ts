/** The window that we offer: RFC 9293 §3.8.6, RFC 7323 §2.3. */

import { MAX_WINDOW_SCALE } from "./options.ts";
import { max } from "./sequence.ts";
import { ACK_NOW, type Tcb } from "./tcb.ts";

const LARGEST_UNSCALED = 65_535;

/** The smallest shift count with which a buffer of `bytes` can be offered whole (RFC 7323 §2.3). */
export function windowScaleFor(bytes: number): number {
  let shift = 0;
  while (shift < MAX_WINDOW_SCALE && bytes >>> shift > LARGEST_UNSCALED) shift++;
  return shift;
}

/** Bytes of the receive buffer that no unread text takes, as far as a window can tell of them, and the user lets it. */
export function freeSpace(tcb: Tcb): number {
  const free = Math.max(0, tcb.receiveBufferBytes - tcb.receiveQueue);
  const { windowClamp } = tcb.settings;
  const most = LARGEST_UNSCALED << tcb.rcv.scale;
  return Math.min(free, windowClamp > 0 && windowClamp < most ? windowClamp : most);
}

/** The largest window that there can be, bytes. */
function largestWindow(tcb: Tcb): number {
  const { windowClamp } = tcb.settings;
  return windowClamp > 0 ? Math.min(windowClamp, tcb.receiveBufferBytes) : tcb.receiveBufferBytes;
}

/**
 * The value for the window field of the segment being built, and moves the offered edge. The edge never moves left
 * (RFC 9293 §3.8.6, SHLD-14), though the field, which counts in units, may tell of up to a unit less; it moves right only by min(buffer/2, MSS) or more, which keeps silly windows from the
 * peer (§3.8.6.2.2, MUST-39).
 */
export function offerWindow(tcb: Tcb, isSyn: boolean): number {
  const rcv = tcb.rcv;
  const free = freeSpace(tcb);
  const offered = rcv.wnd;
  const grows = free - offered >= Math.min(largestWindow(tcb) / 2, rcv.mss);
  const window = grows ? free : offered;
  if (isSyn) {
    const unscaled = Math.min(window, LARGEST_UNSCALED); // RFC 7323 §2.2: never scaled in a SYN
    rcv.edge = (rcv.nxt + unscaled) | 0;
    return unscaled;
  }
  // Rounding down could take back what was offered (RFC 7323 §2.4); round up then, but never to more than one unit beyond
  // the buffer, or the edge would creep on without the user reading.
  const unit = 1 << rcv.scale;
  let field = window >>> rcv.scale;
  if (field * unit < offered && (field + 1) * unit < free + unit) field++;
  field = Math.min(field, LARGEST_UNSCALED);
  rcv.edge = max(rcv.edge, (rcv.nxt + field * unit) | 0);
  return field;
}

/**
 * After the user has read: an ACK of its own is worth it when the window grows by a good part of the buffer, or when
 * the peer has hardly any left. Smaller news rides on the next segment.
 */
export function updateWindowAfterRead(tcb: Tcb): void {
  const rcv = tcb.rcv;
  const growth = freeSpace(tcb) - rcv.wnd;
  const buffer = largestWindow(tcb);
  const muchMore = growth >= 2 * rcv.mss && growth >= buffer / 4;
  const reopens = rcv.wnd < 2 * rcv.mss && growth >= Math.min(buffer / 2, rcv.mss);
  if (!muchMore && !reopens) return;
  tcb.ackPending = ACK_NOW;
  tcb.touch();
}
