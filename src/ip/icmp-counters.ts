/** What ICMP has done, and why it dropped what it dropped. */
export class IcmpCounters {
  received = 0;

  // incoming and dropped
  tooShort = 0;
  badChecksum = 0;
  unknownType = 0;
  /** Echo requests to a broadcast or multicast address (RFC 1122 §3.2.2.6: MAY be dropped; "smurf" is why). */
  echoBroadcast = 0;
  /** Echo requests while `IpConfig.echoReply` is off. */
  echoDisabled = 0;
  /** Echo replies: nothing here asks yet. */
  echoReply = 0;
  /** RFC 6633 §3, MUST: ignored. */
  sourceQuench = 0;
  /** Ignored: anybody on the link could turn our routes (CVE-1999-0265). RFC 1122 §3.2.2.2 would have them followed. */
  redirect = 0;
  /** Router advertisements and solicitations, timestamps, information and address mask requests and replies. */
  ignoredQuery = 0;

  // errors about datagrams of ours
  errorsReceived = 0;
  /** Too short to quote an IPv4 header and eight bytes, or quoting something that is none. */
  errorMalformed = 0;
  /** Sent to a broadcast or multicast address. */
  errorBroadcast = 0;
  /** Quoting a fragment that is not the first: it has no transport header (CVE-2023-23415). */
  errorAboutFragment = 0;
  /** Quoting a datagram that is not from an address of ours. */
  errorNotOurs = 0;
  /** Quoting a protocol that nobody has registered. */
  errorUnclaimed = 0;

  // outgoing
  echoRepliesSent = 0;
  errorsSent = 0;
  /** Not sent since RFC 1122 §3.2.2 forbids an error about such a datagram. */
  errorsForbidden = 0;
  /** Not sent since enough were: see `IpConfig.icmpErrorsPerSecond`. */
  errorsLimited = 0;
  /** Messages that IPv4 could not send: no route, mostly. */
  sendFailed = 0;
}
