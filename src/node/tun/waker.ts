/** Who says that packets wait to be read: what is common to the two that do. */

export interface WakerEvents {
  /**
   * Packets wait. The first of them stands already where `memory` has said, `length` bytes of it, if this waker has read it; else
   * `length` is 0.
   */
  woken(length: number): void;
  /** The descriptor is of no use any more. Nothing comes after this. */
  failed(error: unknown): void;
}

/** Watches a descriptor until it is closed; owns it. */
export interface Waker {
  /** Whether it keeps the process alive; at first it does. */
  keepProcess(keeps: boolean): void;
  /** Closes the descriptor at once; no event comes afterwards. */
  close(): void;
}

/** Where the next packet is to be read to. A waker that reads asks at first and after each wake, one that does not never. */
export type Memory = () => Uint8Array;

/** Watches `file`. Throws where that is not possible, leaving `file` open. */
export type MakeWaker = (file: number, memory: Memory, events: WakerEvents) => Waker;
