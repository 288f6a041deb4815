/** What raw and ping sockets have done: `netstat -s` prints them by these names. */
export class RawCounters {
  /** Copies of datagrams put into a queue. */
  delivered = 0;
  /** Copies for which a queue had no room. */
  receiveQueueFull = 0;
  sent = 0;
  /** Datagrams that could not be sent: wrong, too long, no route. */
  sendFailed = 0;
  /** ICMP errors about datagrams of theirs. */
  errorsReceived = 0;
}
