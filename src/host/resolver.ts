/** Who knows a name: the host's own table, then those who are asked, then the host itself. */
import { formatAddress, LOOPBACK_ADDRESS, parseAddress } from "../ip/address.ts";
import type { Ipv4 } from "../ip/ipv4.ts";
import { show } from "../sockets/misuse.ts";
import type { HostEntry } from "../sockets/names/hosts.ts";
import { after, type Lookup, type Maybe, Names, type NamesOwner } from "../sockets/names/names.ts";

/** Answers a host's name with its dotted quad, or undefined when it does not know it. */
export type Resolve = (name: string) => string | undefined | Promise<string | undefined>;

/** Answers a dotted quad with the host's name, or undefined when it does not know it. */
export type Reverse = (address: string) => string | undefined | Promise<string | undefined>;

export interface ResolverOptions {
  /** Knows other hosts' names. This host's own name and what is in `host.hosts` need nobody. */
  resolve?: Resolve;
  /** Knows other hosts' addresses. */
  reverse?: Reverse;
}

/** The names of a host, and who answers for those that do not stand in its own table. */
export class HostNames implements Lookup {
  readonly names: Names;
  private readonly ipv4: Ipv4;
  private readonly resolve: Resolve | undefined;
  private readonly reverse: Reverse | undefined;
  /** Asked last. */
  private others: Lookup | undefined = undefined;

  constructor(owner: NamesOwner, ipv4: Ipv4, { resolve, reverse }: ResolverOptions) {
    this.names = new Names(owner, this);
    this.ipv4 = ipv4;
    this.resolve = resolve;
    this.reverse = reverse;
  }

  /** Has `resolver` asked for what nobody here knows; undefined: nobody. */
  use(resolver: Lookup | undefined): void {
    if (resolver !== undefined && typeof resolver?.byName !== "function") {
      throw new TypeError(`useResolver: a resolver has byName and byAddress, ${show(resolver)} has not`);
    }
    this.others = resolver;
  }

  byName(name: string): Maybe<HostEntry | undefined> {
    const listed = this.names.hosts.byName(name);
    if (listed !== undefined || !isHostName(name)) return listed;
    return after(this.resolve?.(name), (answer) => {
      if (answer !== undefined) return { name, aliases: [], addresses: [parseAddress(answer)] };
      const own = this.names.gethostname();
      // RFC 4343 §2: names know no case
      if (name.toLowerCase() !== own.toLowerCase()) return this.others?.byName(name);
      return { name: own, aliases: [], addresses: [this.ipv4.interfaces[1]?.address || LOOPBACK_ADDRESS] };
    });
  }

  byAddress(address: number): Maybe<HostEntry | undefined> {
    const listed = this.names.hosts.byAddress(address);
    if (listed !== undefined) return listed;
    return after(this.reverse?.(formatAddress(address)), (answer) => {
      const isOwn = this.ipv4.interfaces.some((each) => each.address === address);
      const name = answer ?? (isOwn ? this.names.gethostname() : undefined);
      return name === undefined
        ? this.others?.byAddress(address)
        : { name, aliases: [], addresses: [address] };
    });
  }
}

/** What may be asked of others: RFC 1123 §2.1, with the underscores that some hosts have. */
function isHostName(name: string): boolean {
  return /^[A-Za-z0-9_.-]+$/.test(name) && !/^[\d.]+$/.test(name);
}
