/**
 * How much gets through: a client and a server that measure TCP and UDP between two hosts. They speak iperf3's protocol, so
 * that each of them works with the real iperf3 at the other end.
 */
import type { Host } from "../host/host.ts";
import { Client } from "./iperf3/client.ts";
import type { ClientOptions, ClientResult } from "./iperf3/client-options.ts";

export type {
  ClientOptions as ThroughputOptions,
  ClientResult as ThroughputResult,
} from "./iperf3/client-options.ts";
export { Iperf3Error as ThroughputError } from "./iperf3/control.ts";
export type { IntervalReport, StreamReport } from "./iperf3/measurement.ts";
export type { EndResults } from "./iperf3/results.ts";
export {
  type ServerOptions as ThroughputServerOptions,
  serveIperf3 as serveThroughput,
} from "./iperf3/server.ts";
export type { Settings as ThroughputSettings } from "./iperf3/settings.ts";

/**
 * Measures how much gets from `host` to the server at `destination` (a name or dotted quad), or back; default: ten seconds
 * of one TCP connection. Resolves with what both ends have counted. ThroughputError: the server is busy, or does not make
 * sense; SocketError: there is none; GaiError: nobody knows the name.
 *
 *     const serving = serveThroughput(b, { count: 1 });
 *     const { remote } = await throughput(a, "b", { seconds: 5 });
 *     remote.streams[0].bitsPerSecond
 */
export function throughput(
  host: Host,
  destination: string,
  options: ClientOptions = {},
): Promise<ClientResult> {
  return new Client(host, destination, options).run();
}
