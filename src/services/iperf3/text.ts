/** Measurements as iperf3 prints them. */
import { type IntervalReport, type StreamReport, sumOf } from "./measurement.ts";
import type { Settings } from "./settings.ts";

const RULE = "- - - - - - - - - - - - - - - - - - - - - - - - -";

/** The heads of the columns. `sends`: whether this end sends. */
export function intervalHeading(settings: Settings, sends: boolean): string {
  const role = settings.bidirectional ? "[Role]" : "";
  return `[ ID]${role} Interval           Transfer     Bitrate${columns(settings, sends, false)}`;
}

/** The lines of a second. `side`: which end this is. */
export function intervalLines(settings: Settings, report: IntervalReport, side: "C" | "S"): string[] {
  const note = report.omitted ? "  (omitted)" : "";
  return withSums(settings, report.streams).map((stream) => streamLine(settings, stream, side, false) + note);
}

/** The last lines: a rule, heads, and each stream as the ends saw it that are known. `side`: which end `local` is. */
export function summaryLines(
  settings: Settings,
  local: readonly StreamReport[],
  side: "C" | "S",
  remote: readonly StreamReport[] = [],
): string[] {
  const line = (stream: StreamReport, sends: boolean) => {
    const text = streamLine(settings, stream, side, true, sends);
    return `${text.padEnd(75)} ${stream.sends ? "sender" : "receiver"}`;
  };
  const hasSender = [...local, ...remote].some(({ sends }) => sends);
  const role = settings.bidirectional ? "[Role]" : "";
  return [
    RULE,
    `[ ID]${role} Interval           Transfer     Bitrate${columns(settings, hasSender, true)}`,
    ...[true, false].flatMap((sends) => {
      const ours = withSums(
        settings,
        local.filter((stream) => stream.sends === sends),
      );
      const theirs = withSums(
        settings,
        remote.filter((stream) => stream.sends !== sends),
      );
      const [first, second] = sends ? [ours, theirs] : [theirs, ours]; // who sends comes first
      const pairs = ours
        .flatMap((_, index) => [first[index], second[index]])
        .filter((each) => each !== undefined);
      return pairs.map((stream) => line(stream, sends));
    }),
  ];
}

/** "1.10 GBytes" */
export function bytesText(bytes: number): string {
  return `${scaled(bytes, 1024)}Bytes`;
}

/** "944 Mbits/sec" */
export function rateText(bitsPerSecond: number): string {
  return `${scaled(bitsPerSecond, 1000)}bits/sec`;
}

function columns({ protocol, bidirectional }: Settings, sends: boolean, isSummary: boolean): string {
  if (protocol === "tcp") return sends || bidirectional ? `         Retr${isSummary ? "" : "  Cwnd"}` : "";
  if (isSummary || bidirectional) return "         Jitter    Lost/Total Datagrams";
  return sends ? "         Total Datagrams" : "         Jitter    Lost/Total Datagrams";
}

/** The streams, and behind those of each direction their sum, where there are several. */
function withSums({ streams: count }: Settings, streams: readonly StreamReport[]): StreamReport[] {
  const all: StreamReport[] = [];
  for (const sends of [true, false]) {
    const ofOne = streams.filter((stream) => stream.sends === sends);
    all.push(...ofOne);
    if (count > 1 && ofOne.length > 0) all.push(sumOf(ofOne));
  }
  return all;
}

function streamLine(
  settings: Settings,
  stream: StreamReport,
  side: "C" | "S",
  isSummary: boolean,
  sends = stream.sends,
): string {
  const { id, start, end, bytes, bitsPerSecond } = stream;
  const name = id === 0 ? "[SUM]" : `[${String(id).padStart(3)}]`;
  const role = settings.bidirectional ? `[${sends ? "TX" : "RX"}-${side}]` : "";
  const time = `${start.toFixed(2).padStart(6)}-${end.toFixed(2).padEnd(6)} sec`;
  const amounts = `${bytesText(bytes)}  ${rateText(bitsPerSecond)}`;
  return `${name}${role} ${time}  ${amounts}${details(settings, stream, isSummary)}`;
}

function details({ protocol }: Settings, stream: StreamReport, isSummary: boolean): string {
  const { sends, retransmits, congestionWindow, packets, lost, jitterMillis } = stream;
  if (protocol === "tcp") {
    if (!sends || retransmits < 0) return "";
    const window = congestionWindow < 0 || isSummary ? "" : `   ${bytesText(congestionWindow)}`;
    return `  ${String(retransmits).padStart(3)}${window}`;
  }
  if (sends && !isSummary) return `  ${packets}`;
  const share = packets > 0 ? Number(((100 * lost) / packets).toPrecision(2)) : 0;
  return `  ${jitterMillis.toFixed(3)} ms  ${lost}/${packets} (${share}%)`;
}

/** Three digits and the prefix of the unit, four places and a space: "1.10 G". */
function scaled(amount: number, base: number): string {
  const prefixes = ["", "K", "M", "G", "T"];
  let value = amount;
  let power = 0;
  while (value >= base * 0.9995 && power < prefixes.length - 1) {
    value /= base;
    power++;
  }
  const digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits).padStart(4)} ${prefixes[power]}`;
}
