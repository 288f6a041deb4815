/** What IPv4 has done, and why it dropped what it dropped: `netstat -s` prints them by these names. */
export class IpCounters {
  /** Datagrams and fragments that came in, good and bad. */
  received = 0;
  /** Datagrams handed to a transport or to ICMP. */
  delivered = 0;
  /** Datagrams that transports and ICMP asked to send. */
  sent = 0;
  /** Datagrams and fragments for others that were passed on: see `IpConfig.forwarding`. */
  forwarded = 0;

  // incoming and dropped
  tooShort = 0;
  badVersion = 0;
  badHeaderLength = 0;
  badTotalLength = 0;
  badChecksum = 0;
  badOptions = 0;
  /** The source cannot be a host's address: 0/8, 127/8 off the loopback, multicast, broadcast, class E. */
  martianSource = 0;
  /** The source is an address of ours, but the datagram came by a wire ("land"). */
  ownSource = 0;
  /** For 127/8, but by a wire. */
  martianDestination = 0;
  /** For another host, or a multicast group nobody joined. */
  notForUs = 0;
  /** For an address of ours that another interface has: see `IpConfig.strongHost`. */
  wrongInterface = 0;
  /** To one host, but in a link-layer broadcast. */
  linkBroadcast = 0;
  /** With a source route, which we neither follow nor accept. */
  sourceRouted = 0;
  /** For a protocol that nobody has registered. */
  unknownProtocol = 0;
  interfaceDown = 0;
  /** Copies of our own multicasts and broadcasts for which there was no room. */
  ownCopiesFull = 0;

  // for others, and not passed on
  /** To a broadcast address of a network of ours, by another interface (RFC 2644). */
  directedBroadcast = 0;
  /** Came by another interface than its source is reached by: see `IpConfig.reversePathFilter`. */
  reversePath = 0;
  /** No route to the destination: the source was told "net unreachable". */
  forwardNoRoute = 0;
  /** With a time to live that had come to its end: the source was told "time exceeded". */
  timeToLiveExceeded = 0;
  /** Longer than the next link's MTU, with DF: the source was told "fragmentation needed". */
  forwardTooBig = 0;
  /** To be cut into segments by a link, but no datagram of TCP. */
  notSegmentable = 0;

  // reassembly
  fragmentsReceived = 0;
  reassembled = 0;
  /** A fragment without data, or not the last and no multiple of eight bytes long. */
  badFragment = 0;
  /** A fragment that says again what came before. */
  duplicateFragment = 0;
  /** Datagrams given up because fragments overlapped or contradicted each other about the end. */
  reassemblyOverlap = 0;
  /** Datagrams given up because they would be longer than 65535 bytes. */
  reassemblyTooLong = 0;
  /** Datagrams given up because they came in too many fragments. */
  reassemblyTooMany = 0;
  /** Datagrams given up because some fragments carried CE and others said Not-ECT (RFC 3168 §5.3). */
  reassemblyMixedEcn = 0;
  /** Datagrams that did not become complete in time. */
  reassemblyTimeout = 0;
  /** Incomplete datagrams that gave way to newer ones. */
  reassemblyEvicted = 0;

  // outgoing
  fragmented = 0;
  fragmentsSent = 0;
  /** Refused with EMSGSIZE: longer than the link's MTU with DF, or than 65535 bytes. */
  sendTooBig = 0;
  /** Refused with ENETUNREACH. */
  noRoute = 0;
}

/** The counters that say why a datagram was dropped on its way in. */
export type DropReason = Exclude<
  keyof IpCounters,
  | "received"
  | "delivered"
  | "sent"
  | "forwarded"
  | "fragmentsReceived"
  | "reassembled"
  | "fragmented"
  | "fragmentsSent"
>;
