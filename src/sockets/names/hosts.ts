/** What /etc/hosts is: names for addresses. */
import { formatAddress, parseAddress, tryParseAddress } from "../../ip/address.ts";
import { checkName } from "./entry.ts";

/** A host as a lookup finds it: `struct hostent`. */
export interface HostEntry {
  /** The canonical name. */
  readonly name: string;
  readonly aliases: readonly string[];
  /** Int32s, at least one. */
  readonly addresses: readonly number[];
}

/** One line of the table. */
interface Line {
  readonly address: number;
  readonly name: string;
  readonly aliases: readonly string[];
}

/** One line of the table as a user sees it. */
export interface HostLine {
  /** Dotted quad. */
  readonly address: string;
  readonly names: readonly string[];
}

/** A host's own table of names, asked before anybody else. At first it has 127.0.0.1, localhost. */
export class HostTable implements Iterable<HostLine> {
  private lines: Line[] = [];

  constructor() {
    this.add("127.0.0.1", "localhost");
  }

  /**
   * Adds a line at the end: an IPv4 address, its canonical name, aliases. A name on several lines has several addresses.
   * RangeError for what is no address, TypeError for what is no name.
   */
  add(address: string, name: string, ...aliases: string[]): void {
    const number = parseAddress(address);
    for (const text of [name, ...aliases]) checkName("hosts.add", "a name", text);
    this.lines.push({ address: number, name, aliases });
  }

  /** Removes the lines with this address, or with this name. How many there were. */
  remove(what: string): number {
    const address = tryParseAddress(what);
    const before = this.lines.length;
    this.lines = this.lines.filter((line) =>
      address === undefined ? !hasName(line, what) : line.address !== address,
    );
    return before - this.lines.length;
  }

  /**
   * All lines with the name as one, as glibc puts them together: the first gives the canonical name, those of the others
   * become aliases.
   */
  byName(name: string): HostEntry | undefined {
    const [first, ...others] = this.lines.filter((line) => hasName(line, name));
    if (first === undefined) return undefined;
    const aliases = [...first.aliases];
    for (const line of others) {
      aliases.push(...line.aliases);
      if (line.name !== first.name) aliases.push(line.name);
    }
    return { name: first.name, aliases, addresses: [first, ...others].map(({ address }) => address) };
  }

  /** The first line with the address. */
  byAddress(address: number): HostEntry | undefined {
    const line = this.lines.find((each) => each.address === address);
    return line === undefined
      ? undefined
      : { name: line.name, aliases: line.aliases, addresses: [line.address] };
  }

  *[Symbol.iterator](): Iterator<HostLine> {
    for (const { address, name, aliases } of this.lines) {
      yield { address: formatAddress(address), names: [name, ...aliases] };
    }
  }
}

/** RFC 4343 §2: names know no case. */
function hasName(line: Line, wanted: string): boolean {
  const folded = wanted.toLowerCase();
  return [line.name, ...line.aliases].some((name) => name.toLowerCase() === folded);
}
