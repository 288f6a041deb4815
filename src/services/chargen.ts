/** The character generator, RFC 864: lines of characters without end. */
import { EAGAIN } from "../base/errno.ts";
import { Random } from "../base/random.ts";
import type { Host } from "../host/host.ts";
import type { StreamCore } from "../sockets/stream.ts";
import { discardInput } from "./discard.ts";
import {
  type Attendant,
  type ServiceKind,
  type SmallService,
  type SmallServiceCounters,
  type SmallServiceOptions,
  startService,
} from "./small-service.ts";

/** Printable ASCII from the space on; a line shows 72 of them, the next line begins one further. */
const FIRST_CHARACTER = 32;
const CHARACTERS = 95;
const LINE = 72;
/** After so many bytes the lines are the same again. */
const CYCLE = CHARACTERS * (LINE + 2);
/** How many cycles go at once. */
const CYCLES = 10;
/** RFC 864: an answering datagram has "a random number (between 0 and 512) of characters". */
const LONGEST_ANSWER = 512;
/** Datagrams answered in a second: one byte of a forged sender must not become a flood for him. */
const ANSWERS_PER_SECOND = 1000;

/**
 * Sends lines of printable characters until the peer has enough: over TCP without end, over UDP 0 to 512 bytes for each
 * datagram, 1000 times a second at most. What comes is thrown away. Default port 19. SocketError: EADDRINUSE,
 * EADDRNOTAVAIL. Why some datagrams are not answered: see small-service.ts.
 */
export function serveChargen(host: Host, options: SmallServiceOptions = {}): SmallService {
  return startService(host, new Chargen(), options);
}

/** `cycles` cycles of lines and one more, so that a whole number of them can be sent from any place of the first. */
function lines(cycles: number): Uint8Array {
  const bytes = new Uint8Array((cycles + 1) * CYCLE);
  for (let at = 0, line = 0; at < bytes.length; line++) {
    for (let column = 0; column < LINE; column++) {
      bytes[at++] = FIRST_CHARACTER + ((line + column) % CHARACTERS);
    }
    bytes[at++] = 13;
    bytes[at++] = 10;
  }
  return bytes;
}

class Chargen implements ServiceKind {
  readonly name = "chargen";
  readonly port = 19;
  private readonly characters = lines(CYCLES);
  private readonly nowhere = new Uint8Array(1 << 20);
  /** Lengths of answers: chance is enough, nobody need be surprised. */
  private readonly random = new Random("chargen");
  private answersLeft = ANSWERS_PER_SECOND;
  private secondBegan = 0;

  attend(connection: StreamCore, counters: SmallServiceCounters): Attendant {
    return new ChargenAttendant(connection, counters, this.characters, this.nowhere);
  }

  answer(buffer: Uint8Array, _length: number, now: number): number {
    if (now - this.secondBegan >= 1e6) {
      this.secondBegan = now;
      this.answersLeft = ANSWERS_PER_SECOND;
    }
    if (this.answersLeft === 0) return -1;
    this.answersLeft--;
    const length = this.random.below(LONGEST_ANSWER + 1);
    buffer.set(this.characters.subarray(0, length));
    return length;
  }
}

class ChargenAttendant implements Attendant {
  private readonly connection: StreamCore;
  private readonly counters: SmallServiceCounters;
  private readonly characters: Uint8Array;
  private readonly nowhere: Uint8Array;
  /** Where in the cycle the next byte stands. */
  private at = 0;

  constructor(
    connection: StreamCore,
    counters: SmallServiceCounters,
    characters: Uint8Array,
    nowhere: Uint8Array,
  ) {
    this.connection = connection;
    this.counters = counters;
    this.characters = characters;
    this.nowhere = nowhere;
  }

  /** A peer that sends no more may still want to read: only a connection that is gone ends this. */
  ready(): number {
    const { characters, connection, counters, nowhere } = this;
    const heard = discardInput(connection, counters, nowhere);
    if (heard < 0 && heard !== -EAGAIN) return heard;
    for (;;) {
      const sent = connection.send(characters, this.at, CYCLES * CYCLE);
      if (sent < 0) return sent;
      this.at = (this.at + sent) % CYCLE;
      counters.sentBytes += sent;
    }
  }
}
