/** What /etc/services is: names for ports. */
import { checkRange, show } from "../misuse.ts";
import { checkName } from "./entry.ts";
import { SERVICES } from "./services-list.ts";

/** `struct servent`, with the port in host order. */
export interface Service {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly port: number;
  /** "tcp", "udp". */
  readonly protocol: string;
}

const INITIAL: readonly Service[] = SERVICES.trim()
  .split("\n")
  .flatMap((line) => {
    const [name, port, protocols, ...aliases] = line.split(" ") as [string, string, string, ...string[]];
    return protocols.split("/").map((protocol) => ({ name, aliases, port: Number(port), protocol }));
  });

/** A host's services. Names know case, as in glibc; of several entries that match the first one counts. */
export class ServiceTable implements Iterable<Service> {
  private entries = INITIAL;

  /** Adds `name` for `port` (0 to 65535) of `protocol` ("tcp", "udp") at the end. TypeError, RangeError. */
  add(name: string, port: number, protocol: string, ...aliases: string[]): void {
    for (const text of [name, protocol, ...aliases]) checkName("services.add", "a name", text);
    checkRange("services.add", "port", port, 0, 65_535);
    this.entries = [...this.entries, { name, aliases, port, protocol }];
  }

  /** Removes the entries with this name or alias, of one protocol or all. How many there were. */
  remove(name: string, protocol?: string): number {
    return this.keep((entry) => !hasName(entry, name) || !isOf(entry, protocol));
  }

  byName(name: string, protocol?: string): Service | undefined {
    return this.entries.find((entry) => hasName(entry, name) && isOf(entry, protocol));
  }

  byPort(port: number, protocol?: string): Service | undefined {
    return this.entries.find((entry) => entry.port === port && isOf(entry, protocol));
  }

  [Symbol.iterator](): Iterator<Service> {
    return this.entries[Symbol.iterator]();
  }

  private keep(wanted: (entry: Service) => boolean): number {
    const before = this.entries.length;
    this.entries = this.entries.filter(wanted);
    return before - this.entries.length;
  }
}

function hasName(entry: Service, name: string): boolean {
  return entry.name === name || entry.aliases.includes(name);
}

function isOf(entry: Service, protocol: string | undefined): boolean {
  return protocol === undefined || entry.protocol === protocol;
}

/** A port as `getservbyport` takes it. */
export function checkPort(call: string, port: unknown): asserts port is number {
  checkRange(call, "port", port, 0, 65_535);
}

/** "tcp", or nothing for any. */
export function checkProtocolName(call: string, protocol: unknown): asserts protocol is string | undefined {
  if (protocol === undefined || typeof protocol === "string") return;
  throw new TypeError(`${call}: protocol is "tcp", "udp" or left out, not ${show(protocol)}`);
}
