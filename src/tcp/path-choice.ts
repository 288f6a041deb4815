/** The path of a connection, by what its user has chosen: device, gateway or not, foreign source, IP options. */
import type { PathChoice } from "../ip/path.ts";
import { updateSegmentSize } from "./handshake.ts";
import type { Tcb } from "./tcb.ts";

/** Finds the path to `destination` from `source` (0: IP chooses) and makes it the connection's. 0 or a negative errno. */
export function findPath(tcb: Tcb, destination: number, source: number): number {
  const choice = tcb.settings.pathChoice();
  const path = tcb.tcp.paths.path(destination, source, choice);
  if (typeof path === "number") return path;
  tcb.path = path;
  tcb.choice = choice;
  return 0;
}

/** The user may have chosen anew. The connection keeps its path where there is no other. */
export function followChoice(tcb: Tcb): void {
  if (tcb.path === undefined || isSame(tcb.choice, tcb.settings.pathChoice())) return;
  if (findPath(tcb, tcb.remoteAddress, tcb.localAddress) === 0) updateSegmentSize(tcb);
}

function isSame(one: PathChoice, other: PathChoice): boolean {
  return (
    one.interface === other.interface &&
    one.onLink === other.onLink &&
    one.foreignSource === other.foreignSource &&
    one.options === other.options
  );
}
