import type { Packet } from "../packet/packet.ts";
import type { LinkFeatures } from "./link.ts";

/** Who takes the frames that a port receives. Takes ownership. */
export interface FrameReceiver {
  input(frame: Packet): void;
  /** Brings the clock up to date; see `LinkReceiver.wake`. */
  wake?(): void;
}

/**
 * Where Ethernet frames go in and out: a TAP device, a socket that carries frames, a port of a switch. A packet frames a whole
 * frame, from its destination address on, without the check sequence.
 *
 * A port never calls its receiver from inside `send`.
 */
export interface FramePort {
  /** Its station's address, six bytes. */
  readonly hardwareAddress: Uint8Array;
  /** The largest datagram that its frames carry, bytes. Left out: whatever the link above it is told. */
  readonly mtu?: number;
  /** Shorter frames have to be padded to so many bytes. Left out: 60, as on a cable; 0 where there is none, or the device does it. */
  readonly shortestFrame?: number;
  /** What it takes off the stack's hands. Left out: nothing. */
  readonly features?: LinkFeatures;
  /** What it has counted: numbers by name. Left out: nothing. */
  readonly counters?: object;
  /** Takes ownership. */
  send(frame: Packet): void;
  /** Sets who gets what comes in; before that, and after `undefined`, incoming frames are released. */
  attach(receiver: FrameReceiver | undefined): void;
  /** Releases everything it holds; nothing is received afterwards. */
  close(): void;
}
