/** What `netstat -s` shows of TCP. Drops are counted by reason; nothing from the wire is ever thrown. */
export class TcpCounters {
  segmentsReceived = 0;
  segmentsSent = 0;
  retransmissions = 0;
  timeouts = 0;
  fastRetransmits = 0;
  resetsSent = 0;
  resetsReceived = 0;
  activeOpens = 0;
  passiveOpens = 0;
  /** Connections that ended before they were established; established ones that were reset. */
  failedOpens = 0;
  establishedResets = 0;
  challengeAcks = 0;
  duplicateAcksReceived = 0;
  outOfOrderSegments = 0;
  /** Dropped: header or data offset does not fit; checksum wrong; to or from a broadcast or multicast address. */
  droppedMalformed = 0;
  droppedChecksum = 0;
  droppedBroadcast = 0;
  /** Dropped: from or to port 0, which is nobody's (RFC 6335 §6); it is not answered. */
  droppedPortZero = 0;
  /** Dropped: no connection there (answered with RST unless it was one); wrong state for it. */
  droppedNoConnection = 0;
  /** Dropped: outside of the window; old timestamp (PAWS); timestamp missing; acknowledges what was never sent. */
  droppedOutsideWindow = 0;
  droppedOldTimestamp = 0;
  droppedNoTimestamp = 0;
  droppedBadAck = 0;
  droppedNoAck = 0;
  /** Embryonic connections that went, being the oldest of too many, for a new one. */
  evictedEmbryonic = 0;
  /** Dropped SYNs and last ACKs: accept queue full. */
  droppedAcceptFull = 0;
  /** Dropped text: too many holes, or beyond the buffer. */
  droppedReassemblyFull = 0;
  /** Ended before their time, since there were too many: closed by their users but not done; in TIME-WAIT. */
  evictedOrphans = 0;
  evictedTimeWaits = 0;
  zeroWindowProbesSent = 0;
  keepAliveProbesSent = 0;
  /** Short copies of large segments that nobody answered; and paths on which only those got through. */
  shortCopiesSent = 0;
  blackHoles = 0;
  icmpErrorsIgnored = 0;
}
