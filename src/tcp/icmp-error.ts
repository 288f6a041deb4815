/** ICMP errors about our segments: RFC 9293 §3.9.2.2, RFC 5927, RFC 1191. */
import type { IcmpReport } from "../ip/path.ts";
import { failConnection, removeEmbryonic } from "./end.ts";
import { isInFlight, tooBig } from "./path-mtu.ts";
import { LISTEN, SYN_RECEIVED, SYN_SENT, TIME_WAIT } from "./state.ts";
import type { Tcb } from "./tcb.ts";
import type { Tcp } from "./tcp.ts";

const UNREACHABLE = 3;
const FRAGMENTATION_NEEDED = 4;

export function icmpError(tcp: Tcp, report: IcmpReport): void {
  const view = report.packet.slab.view;
  const localPort = view.getUint16(report.offset);
  const remotePort = view.getUint16(report.offset + 2);
  const seq = view.getInt32(report.offset + 4);
  const tcb = tcp.find(report.source, localPort, report.destination, remotePort); // MUST-54
  // RFC 5927 §4.1: only about a segment that is in flight; anybody can quote the four numbers
  if (tcb === undefined || tcb.state === LISTEN || tcb.state === TIME_WAIT || !isInFlight(tcb, seq)) {
    tcp.counters.icmpErrorsIgnored++;
    return;
  }
  if (report.type === UNREACHABLE && report.code === FRAGMENTATION_NEEDED) tooBig(tcb, seq, report);
  else if (tcb.state === SYN_SENT || tcb.state === SYN_RECEIVED) errorInOpen(tcb, report);
  else if (tcb.settings.receiveErrors && !tcb.orphaned) tell(tcb, report.errno);
  else tcb.softError = report.errno; // MUST-56; RFC 5927 §5.2: synchronized connections take hard errors for soft ones
}

/** A user who has asked for errors (IP_RECVERR) is waiting for them: to him soft ones are as good as hard ones. */
function errorInOpen(tcb: Tcb, report: IcmpReport): void {
  const endsOpen = isHard(report) || tcb.tcp.config.softErrorsEndOpen || tcb.settings.receiveErrors;
  if (endsOpen) refuse(tcb, report.errno);
  else tcb.softError = report.errno; // MUST-56
}

/** IP_RECVERR: the next call fails with it; the connection goes on. */
function tell(tcb: Tcb, errno: number): void {
  tcb.error = errno;
  tcb.notify();
}

/** A parameter problem is a soft error to TCP, whatever it is to others (RFC 9293 §3.9.2.2, MUST-56). */
function isHard(report: IcmpReport): boolean {
  return report.hard && report.type === UNREACHABLE;
}

/** A hard error ends an open (RFC 9293 §3.9.2.2, SHLD-26). */
function refuse(tcb: Tcb, errno: number): void {
  if (tcb.passive) removeEmbryonic(tcb);
  else {
    tcb.tcp.counters.failedOpens++;
    failConnection(tcb, errno);
  }
}
