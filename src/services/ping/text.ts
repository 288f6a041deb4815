/** What ping tells, in the words of iputils' ping. */
import { EMSGSIZE } from "../../base/errno.ts";
import { strerror } from "../../sockets/error.ts";
import type { PingError, PingEvent, PingReply } from "./ping.ts";
import type { PingStatistics } from "./statistics.ts";

const IP_AND_ICMP = 28;

/** "PING b (10.0.0.2) 56(84) bytes of data." */
export function pingHeading(destination: string, address: string, size: number): string {
  return `PING ${destination} (${address}) ${size}(${size + IP_AND_ICMP}) bytes of data.`;
}

/** One line for one event. `name`: who sent it, with a name where it has one, "b (10.0.0.2)". */
export function pingLine(event: PingEvent, name: string): string {
  return event.kind === "reply" ? replyLine(event, name) : errorLine(event, name);
}

function replyLine(
  { length, sequence, timeToLive, millis, duplicate, truncated, damage }: PingReply,
  name: string,
) {
  const marks = `${duplicate ? " (DUP!)" : ""}${truncated ? " (truncated)" : ""}`;
  const wrong =
    damage === undefined
      ? ""
      : `\nwrong data byte #${damage.at} should be 0x${hex(damage.expected)} but was 0x${hex(damage.got)}`;
  return `${length} bytes from ${name}: icmp_seq=${sequence} ttl=${timeToLive} time=${shortTime(millis)} ms${marks}${wrong}`;
}

function errorLine(error: PingError, name: string): string {
  const { sequence, errno, from, mtu } = error;
  if (from === undefined) {
    return errno === EMSGSIZE && mtu > 0
      ? `ping: local error: message too long, mtu=${mtu}`
      : `ping: ${sequence === undefined ? "local error" : "sendmsg"}: ${strerror(errno)}`;
  }
  const which = sequence === undefined ? "" : ` icmp_seq=${sequence}`;
  return `From ${name}${which} ${icmpText(error)}`;
}

/** What an ICMP message says (RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1). */
function icmpText({ type, code, mtu }: PingError): string {
  switch (type) {
    case 3:
      if (code === 4) return `Frag needed and DF set (mtu = ${mtu})`;
      return UNREACHABLE[code] ?? `Dest Unreachable, Bad Code: ${code}`;
    case 11:
      if (code > 1) return `Time exceeded, Bad Code: ${code}`;
      return code === 0 ? "Time to live exceeded" : "Frag reassembly time exceeded";
    case 4:
      return "Source Quench";
    case 12:
      return "Parameter problem";
    default:
      return `Bad ICMP type: ${type}`;
  }
}

const UNREACHABLE: readonly (string | undefined)[] = [
  "Destination Net Unreachable",
  "Destination Host Unreachable",
  "Destination Protocol Unreachable",
  "Destination Port Unreachable",
  undefined,
  "Source Route Failed",
  "Destination Net Unknown",
  "Destination Host Unknown",
  "Source Host Isolated",
  "Destination Net Prohibited",
  "Destination Host Prohibited",
  "Destination Net Unreachable for Type of Service",
  "Destination Host Unreachable for Type of Service",
  "Packet filtered",
  "Precedence Violation",
  "Precedence Cutoff",
];

/** The summary, its first line empty. */
export function pingSummary(destination: string, statistics: PingStatistics): string[] {
  const { transmitted, received, duplicates, damaged, errors, millis, roundTrip, pipe } = statistics;
  const parts = [`${transmitted} packets transmitted`, `${received} received`];
  if (duplicates > 0) parts.push(`+${duplicates} duplicates`);
  if (damaged > 0) parts.push(`+${damaged} corrupted`);
  if (errors > 0) parts.push(`+${errors} errors`);
  if (transmitted > 0) {
    const loss = Number((((transmitted - received) * 100) / transmitted).toPrecision(6));
    parts.push(`${loss}% packet loss`, `time ${Math.round(millis)}ms`);
  }
  const times = roundTrip && [roundTrip.min, roundTrip.average, roundTrip.max, roundTrip.deviation];
  const texts = times?.map((time) => time.toFixed(3)).join("/");
  const last =
    texts === undefined ? "" : `rtt min/avg/max/mdev = ${texts} ms${pipe > 1 ? `, pipe ${pipe}` : ""}`;
  return ["", `--- ${destination} ping statistics ---`, parts.join(", "), last];
}

/** What it says of itself while it goes on, as at SIGQUIT: "3/4 packets, 25% loss, min/avg/ewma/max = …". */
export function pingProgress({ transmitted, received, roundTrip }: PingStatistics): string {
  const loss = transmitted === 0 ? 0 : Math.trunc(((transmitted - received) * 100) / transmitted);
  const text = `${received}/${transmitted} packets, ${loss}% loss`;
  if (roundTrip === undefined) return text;
  const times = [roundTrip.min, roundTrip.average, roundTrip.smoothed, roundTrip.max];
  return `${text}, min/avg/ewma/max = ${times.map((time) => time.toFixed(3)).join("/")} ms`;
}

/** Three digits and more, as many as mean something. */
function shortTime(millis: number): string {
  if (millis < 1) return millis.toFixed(3);
  if (millis < 9.995) return millis.toFixed(2);
  return millis.toFixed(millis < 99.95 ? 1 : 0);
}

function hex(byte: number): string {
  return byte.toString(16);
}
