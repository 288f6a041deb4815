/** What sockets over UDP and over IP itself tell of a message in the same words. */
import { formatAddress } from "../ip/address.ts";
import type { QueuedError } from "../ip/error-queue.ts";
import { MSG_ERRQUEUE, MSG_TRUNC } from "./constants.ts";
import type { ExtendedError, MessageInfo } from "./message.ts";

/** What SO_RCVBUF and SO_SNDBUF may ask for, bytes: Linux's net.core.rmem_max and wmem_max. */
export const MAX_BUFFER_BYTES = 212_992;

/** What an endpoint tells of a datagram that it gave out. */
interface Received {
  readonly address: number;
  readonly fullLength: number;
  readonly truncated: boolean;
  readonly destination: number;
  readonly interfaceIndex: number;
  readonly timeToLive: number;
  readonly trafficClass: number;
  readonly arrivedMicros: number;
  readonly error: QueuedError | undefined;
}

/** Fills in all of `message` but the port. `flags`: those of the call. */
export function tellOf(info: Received, flags: number, message: MessageInfo): void {
  message.address = info.address;
  message.length = info.fullLength;
  message.flags = (info.truncated ? MSG_TRUNC : 0) | (flags & MSG_ERRQUEUE);
  message.destination = info.destination;
  message.interfaceIndex = info.interfaceIndex;
  message.timeToLive = info.timeToLive;
  message.trafficClass = info.trafficClass;
  message.arrivedMicros = info.arrivedMicros;
  message.error = info.error === undefined ? undefined : extendedError(info.error);
}

function extendedError({ errno, origin, type, code, info, offender }: QueuedError): ExtendedError {
  return { errno, origin, type, code, info, offender: formatAddress(offender) };
}
