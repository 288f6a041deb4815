/** What a DHCP client has said and heard. */
export class DhcpCounters {
  /** Messages sent, retransmissions among them. */
  sent = 0;
  retransmitted = 0;
  /** Messages that the socket would not take: no such interface any more, or it is down. */
  sendFailed = 0;
  /** Messages that were for this client and were heeded. */
  received = 0;
  naks = 0;
  /** Addresses that another station has, and which were declined. */
  declined = 0;
  /** Leases that ended without having been renewed. */
  expired = 0;

  // dropped
  /** No DHCP message, or one cut off. */
  malformed = 0;
  /** For another client, or of another transaction. */
  notForUs = 0;
  /** Of a kind, or from a server, that was not asked for now. */
  unexpected = 0;
  /** An offer or a lease that makes no sense. */
  badLease = 0;
}
