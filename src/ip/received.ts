/** What a user of UDP or of IP hears about a datagram beside its bytes. */
import type { Packet } from "../packet/packet.ts";
import type { QueuedError } from "./error-queue.ts";

/** Filled in by `receive`; one such object serves a socket. */
export class ReceivedInfo {
  /** Where it came from; of an error, whom the datagram was for. Int32. */
  address = 0;
  /** The address of ours, the broadcast or the group that it was sent to (RFC 1122 §4.1.3.5, MUST). */
  destination = 0;
  interfaceIndex = -1;
  timeToLive = 0;
  trafficClass = 0;
  /** When it arrived, microseconds of the clock. */
  arrivedMicros = 0;
  /** Length of what could be read, bytes, however much was asked for. */
  fullLength = 0;
  /** Whether that was more than there was room for: the rest is lost. */
  truncated = false;
  /** With MSG_ERRQUEUE: the error. Otherwise undefined. */
  error: QueuedError | undefined = undefined;

  /** Tells of `packet`, framing what can be read, of which `copied` bytes were. */
  tellOfPacket(packet: Packet, copied: number): void {
    this.address = packet.source;
    this.destination = packet.destination;
    this.interfaceIndex = packet.interfaceIndex;
    this.timeToLive = packet.timeToLive;
    this.trafficClass = packet.trafficClass;
    this.arrivedMicros = packet.arrivedMicros;
    this.fullLength = packet.length;
    this.truncated = copied < packet.length;
    this.error = undefined;
  }

  /** Tells of `error`, of whose quotation `copied` bytes were read. */
  tellOfError(error: QueuedError, copied: number): void {
    this.address = error.address;
    this.destination = error.destination;
    this.interfaceIndex = error.interfaceIndex;
    this.timeToLive = error.timeToLive;
    this.trafficClass = error.trafficClass;
    this.arrivedMicros = error.arrivedMicros;
    this.fullLength = error.payload.length;
    this.truncated = copied < error.payload.length;
    this.error = error;
  }
}
