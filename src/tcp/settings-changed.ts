import { updateSegmentSize } from "./handshake.ts";
import { armKeepAlive } from "./keepalive.ts";
import { output } from "./output.ts";
import { followChoice } from "./path-choice.ts";
import { isOneOf, SYNCHRONIZED } from "./state.ts";
import type { Tcb } from "./tcb.ts";

/** To be called after `tcb.settings` was changed: what the change lets go leaves, timers follow. */
export function settingsChanged(tcb: Tcb): void {
  const { settings } = tcb;
  if (settings.receiveBufferFixed) tcb.receiveBufferBytes = settings.receiveBufferBytes;
  if (settings.sendBufferFixed) tcb.sendBufferBytes = settings.sendBufferBytes;
  tcb.tcp.ports.changed(tcb);
  followChoice(tcb);
  if (!isOneOf(tcb.state, SYNCHRONIZED)) return;
  updateSegmentSize(tcb);
  armKeepAlive(tcb);
  output(tcb);
}
