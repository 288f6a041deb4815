/**
 * Receive-buffer auto-tuning after Fisk and Feng, "Dynamic Right-Sizing in TCP" (2001): the buffer should hold twice
 * what the user reads in a round trip, so that the window never holds a growing sender back.
 */
import type { Tcb } from "./tcb.ts";

/** Called when the user has read `bytes`. */
export function tuneReceiveBuffer(tcb: Tcb, bytes: number): void {
  const now = tcb.tcp.clock.now;
  tcb.tuneRead += bytes;
  // The round trip that sending has measured, the handshake's at least. Where timestamps were needed for that and there are
  // none, half a buffer read stands for one.
  const roundTrip = tcb.rto.srtt;
  const isOver =
    roundTrip > 0 ? now - tcb.tuneStartedAt >= roundTrip : tcb.tuneRead >= tcb.receiveBufferBytes / 2;
  if (!isOver) return;
  const limit = tcb.tcp.config.maxReceiveBufferBytes;
  if (tcb.tuneRead > tcb.tuneMost) tcb.tuneMost = tcb.tuneRead;
  if (!tcb.settings.receiveBufferFixed && 2 * tcb.tuneRead > tcb.receiveBufferBytes) {
    tcb.receiveBufferBytes = Math.max(tcb.receiveBufferBytes, Math.min(limit, 2 * tcb.tuneRead));
  }
  tcb.tuneRead = 0;
  tcb.tuneStartedAt = now;
}
