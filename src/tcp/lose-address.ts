import { ENETRESET } from "../base/errno.ts";
import { enterClosed, failConnection, removeEmbryonic } from "./end.ts";
import { LISTEN, SYN_RECEIVED, TIME_WAIT } from "./state.ts";
import type { Tcp } from "./tcp.ts";

/** `address` is this host's no more: what was connected from it ends, without a word on the wire, with ENETRESET. */
export function loseAddress(tcp: Tcp, address: number): void {
  for (const tcb of [...tcp.connections()]) {
    if (tcb.localAddress !== address || tcb.state === LISTEN) continue;
    if (tcb.passive && tcb.state === SYN_RECEIVED) removeEmbryonic(tcb);
    else if (tcb.state === TIME_WAIT) enterClosed(tcb);
    else failConnection(tcb, ENETRESET); // POSIX: "connection aborted by network"
  }
}
