/** What a TUN link has carried, and what it has dropped by reason. */
export class TunCounters {
  /** Packets and bytes as the kernel counts them: a segment of 64 KiB is one. */
  receivedPackets = 0;
  receivedBytes = 0;
  sentPackets = 0;
  sentBytes = 0;
  /** Wakes of the event loop for packets. */
  wakes = 0;
  /** Received while no host was attached. */
  noReceiver = 0;
  /** Received and no IPv4: the kernel asks for IPv6 routers by itself. */
  notIpv4 = 0;
  /** Received and too short for their headers, or with an offload that was not asked for. */
  badHeader = 0;
  /** Not sent since the interface was down. */
  interfaceDown = 0;
  /** Not sent since the kernel had no room for them just then: as with any full queue nobody is told. */
  queueFull = 0;
  /** Not sent since the kernel refused them, or the link was closed. */
  notSent = 0;
}
