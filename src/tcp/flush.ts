import { output } from "./output.ts";
import { CLOSED, LISTEN } from "./state.ts";
import type { Tcb } from "./tcb.ts";

/**
 * The end of an event for one connection: first the user hears what is new, so that an answer written at once
 * carries the ACK; then everything that is due leaves. RFC 9293 §3.10.7.4, MUST-58 and MUST-59: this runs after all
 * segments of the instant are in.
 */
export function flush(tcb: Tcb): void {
  tcb.portionSent = 0;
  tcb.deliverEvents();
  if (tcb.state !== CLOSED && tcb.state !== LISTEN) output(tcb);
}
