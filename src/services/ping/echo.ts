/** The data of echo requests: a pattern, so that what comes back can be compared with what was sent. */

/** Of an ICMP echo message (RFC 792): type, code, checksum, identifier, sequence number. */
export const ECHO_HEADER_LENGTH = 8;
const ECHO_REQUEST = 8;
const AT_SEQUENCE = 6;

/** A byte that came back other than it was sent. */
export interface Damage {
  /** Its place in the data, from 0. */
  readonly at: number;
  readonly expected: number;
  readonly got: number;
}

/** An echo request of `size` bytes of data, in which `pattern` is repeated; empty: each byte is its place, as ping has it. */
export function echoRequest(size: number, pattern: Uint8Array): Uint8Array {
  const message = new Uint8Array(ECHO_HEADER_LENGTH + size);
  message[0] = ECHO_REQUEST; // identifier and checksum are the ping socket's to fill in
  for (let at = 0; at < size; at++) {
    message[ECHO_HEADER_LENGTH + at] = pattern.length === 0 ? at & 0xff : pattern[at % pattern.length]!;
  }
  return message;
}

export function setSequence(message: Uint8Array, sequence: number): void {
  message[AT_SEQUENCE] = sequence >>> 8;
  message[AT_SEQUENCE + 1] = sequence & 0xff;
}

/** The sequence number of an echo message, or of the beginning of one; undefined when that is too short to have it. */
export function sequenceOf(message: Uint8Array, length: number): number | undefined {
  return length < ECHO_HEADER_LENGTH ? undefined : (message[AT_SEQUENCE]! << 8) | message[AT_SEQUENCE + 1]!;
}

/** The first byte of the data in which `reply` and `request` differ. */
export function findDamage(request: Uint8Array, reply: Uint8Array, length: number): Damage | undefined {
  for (let index = ECHO_HEADER_LENGTH; index < length; index++) {
    const [expected, got] = [request[index]!, reply[index]!];
    if (expected !== got) return { at: index - ECHO_HEADER_LENGTH, expected, got };
  }
  return undefined;
}
