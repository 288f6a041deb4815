/** What UDP has done, and why it dropped what it dropped: `netstat -s` prints them by these names. */
export class UdpCounters {
  /** Datagrams from IP, good and bad. */
  received = 0;
  /** Datagrams put into a queue; one to a broadcast address counts once for each. */
  delivered = 0;
  sent = 0;

  // incoming and dropped
  tooShort = 0;
  badLength = 0;
  badChecksum = 0;
  /** Nobody has the port. */
  noPort = 0;
  /** The endpoint's queue was full. */
  receiveQueueFull = 0;

  // ICMP errors about datagrams of ours
  errorsReceived = 0;
  /** About a port that nobody has, or whose endpoint talks to somebody else. */
  errorsUnclaimed = 0;
  /** Errors for which an endpoint's error queue (IP_RECVERR) had no room. */
  errorQueueFull = 0;

  /** Datagrams that IPv4 refused. */
  sendFailed = 0;
}

/** The same of one endpoint. */
export class EndpointCounters {
  received = 0;
  sent = 0;
  receiveQueueFull = 0;
}
