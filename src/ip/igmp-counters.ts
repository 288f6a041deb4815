/** What IGMP has said and heard: `netstat -s` prints it by these names. */
export class IgmpCounters {
  received = 0;
  /** Reports of any version. */
  reportsSent = 0;
  leavesSent = 0;
  /** By the version of who asked. */
  queriesV1 = 0;
  queriesV2 = 0;
  queriesV3 = 0;
  /** Reports of other hosts, which make ours needless in v1 and v2. */
  reportsHeard = 0;
  reportsSuppressed = 0;

  // dropped
  tooShort = 0;
  badChecksum = 0;
  /** Queries that make no sense, that were sent to where no query belongs, or that come from beyond the link. */
  badQuery = 0;
  /** Leaves, which are for routers, and what is no message of IGMP. */
  ignored = 0;
  /** Reports for which there was no way. */
  sendFailed = 0;
}
