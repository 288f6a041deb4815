/**
 * A sequence diagram in text: what two hosts sent each other, as textbooks draw it. One line a packet, in the order of
 * sending; each side shows its own time (ms) and, where it changes, the state of the connection.
 *
 *     0.000 SYN-SENT     ├─ SYN seq 0 win 64240 mss 1460 ───────────▶│ SYN-RECEIVED     20.000
 *    40.000 ESTABLISHED  │◀─────── SYN ACK seq 0 ack 1 win 65535 ────┤                  20.000
 *    40.000              ├─ ACK 1:1449 ack 1 ─────────✗ loss         │
 */
import { optionList } from "./print.ts";
import type { PacketEvent, StateEvent, TraceEvent } from "./recorder.ts";

export interface LadderOptions {
  /** Names of the hosts on the left and on the right. */
  left: string;
  right: string;
  /** Columns, at least 72. Default 100. */
  width?: number;
}

/** "FIN-WAIT-1", "SYN-RECEIVED", and a blank. */
const STATE_WIDTH = 13;
const TIME_WIDTH = 10;
const SIDE_WIDTH = STATE_WIDTH + TIME_WIDTH + 2;

/** States that a user's call leads to: they belong to the segment sent next, the others to the one that arrived. */
const SENDING_STATES: readonly string[] = ["SYN-SENT", "FIN-WAIT-1", "LAST-ACK"];

interface Row {
  leftTime: number | undefined;
  leftState: string;
  rightTime: number | undefined;
  rightState: string;
  readonly packet: PacketEvent | undefined;
  /** What stands between the two sides when it is not a packet. */
  readonly text: string;
}

/** The diagram as lines. Packets of other hosts are left out. */
export function ladder(events: readonly TraceEvent[], options: LadderOptions): string[] {
  const { left, right, width = 100 } = options;
  if (!Number.isInteger(width) || width < 72) {
    throw new RangeError(`width must be a whole number of columns from 72, got ${width}`);
  }
  const rows = makeRows(events, left, right);
  const packets = rows.flatMap((row) => row.packet ?? []);
  const showPorts = new Set(packets.map(connectionKey)).size > 1;
  const span = width - 2 * SIDE_WIDTH - 2;
  const lines = [heading(left, right, packets, span)];
  for (const row of rows) {
    const middle =
      row.packet === undefined
        ? `│${centre(row.text, span)}│`
        : arrow(row.packet, row.packet.from === left, showPorts, span);
    const start = `${time(row.leftTime)} ${row.leftState.padEnd(STATE_WIDTH)}`;
    lines.push(`${start}${middle} ${row.rightState.padEnd(STATE_WIDTH)}${time(row.rightTime)}`.trimEnd());
  }
  return [...lines, ...legend(packets)];
}

/** Rows in the order of sending, states put where they belong. */
function makeRows(events: readonly TraceEvent[], left: string, right: string): Row[] {
  const placed: { order: number; row: Row }[] = [];
  for (const event of events) {
    if (event.kind === "packet") {
      const goesRight = event.from === left && event.to === right;
      if (!goesRight && !(event.from === right && event.to === left)) continue;
      const [leftTime, rightTime] = goesRight
        ? [event.sentAt, event.arrivedAt]
        : [event.arrivedAt, event.sentAt];
      placed.push({
        order: event.order,
        row: { leftTime, leftState: "", rightTime, rightState: "", packet: event, text: "" },
      });
    } else if (event.kind === "gap") {
      const text = `⋮ ${event.omitted} more`;
      placed.push({ order: event.order, row: { ...EMPTY_ROW, text } });
    }
  }
  const packetRows = placed.flatMap(({ row }) => (row.packet === undefined ? [] : [row]));
  for (const event of events) {
    if (event.kind !== "state" || (event.host !== left && event.host !== right)) continue;
    const side = event.host === left ? "left" : "right";
    const row = rowOfState(packetRows, event, side) ?? { ...EMPTY_ROW };
    if (row.packet === undefined) {
      row[`${side}Time`] = event.time;
      placed.push({ order: event.order, row });
    }
    row[`${side}State`] = event.to;
  }
  return placed.sort((a, b) => a.order - b.order).map(({ row }) => row);
}

const EMPTY_ROW: Row = {
  leftTime: undefined,
  leftState: "",
  rightTime: undefined,
  rightState: "",
  packet: undefined,
  text: "",
};

/** The packet that a change of state came with, if there is one whose side is still free. */
function rowOfState(rows: readonly Row[], event: StateEvent, side: "left" | "right"): Row | undefined {
  const free = rows.filter((row) => row[`${side}State`] === "" && isOfConnection(row.packet!, event));
  const sent = free.find(
    ({ packet }) =>
      packet!.from === event.host && packet!.sentAt === event.time && packet!.order > event.order,
  );
  const arrived = free.findLast(
    ({ packet }) =>
      packet!.to === event.host && packet!.arrivedAt === event.time && packet!.arrivedOrder < event.order,
  );
  return SENDING_STATES.includes(event.to) ? (sent ?? arrived) : (arrived ?? sent);
}

function isOfConnection(event: PacketEvent, state: StateEvent): boolean {
  const { packet } = event;
  if (packet.protocol !== "tcp") return false;
  const isOwn = event.from === state.host;
  const local = isOwn ? packet.tcp.sourcePort : packet.tcp.destinationPort;
  const remote = isOwn ? packet.tcp.destinationPort : packet.tcp.sourcePort;
  return local === state.localPort && remote === state.remotePort;
}

function connectionKey({ packet }: PacketEvent): string {
  if (packet.protocol === "icmp" || packet.protocol === "other") return packet.protocol;
  const { sourcePort, destinationPort } = packet.protocol === "tcp" ? packet.tcp : packet.udp;
  const ports = [sourcePort, destinationPort].sort((a, b) => a - b);
  return `${packet.protocol} ${ports.join(" ")}`;
}

/** One packet's line: `├─ label ────▶│`, or `│◀──── label ─┤`, or one that ends in ✗. */
function arrow(event: PacketEvent, goesRight: boolean, showPorts: boolean, span: number): string {
  const fate = event.dropped === undefined ? "" : `✗ ${event.dropped}`;
  const room = span - 5 - fate.length;
  const text = label(event, showPorts, room);
  const line = "─".repeat(Math.max(1, span - 4 - text.length - fate.length));
  if (goesRight) {
    return fate === "" ? `├─ ${text} ${line}▶│` : `├─ ${text} ${line}${fate} │`;
  }
  return fate === "" ? `│◀${line} ${text} ─┤` : `│ ${event.dropped} ✗${line} ${text} ─┤`;
}

/** What stands on the arrow; the less important parts only where there is room for them. */
function label(event: PacketEvent, showPorts: boolean, room: number): string {
  const parts = labelParts(event, showPorts);
  let text = parts[0] ?? "";
  for (const part of parts.slice(1)) {
    if (text.length + 1 + part.length > room) break;
    text += ` ${part}`;
  }
  return text.length > room ? `${text.slice(0, Math.max(0, room - 1))}…` : text;
}

function labelParts(event: PacketEvent, showPorts: boolean): string[] {
  const { packet, segment } = event;
  const marks = `${segment?.isRetransmission ? "↻ " : ""}${event.isCopy ? "² " : ""}${event.corrupted ? "≠ " : ""}`;
  if (packet.protocol === "icmp") return [`${marks}ICMP ${packet.icmp.name}`];
  if (packet.protocol === "other") {
    if (packet.fragmentOffset > 0) return [`${marks}fragment at ${packet.fragmentOffset}`];
    return [`${marks}protocol ${packet.protocolNumber}`];
  }
  if (packet.protocol === "udp") {
    const { sourcePort, destinationPort, length } = packet.udp;
    return [`${marks}UDP ${sourcePort} > ${destinationPort} ${length - 8} bytes`];
  }
  const { tcp } = packet;
  const ports = showPorts ? `${tcp.sourcePort} > ${tcp.destinationPort} ` : "";
  const names = (["SYN", "FIN", "RST", "PSH", "URG", "ACK"] as const).filter((name) =>
    tcp.flags.includes(name),
  );
  const seq = segment!.seq;
  const isNumbered = names.includes("SYN") || names.includes("FIN") || names.includes("RST");
  const sequence = tcp.length > 0 ? ` ${seq}:${seq + tcp.length}` : isNumbered ? ` seq ${seq}` : "";
  const acknowledgement = names.includes("ACK") ? ` ack ${segment!.ack}` : "";
  const parts = [`${marks}${ports}${names.join(" ")}${sequence}${acknowledgement}`];
  const sack = tcp.options.filter((option) => option.kind === "sack");
  if (sack.length > 0) parts.push(optionList(sack, segment!.relativeAck));
  parts.push(`win ${tcp.window}`);
  if (!names.includes("SYN")) return parts;
  const offered = tcp.options.filter((option) => option.kind !== "nop" && option.kind !== "timestamps");
  return [...parts, ...offered.map((option) => optionList([option], segment!.relativeAck))];
}

function heading(left: string, right: string, packets: readonly PacketEvent[], span: number): string {
  const address = (host: string) => {
    const sent = packets.find((event) => event.from === host);
    const received = packets.find((event) => event.to === host);
    return sent?.packet.source ?? received?.packet.destination ?? "";
  };
  const leftName = `${left} ${address(left)}`.trim();
  const rightName = `${right} ${address(right)}`.trim();
  const gap = Math.max(2, span + 2 + 2 * STATE_WIDTH + 1 - leftName.length - rightName.length);
  return `${"ms".padStart(TIME_WIDTH)} ${leftName}${" ".repeat(gap)}${rightName}${"ms".padStart(TIME_WIDTH)}`;
}

function legend(packets: readonly PacketEvent[]): string[] {
  const marks: string[] = [];
  if (packets.some((event) => event.segment?.isRetransmission)) marks.push("↻ sent again");
  if (packets.some((event) => event.isCopy)) marks.push("² copied by the wire");
  if (packets.some((event) => event.corrupted)) marks.push("≠ altered by the wire");
  if (packets.some((event) => event.dropped !== undefined)) marks.push("✗ dropped by the wire");
  return marks.length === 0 ? [] : [`${" ".repeat(TIME_WIDTH + 1)}${marks.join("   ")}`];
}

function time(micros: number | undefined): string {
  return (micros === undefined ? "" : (micros / 1000).toFixed(3)).padStart(TIME_WIDTH);
}

function centre(text: string, width: number): string {
  const before = Math.max(0, Math.floor((width - text.length) / 2));
  return `${" ".repeat(before)}${text}`.padEnd(width);
}
