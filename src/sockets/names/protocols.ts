/** What /etc/protocols is: names for the numbers in an IP header's protocol field. */
import { checkRange } from "../misuse.ts";
import { checkName } from "./entry.ts";
import { PROTOCOLS } from "./protocols-list.ts";

/** `struct protoent`. */
export interface Protocol {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly number: number;
}

const INITIAL: readonly Protocol[] = PROTOCOLS.trim()
  .split("\n")
  .map((line) => {
    const [name, number, ...aliases] = line.split(" ") as [string, string, ...string[]];
    return { name, aliases, number: Number(number) };
  });

/** A host's protocols. Names know case; "TCP" is an alias of "tcp". */
export class ProtocolTable implements Iterable<Protocol> {
  private entries = INITIAL;

  /** Adds `name` for `number` (0 to 255) at the end. TypeError, RangeError. */
  add(name: string, number: number, ...aliases: string[]): void {
    for (const text of [name, ...aliases]) checkName("protocols.add", "a name", text);
    checkRange("protocols.add", "number", number, 0, 255);
    this.entries = [...this.entries, { name, aliases, number }];
  }

  byName(name: string): Protocol | undefined {
    return this.entries.find((entry) => entry.name === name || entry.aliases.includes(name));
  }

  byNumber(number: number): Protocol | undefined {
    return this.entries.find((entry) => entry.number === number);
  }

  [Symbol.iterator](): Iterator<Protocol> {
    return this.entries[Symbol.iterator]();
  }
}
