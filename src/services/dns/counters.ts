/** What a stub resolver has asked and heard. */
export class DnsCounters {
  /** Names and addresses that programs have asked for, each try of the search list by itself. */
  lookups = 0;
  /** Of them, those that the cache has answered, and those that waited for the same question of somebody else. */
  cached = 0;
  joined = 0;
  /** Questions sent, by UDP and by TCP. */
  udpQueries = 0;
  tcpQueries = 0;
  answers = 0;
  /** Questions that were not answered in time. */
  timeouts = 0;
  /** Questions that could not be sent, or that an ICMP error answered. */
  unreachable = 0;
  /** Answers that said that the server could not tell: SERVFAIL, REFUSED …, and lame ones. */
  failures = 0;
  truncated = 0;
  /** Servers that did not understand EDNS0 and were asked without. */
  withoutEdns = 0;

  // dropped
  /** Not the identifier or the question that was asked. */
  mismatched = 0;
  malformed = 0;
}
