/** Brings a connection into any state of RFC 9293 §3.3.2, and says what the peer has sent and the stack has acknowledged there. */
import { expect } from "vitest";
import { SegmentPeer, type SegmentPeerOptions } from "./segment-peer.ts";

export type ConnectionState =
  | "SYN-SENT"
  | "SYN-RECEIVED"
  | "ESTABLISHED"
  | "FIN-WAIT-1"
  | "FIN-WAIT-2"
  | "CLOSE-WAIT"
  | "CLOSING"
  | "LAST-ACK"
  | "TIME-WAIT";

/** RFC 9293 §3.3.2. */
export const SYNCHRONIZED_STATES: readonly ConnectionState[] = [
  "ESTABLISHED",
  "FIN-WAIT-1",
  "FIN-WAIT-2",
  "CLOSE-WAIT",
  "CLOSING",
  "LAST-ACK",
  "TIME-WAIT",
];

/** The states from which the user has not let go, so that errors reach him. */
export const USER_STATES: readonly ConnectionState[] = [
  "ESTABLISHED",
  "FIN-WAIT-1",
  "FIN-WAIT-2",
  "CLOSE-WAIT",
];

/**
 * A peer whose connection the stack has in `state`, nothing left to take. SYN-SENT and the closing states come from an
 * active OPEN, SYN-RECEIVED from a passive one. The user's half is closed with `shutdown`, so the socket stays his.
 */
export function inState(state: ConnectionState, options: SegmentPeerOptions = {}): SegmentPeer {
  const peer = new SegmentPeer(options);
  if (state === "SYN-SENT") peer.open();
  else if (state === "SYN-RECEIVED") peer.syn();
  else {
    peer.connect();
    closeTo(peer, state);
  }
  peer.expectNothing();
  expect(peer.state).toBe(state);
  return peer;
}

function closeTo(peer: SegmentPeer, state: ConnectionState): void {
  const peerClosesFirst = state === "CLOSE-WAIT" || state === "LAST-ACK";
  if (peerClosesFirst) {
    peer.inject({ flags: "FA" });
    peer.expect("A", { seq: 1, ack: 2 });
  }
  if (state === "ESTABLISHED" || state === "CLOSE-WAIT") return;
  peer.shutdown(1);
  peer.expect("FA", { seq: 1, ack: peerClosesFirst ? 2 : 1 });
  if (state === "FIN-WAIT-2" || state === "TIME-WAIT") peer.inject({ flags: "A", ack: 2 });
  if (state === "CLOSING") peer.inject({ flags: "FA", ack: 1 });
  if (state === "TIME-WAIT") peer.inject({ flags: "FA", ack: 2 });
  if (state === "CLOSING" || state === "TIME-WAIT") peer.expect("A", { seq: 2, ack: 2 });
}
