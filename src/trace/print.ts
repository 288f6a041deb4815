/**
 * Packets as lines, in tcpdump's words:
 *
 *   00:00:00.040000 IP 10.0.0.1.49152 > 10.0.0.2.80: Flags [P.], seq 1:1449, ack 1, win 502, length 1448
 */
import { dissect, type IcmpPacket, type ParsedPacket, type TcpPacket } from "./dissect.ts";
import type { TcpOption } from "./dissect-tcp.ts";
import { Flows } from "./flows.ts";
import { type CaptureFile, readPcapng } from "./pcapng.ts";

/** Prints packets one after the other; it remembers where each connection began, for relative sequence numbers. */
export class Printer {
  private readonly flows = new Flows();

  /** The line for a packet that begins with its IPv4 header, at `time` (microseconds since midnight, UTC). */
  line(time: number, bytes: Uint8Array): string {
    const packet = dissect(bytes);
    return `${clockTime(time)} IP ${this.describe(packet)}`;
  }

  private describe(packet: ParsedPacket): string {
    const length = packet.length - (packet.bytes.length > 0 ? ((packet.bytes[0] ?? 0) & 15) * 4 : 0);
    if (packet.fragmentOffset > 0) {
      return `${packet.source} > ${packet.destination}: ip-proto-${packet.protocolNumber} fragment at ${packet.fragmentOffset}, length ${length}`;
    }
    switch (packet.protocol) {
      case "tcp":
        return `${ends(packet, packet.tcp)}: ${this.segment(packet)}`;
      case "udp":
        return `${ends(packet, packet.udp)}: UDP, length ${packet.udp.length - 8}`;
      case "icmp":
        return `${packet.source} > ${packet.destination}: ICMP ${icmp(packet)}, length ${length}`;
      case "other":
        if (packet.fault !== undefined) return `[${packet.fault}] length ${packet.bytes.length}`;
        return `${packet.source} > ${packet.destination}: ip-proto-${packet.protocolNumber} ${length}`;
    }
  }

  private segment(packet: TcpPacket): string {
    const { tcp } = packet;
    const view = this.flows.see(packet);
    const isSyn = tcp.flags.includes("S");
    // as tcpdump: absolute numbers in a SYN and without ACK, relative ones later; none when there is nothing to number
    const seq = isSyn || !tcp.flags.includes("A") ? tcp.seq : view.seq;
    const parts = [`Flags [${tcp.flags}]`];
    if (tcp.length > 0) parts.push(`seq ${seq}:${seq + tcp.length}`);
    else if (isSyn || tcp.flags.includes("F") || tcp.flags.includes("R")) parts.push(`seq ${seq}`);
    if (tcp.flags.includes("A")) parts.push(`ack ${isSyn ? tcp.ack : view.ack}`);
    parts.push(`win ${tcp.window}`);
    if (tcp.flags.includes("U")) parts.push(`urg ${tcp.urgentPointer}`);
    if (tcp.options.length > 0) parts.push(`options [${optionList(tcp.options, view.relativeAck)}]`);
    parts.push(`length ${tcp.length}`);
    return parts.join(", ");
  }
}

/** A capture, or the bytes of a pcapng file, as lines. */
export function printCapture(capture: CaptureFile | Uint8Array): string[] {
  const file = capture instanceof Uint8Array ? readPcapng(capture) : capture;
  const printer = new Printer();
  return file.packets.map((packet) => printer.line(packet.time, packet.bytes));
}

/** TCP options as tcpdump lists them; SACK edges go through `relative`. */
export function optionList(options: readonly TcpOption[], relative: (edge: number) => number): string {
  return options.map((option) => optionText(option, relative)).join(",");
}

function optionText(option: TcpOption, relative: (edge: number) => number): string {
  switch (option.kind) {
    case "mss":
    case "wscale":
      return `${option.kind} ${option.value}`;
    case "timestamps":
      return `TS val ${option.value} ecr ${option.echo}`;
    case "sack": {
      const blocks = option.blocks.map(([left, right]) => `{${relative(left)}:${relative(right)}}`);
      return `sack ${option.blocks.length} ${blocks.join("")}`;
    }
    case "unknown": {
      const hex = [...option.data].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      return `unknown-${option.number}${hex === "" ? "" : ` 0x${hex}`}`;
    }
    default:
      return option.kind;
  }
}

function ends(packet: ParsedPacket, ports: { sourcePort: number; destinationPort: number }): string {
  return `${packet.source}.${ports.sourcePort} > ${packet.destination}.${ports.destinationPort}`;
}

function icmp(packet: IcmpPacket): string {
  const { icmp: message } = packet;
  if (message.identifier !== undefined)
    return `${message.name}, id ${message.identifier}, seq ${message.sequence}`;
  if (message.type !== 3) return message.name;
  const quoted = dissect(packet.payload);
  const { destination } = quoted;
  if (message.code === 0) return `net ${destination} unreachable`;
  if (message.code === 1) return `host ${destination} unreachable`;
  if (message.code === 2) return `${destination} protocol ${quoted.protocolNumber} unreachable`;
  if (message.code === 4) return `${destination} unreachable - need to frag (mtu ${message.mtu})`;
  const name = { 6: "tcp", 17: "udp" }[quoted.protocolNumber];
  if (message.code === 3 && name !== undefined && packet.payload.length >= 28) {
    const at = (packet.payload[0]! & 15) * 4;
    const port = (packet.payload[at + 2]! << 8) | packet.payload[at + 3]!;
    return `${destination} ${name} port ${port} unreachable`;
  }
  return `${destination} ${message.name}`;
}

/** HH:MM:SS.micros of a day that begins at 0. */
function clockTime(time: number): string {
  const seconds = Math.floor(time / 1e6);
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = two(Math.floor(seconds / 3600) % 24);
  return `${hours}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${String(time % 1e6).padStart(6, "0")}`;
}
