/** The discard service, RFC 863: what comes is thrown away. */
import type { Host } from "../host/host.ts";
import { MSG_TRUNC } from "../sockets/constants.ts";
import type { StreamCore } from "../sockets/stream.ts";
import {
  DONE,
  type SmallService,
  type SmallServiceCounters,
  type SmallServiceOptions,
  startService,
} from "./small-service.ts";

/** How much goes at once. */
const PIECE = 1 << 20;

/** Throws away what comes, over TCP and UDP, and answers nothing. Default port 9. SocketError: EADDRINUSE, EADDRNOTAVAIL. */
export function serveDiscard(host: Host, options: SmallServiceOptions = {}): SmallService {
  const nowhere = new Uint8Array(PIECE);
  return startService(
    host,
    {
      name: "discard",
      port: 9,
      attend: (connection, counters) => ({ ready: () => discardInput(connection, counters, nowhere) }),
      answer: () => -1,
    },
    options,
  );
}

/**
 * Throws away what `connection` has received. DONE when the peer has finished, else a negative errno. `nowhere` is not written to;
 * its length says how much goes at once.
 */
export function discardInput(
  connection: StreamCore,
  counters: SmallServiceCounters,
  nowhere: Uint8Array,
): number {
  for (;;) {
    const count = connection.receive(nowhere, 0, nowhere.length, MSG_TRUNC);
    if (count <= 0) return count === 0 ? DONE : count;
    counters.receivedBytes += count;
  }
}
