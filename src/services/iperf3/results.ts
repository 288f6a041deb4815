/** What the two ends tell each other in the end. */
import { Iperf3Error } from "./control.ts";
import { rateOf, type StreamReport } from "./measurement.ts";
import { Fields } from "./settings.ts";

/** How much of a processor this end has taken, percent. */
export interface CpuUse {
  readonly total: number;
  readonly user: number;
  readonly system: number;
}

/** Nobody knows. */
export const NO_CPU: CpuUse = { total: 0, user: 0, system: 0 };

/** One end's view. */
export interface EndResults {
  readonly cpu: CpuUse;
  readonly streams: readonly StreamReport[];
  /** TCP_CONGESTION of the streams; "" where it is not known. */
  readonly congestion: string;
  /** What the server printed, where it was asked for. */
  readonly output: string | undefined;
}

const MOST = Number.MAX_SAFE_INTEGER;

/** The results of this end. `output`: for a client that asked for it. */
export function resultsToJson({ cpu, streams, congestion, output }: EndResults): object {
  const resends = streams.some(({ sends, retransmits }) => sends && retransmits >= 0);
  return {
    cpu_util_total: cpu.total,
    cpu_util_user: cpu.user,
    cpu_util_system: cpu.system,
    sender_has_retransmits: resends ? 1 : streams.some(({ sends }) => sends) ? 0 : -1,
    ...(congestion !== "" && { congestion_used: congestion }),
    ...(output !== undefined && { server_output_text: output }),
    streams: streams.map((stream) => ({
      id: stream.id,
      bytes: stream.bytes,
      retransmits: stream.retransmits,
      jitter: stream.jitterMillis / 1000,
      errors: stream.lost,
      omitted_errors: 0,
      packets: stream.packets,
      omitted_packets: 0,
      start_time: stream.start,
      end_time: stream.end,
    })),
  };
}

/** The results of the other end, for `ours`: the same streams in the same order, seen from there. Iperf3Error. */
export function parseResults(json: unknown, ours: readonly StreamReport[]): EndResults {
  if (typeof json !== "object" || json === null) throw new Iperf3Error("the results are no object");
  const { streams: list } = json as { streams?: unknown };
  if (!Array.isArray(list)) throw new Iperf3Error("the results have no streams");
  const fields = new Fields(json as Record<string, unknown>);
  const cpu = {
    total: fields.number("cpu_util_total", 0, 0, MOST),
    user: fields.number("cpu_util_user", 0, 0, MOST),
    system: fields.number("cpu_util_system", 0, 0, MOST),
  };
  const output = fields.text("server_output_text");
  const streams = ours.map(({ id, sends }) => {
    const found: unknown = list.find((each) => (each as { id?: unknown } | null)?.id === id);
    if (typeof found !== "object" || found === null)
      throw new Iperf3Error(`the results have no stream ${id}`);
    return streamOf(new Fields(found as Record<string, unknown>), id, !sends);
  });
  const congestion = fields.text("congestion_used");
  return { cpu, streams, congestion, output: output === "" ? undefined : output };
}

function streamOf(fields: Fields, id: number, sends: boolean): StreamReport {
  const bytes = fields.number("bytes", 0, 0, MOST);
  const start = fields.number("start_time", 0, 0, MOST);
  const end = fields.number("end_time", start, start, MOST);
  const report: StreamReport = {
    id,
    sends,
    start,
    end,
    bytes,
    bitsPerSecond: rateOf(bytes, end - start),
    // what a client does not count it calls -1, in 64 bits without a sign
    retransmits: known(fields.number("retransmits", -1, -1, 2 ** 64)),
    congestionWindow: -1,
    packets: fields.number("packets", 0, 0, MOST),
    lost: fields.number("errors", 0, -MOST, MOST),
    outOfOrder: 0,
    jitterMillis: fields.number("jitter", 0, 0, MOST) * 1000,
  };
  if (fields.fault !== undefined) throw new Iperf3Error(`the results make no sense: ${fields.fault}`);
  return report;
}

function known(count: number): number {
  return count > MOST ? -1 : count;
}
