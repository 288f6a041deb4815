/** The echo service, RFC 862: what comes goes back. */
import type { Host } from "../host/host.ts";
import { MSG_PEEK, MSG_TRUNC } from "../sockets/constants.ts";
import type { StreamCore } from "../sockets/stream.ts";
import {
  DONE,
  type SmallService,
  type SmallServiceCounters,
  type SmallServiceOptions,
  startService,
} from "./small-service.ts";

const PIECE = 65_536;

/**
 * Sends back what comes, over TCP and UDP; of a connection that the peer has finished, all of it. Default port 7. SocketError:
 * EADDRINUSE, EADDRNOTAVAIL. Why some datagrams are not answered: see small-service.ts.
 */
export function serveEcho(host: Host, options: SmallServiceOptions = {}): SmallService {
  const buffer = new Uint8Array(PIECE);
  return startService(
    host,
    {
      name: "echo",
      port: 7,
      attend: (connection, counters) => ({ ready: () => echoInput(connection, counters, buffer) }),
      answer: (_, length) => length,
    },
    options,
  );
}

/**
 * Takes from what `connection` has received only what could be sent back, so the peer's own window holds it back. DONE when the peer has
 * finished, else a negative errno. `buffer` is of PIECE bytes.
 */
function echoInput(connection: StreamCore, counters: SmallServiceCounters, buffer: Uint8Array): number {
  for (;;) {
    const seen = connection.receive(buffer, 0, PIECE, MSG_PEEK);
    if (seen <= 0) return seen === 0 ? DONE : seen;
    const sent = connection.send(buffer, 0, seen);
    if (sent < 0) return sent;
    connection.receive(buffer, 0, sent, MSG_TRUNC); // thrown away: it is on its way back
    counters.receivedBytes += sent;
    counters.sentBytes += sent;
  }
}
