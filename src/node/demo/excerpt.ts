/** The part of a long conversation that is worth a screen: how it began, its first loss and repair, how it ended. */
import type { GapEvent, PacketEvent, TraceEvent } from "../../trace/recorder.ts";

/** Up to so many packets all of them are shown. */
const WHOLE = 48;
const FIRST = 16;
const LAST = 14;
/** Shown before and after a lost packet, and before and after its retransmission. */
const BEFORE = 2;
const AFTER = 2;

/** `events` with the less interesting packets replaced by gaps. A connection's changes of state all stay. */
export function excerpt(all: readonly TraceEvent[]): TraceEvent[] {
  const events = all.filter((event) => !isEndOfListener(event));
  const packets = events.filter((event) => event.kind === "packet");
  const hidden = events.find((event) => event.kind === "gap");
  if (packets.length <= WHOLE && hidden === undefined) return events;
  const wanted = new Set<PacketEvent>([...packets.slice(0, FIRST), ...packets.slice(-LAST)]);
  for (const place of firstRepair(packets)) {
    for (const packet of packets.slice(Math.max(0, place - BEFORE), place + AFTER + 1)) wanted.add(packet);
  }
  return withGaps(events, wanted);
}

/** Where the first lost segment with data stands after the beginning, and where it was sent again. */
function firstRepair(packets: readonly PacketEvent[]): number[] {
  const lost = packets.findIndex(
    ({ dropped, segment }) => dropped !== undefined && segment !== undefined && segment.size > 0,
  );
  const first = packets[lost];
  if (first === undefined) return [];
  const again = packets.findIndex(
    ({ order, from, segment }) =>
      order > first.order &&
      from === first.from &&
      segment?.isRetransmission &&
      segment.seq === first.segment?.seq,
  );
  return again < 0 ? [lost] : [lost, again];
}

/** Runs of packets that are not wanted become one gap each; a run of one is shown after all. */
function withGaps(events: readonly TraceEvent[], wanted: ReadonlySet<PacketEvent>): TraceEvent[] {
  const shown: TraceEvent[] = [];
  let run: (PacketEvent | GapEvent)[] = [];
  const endRun = () => {
    const omitted = run.reduce((sum, event) => sum + (event.kind === "gap" ? event.omitted : 1), 0);
    if (omitted > 1) shown.push({ kind: "gap", order: run[0]!.order, omitted });
    else shown.push(...run);
    run = [];
  };
  for (const event of events) {
    if (event.kind === "state") {
      shown.push(event);
    } else if (event.kind === "packet" && wanted.has(event)) {
      endRun();
      shown.push(event);
    } else {
      run.push(event);
    }
  }
  endRun();
  return shown;
}

/** A listener that closes has no remote port; beside the connection's states its CLOSED would only confuse. */
function isEndOfListener(event: TraceEvent): boolean {
  return event.kind === "state" && event.remotePort === 0 && event.from === "LISTEN";
}
