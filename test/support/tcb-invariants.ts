import type { Host } from "../../src/index.ts";
import { distance, leq } from "../../src/tcp/sequence.ts";
import { CLOSED, isOneOf, SYNCHRONIZED, TIME_WAIT } from "../../src/tcp/state.ts";
import type { Tcb } from "../../src/tcp/tcb.ts";

/** What must hold of every connection of `host` between any two events. Throws with what is wrong. */
export function checkInvariants(host: Host): void {
  for (const tcb of host.tcp.connections()) {
    if (isOneOf(tcb.state, SYNCHRONIZED)) checkConnection(tcb);
  }
}

function checkConnection(tcb: Tcb): void {
  const { snd, rcv, outOfOrder } = tcb;
  const claim = (holds: boolean, what: string) => {
    if (!holds) throw new Error(`${what} (${tcb.stateName} ${describe(tcb)})`);
  };
  // RFC 9293 §3.3.1: the order of the variables
  claim(leq(snd.una, snd.nxt), "SND.UNA =< SND.NXT");
  claim(leq(snd.nxt, (snd.end + 1) | 0), "nothing is sent that was not queued");
  claim(leq(rcv.read, rcv.nxt), "nothing is read that has not come");
  claim(leq(rcv.nxt, rcv.edge) || rcv.closed, "RCV.NXT =< the offered edge");
  claim(snd.mss > 0, "segments carry something");

  if (tcb.state !== TIME_WAIT) checkScoreboard(tcb, claim);
  let previous = rcv.nxt;
  for (let index = 0; index < outOfOrder.count; index++) {
    claim(distance(outOfOrder.start(index), previous) > 0, "ranges are disjoint and beyond RCV.NXT");
    claim(distance(outOfOrder.end(index), outOfOrder.start(index)) > 0, "ranges are not empty");
    previous = outOfOrder.end(index);
  }
  claim(outOfOrder.count === 0 || leq(previous, rcv.edge), "nothing is kept beyond the offered edge");

  const buffered = distance(previous, rcv.read) - (rcv.closed ? 1 : 0); // a FIN takes no room
  claim(buffered <= tcb.receiveRing.capacity, "the ring holds what has come");
  claim(
    distance(snd.end, snd.una) <= tcb.sendRing.capacity || tcb.state === CLOSED,
    "the ring holds what is queued",
  );
  // What is in flight is watched by a timer, or probed.
  const watched = tcb.retransmissionTimer.armed || tcb.persistTimer.armed;
  claim(tcb.state === TIME_WAIT || snd.nxt === snd.una || watched, "what is in flight has a timer");
}

function checkScoreboard(tcb: Tcb, claim: (holds: boolean, what: string) => void): void {
  const { snd, scoreboard, congestion } = tcb;
  const { pipe, sackedBytes, lostBytes, retransmittedBytes } = scoreboard;
  claim(sackedBytes >= 0 && lostBytes >= 0 && retransmittedBytes >= 0 && pipe >= 0, "no sum is negative");
  claim(sackedBytes + lostBytes <= tcb.flightSize, "what is SACKed or lost is outstanding");
  claim(
    tcb.probing || scoreboard.outstandingBytes === distance(snd.nxt, snd.una),
    "the scoreboard holds the flight",
  );
  claim(congestion === undefined || congestion.cwnd >= 1, "cwnd lets something through");
}

function describe(tcb: Tcb): string {
  const { snd, rcv, scoreboard } = tcb;
  const sent = `una ${distance(snd.una, snd.iss)} nxt ${distance(snd.nxt, snd.iss)} end ${distance(snd.end, snd.iss)} wnd ${snd.wnd}`;
  const came = `read ${distance(rcv.read, rcv.irs)} nxt ${distance(rcv.nxt, rcv.irs)} edge ${distance(rcv.edge, rcv.irs)}`;
  return `${sent}, ${came}, pipe ${scoreboard.pipe}, records ${scoreboard.count}`;
}
