/** The states of RFC 9293 §3.3.2, numbered as Linux's TCP_INFO numbers them. */
export const ESTABLISHED = 1;
export const SYN_SENT = 2;
export const SYN_RECEIVED = 3;
export const FIN_WAIT_1 = 4;
export const FIN_WAIT_2 = 5;
export const TIME_WAIT = 6;
export const CLOSED = 7;
export const CLOSE_WAIT = 8;
export const LAST_ACK = 9;
export const LISTEN = 10;
export const CLOSING = 11;

const NAMES = [
  "",
  "ESTABLISHED",
  "SYN-SENT",
  "SYN-RECEIVED",
  "FIN-WAIT-1",
  "FIN-WAIT-2",
  "TIME-WAIT",
  "CLOSED",
  "CLOSE-WAIT",
  "LAST-ACK",
  "LISTEN",
  "CLOSING",
];

export function stateName(state: number): string {
  return NAMES[state] as string;
}

function bits(...states: number[]): number {
  return states.reduce((mask, state) => mask | (1 << state), 0);
}

/** States in which the user may still queue data. */
export const CAN_SEND = bits(ESTABLISHED, CLOSE_WAIT);
/** States in which data and FIN that the user has queued are (re)transmitted. */
export const TRANSMITS = bits(ESTABLISHED, FIN_WAIT_1, CLOSE_WAIT, CLOSING, LAST_ACK);
/** States in which the peer has not closed its side yet, so text is accepted. */
export const CAN_RECEIVE = bits(ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2);
/** RFC 9293 §3.3.2: the synchronized states. */
export const SYNCHRONIZED = bits(
  ESTABLISHED,
  FIN_WAIT_1,
  FIN_WAIT_2,
  CLOSE_WAIT,
  CLOSING,
  LAST_ACK,
  TIME_WAIT,
);

export function isOneOf(state: number, mask: number): boolean {
  return ((1 << state) & mask) !== 0;
}
