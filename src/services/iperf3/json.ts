/** A measurement as `iperf3 --json` tells it, so that what reads the one reads the other. */
import type { ClientResult } from "./client-options.ts";
import { type IntervalReport, type StreamReport, sumOf } from "./measurement.ts";
import type { CpuUse } from "./results.ts";
import type { TestStart } from "./server.ts";
import type { Settings } from "./settings.ts";

/** What is known when it is over. */
export interface Story extends ClientResult {
  readonly start: TestStart | undefined;
  readonly intervals: readonly IntervalReport[];
}

export function iperf3Json({ settings, start, intervals, local, remote }: Story): object {
  return {
    start: start === undefined ? {} : startOf(start),
    intervals: intervals.map((report) => intervalOf(settings, report)),
    end: {
      streams: local.streams.map((stream, index) => endOf(settings, stream, remote.streams[index])),
      ...sumsOf(settings, local.streams, remote.streams),
      cpu_utilization_percent: { ...cpuOf("host", local.cpu), ...cpuOf("remote", remote.cpu) },
      ...congestions(local.streams, local.congestion, remote.congestion),
    },
  };
}

function startOf({ address, port, settings, streams }: TestStart): object {
  return {
    connected: streams.map(({ id, localAddress, localPort, remoteAddress, remotePort }) => ({
      socket: id,
      local_host: localAddress,
      local_port: localPort,
      remote_host: remoteAddress,
      remote_port: remotePort,
    })),
    version: "netwright",
    connecting_to: { host: address, port },
    test_start: {
      protocol: settings.protocol.toUpperCase(),
      num_streams: settings.streams,
      blksize: settings.blockLength,
      omit: settings.omitSeconds,
      duration: settings.seconds,
      bytes: settings.bytes,
      blocks: settings.blocks,
      reverse: settings.reverse ? 1 : 0,
      bidir: settings.bidirectional ? 1 : 0,
      tos: settings.trafficClass,
    },
  };
}

function intervalOf(settings: Settings, { streams, omitted }: IntervalReport): object {
  const senders = streams.filter(({ sends }) => sends);
  const receivers = streams.filter(({ sends }) => !sends);
  const [first, second] = settings.reverse ? [receivers, senders] : [senders, receivers];
  const sum = (reports: StreamReport[]) => ({ ...amounts(settings, sumOf(reports)), omitted });
  return {
    streams: streams.map((stream) => ({ socket: stream.id, ...amounts(settings, stream), omitted })),
    ...(first.length > 0 && { sum: sum(first) }),
    ...(second.length > 0 && { sum_bidir_reverse: sum(second) }),
  };
}

/** One stream in the end: of UDP together, of TCP each end for itself. */
function endOf(settings: Settings, local: StreamReport, remote: StreamReport | undefined): object {
  const sender = local.sends ? local : remote;
  const receiver = local.sends ? remote : local;
  if (settings.protocol === "udp") {
    const counted = receiver ?? local;
    return { udp: { socket: local.id, ...amounts(settings, counted), out_of_order: counted.outOfOrder } };
  }
  return {
    ...(sender !== undefined && { sender: { socket: local.id, ...amounts(settings, sender) } }),
    ...(receiver !== undefined && { receiver: { socket: local.id, ...amounts(settings, receiver) } }),
  };
}

/** What was sent and what has arrived; of both directions each for itself. */
function sumsOf(settings: Settings, local: readonly StreamReport[], remote: readonly StreamReport[]): object {
  const sums: Record<string, object> = {};
  for (const outward of [true, false]) {
    const ours = local.filter(({ sends }) => sends === outward);
    const theirs = remote.filter(({ sends }) => sends !== outward);
    if (ours.length === 0 || theirs.length === 0) continue;
    const suffix = settings.bidirectional && !outward ? "_bidir_reverse" : "";
    const [sent, received] = outward ? [ours, theirs] : [theirs, ours];
    if (settings.protocol === "udp") sums[`sum${suffix}`] = amounts(settings, sumOf(received));
    sums[`sum_sent${suffix}`] = amounts(settings, sumOf(sent));
    sums[`sum_received${suffix}`] = amounts(settings, sumOf(received));
  }
  return sums;
}

function amounts({ protocol }: Settings, report: StreamReport): object {
  const { start, end, bytes, bitsPerSecond, sends } = report;
  const { retransmits, congestionWindow, packets, lost, jitterMillis } = report;
  const udp = {
    jitter_ms: jitterMillis,
    lost_packets: lost,
    packets,
    lost_percent: packets > 0 ? (100 * lost) / packets : 0,
  };
  return {
    start,
    end,
    seconds: end - start,
    bytes,
    bits_per_second: bitsPerSecond,
    ...(protocol === "tcp" && retransmits >= 0 && { retransmits }),
    ...(protocol === "tcp" && congestionWindow >= 0 && sends && { snd_cwnd: congestionWindow }),
    ...(protocol === "udp" && udp),
    sender: sends,
  };
}

function cpuOf(whose: "host" | "remote", { total, user, system }: CpuUse): object {
  return { [`${whose}_total`]: total, [`${whose}_user`]: user, [`${whose}_system`]: system };
}

function congestions(local: readonly StreamReport[], ours: string, theirs: string): object {
  const [sender, receiver] = local.some(({ sends }) => sends) ? [ours, theirs] : [theirs, ours];
  return {
    ...(sender !== "" && { sender_tcp_congestion: sender }),
    ...(receiver !== "" && { receiver_tcp_congestion: receiver }),
  };
}
