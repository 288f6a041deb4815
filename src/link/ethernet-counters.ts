/** What an Ethernet link has carried, and what it has dropped and why. */
export class EthernetCounters {
  /** Frames with IPv4, or whole ones from packet sockets, handed to the port; those with ARP are counted below. */
  framesSent = 0;
  /** Frames of any kind that came in. */
  framesReceived = 0;
  arpSent = 0;
  /** ARP messages that could be read, while we have an address. */
  arpReceived = 0;
  /** ARP messages of others that use our address, or probe for it while we do. */
  conflicts = 0;

  // dropped on the way out
  /** The link is closed. */
  closed = 0;
  /** The interface is down; on the way in, too. */
  down = 0;
  /** Our address is still being probed, or is another's. */
  noAddress = 0;
  /** Longer than the MTU. */
  tooLong = 0;
  /** The next hop is no address that a host can have. */
  noNextHop = 0;

  // dropped on the way in
  /** Shorter than a header. */
  tooShort = 0;
  /** Frames of IEEE 802.3, with a length in place of a type. */
  lengthFrame = 0;
  /** For another station. */
  notForUs = 0;
  /** From a group address, from zero, or from our own address. */
  badSource = 0;
  /** Neither IPv4 nor ARP. */
  unknownType = 0;
  /** Nobody is attached. */
  noReceiver = 0;
  arpTooShort = 0;
  /** About other addresses than IPv4 on Ethernet, or neither request nor reply. */
  arpUnknown = 0;
  /** The sender's addresses are none that a host can have. */
  arpBadSender = 0;
  /** ARP while we have no address. */
  arpIgnored = 0;
}
