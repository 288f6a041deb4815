/** Names and numbers as Python's `socket` module has them: each call is that of the host's {@link Names}. */
import { formatAddress } from "../ip/address.ts";
import type { HostTable } from "../sockets/names/hosts.ts";
import type { AddressInfo, HostInfo } from "../sockets/names/names.ts";
import type { ProtocolTable } from "../sockets/names/protocols.ts";
import type { ServiceTable } from "../sockets/names/services.ts";
import { SocketModule } from "./socket-module.ts";

export abstract class NamesModule extends SocketModule {
  /** Its own table of names, as /etc/hosts is: `host.hosts.add("10.0.0.9", "printer", "lp")`. */
  get hosts(): HostTable {
    return this.names.hosts;
  }

  /** Names of ports, as /etc/services has them: `host.services.add("quote", 1717, "udp")`. */
  get services(): ServiceTable {
    return this.names.services;
  }

  /** Names of the numbers in an IP header's protocol field, as /etc/protocols has them. */
  get protocols(): ProtocolTable {
    return this.names.protocols;
  }

  /** Its name: the one it was made with, or what `sethostname` has said since. */
  gethostname(): string {
    return this.names.gethostname();
  }

  /**
   * Changes what `gethostname` says, not the name that a network knows it by. At most 64 bytes of UTF-8 (EINVAL); EPERM
   * without CAP_SYS_ADMIN.
   */
  sethostname(name: string): void {
    this.names.sethostname(name);
  }

  /** `name`'s first name with a dot in it, else its canonical name, else `name`. Default: this host's. */
  getfqdn(name = ""): Promise<string> {
    return this.names.getfqdn(name);
  }

  /** The first address of a name, a dotted quad. GaiError. */
  gethostbyname(name: string): Promise<string> {
    return this.names.gethostbyname(name);
  }

  /** A name's canonical name, aliases, and dotted quads. GaiError, HostError. */
  gethostbyname_ex(name: string): Promise<HostInfo> {
    return this.names.gethostbyname_ex(name);
  }

  /** An address's canonical name, aliases, and dotted quads. HostError; GaiError for a name that nobody knows. */
  gethostbyaddr(address: string): Promise<HostInfo> {
    return this.names.gethostbyaddr(address);
  }

  /**
   * The ways to reach `port` of `host`: family, type, protocol, canonical name, address. `host`: null for this host
   * itself; `port`: a number, its text, a service's name, or null for 0; 0 for the others is any. `flags`: AI_… GaiError.
   */
  getaddrinfo(
    host: string | null,
    port: string | number | null,
    family = 0,
    type = 0,
    protocol = 0,
    flags = 0,
  ): Promise<AddressInfo[]> {
    return this.names.getaddrinfo(host, port, family, type, protocol, flags);
  }

  /** Name and service of a numeric address and a port. `flags`: NI_… GaiError. */
  getnameinfo(where: { address: string; port: number }, flags = 0): Promise<[host: string, service: string]> {
    return this.names.getnameinfo(where, flags);
  }

  /** A service's port; `protocol` "tcp" or "udp", default whichever comes first. ENOENT. */
  getservbyname(name: string, protocol?: string): number {
    return this.names.getservbyname(name, protocol);
  }

  /** A port's service. ENOENT. */
  getservbyport(port: number, protocol?: string): string {
    return this.names.getservbyport(port, protocol);
  }

  /** A protocol's number, 6 for "tcp". ENOENT. */
  getprotobyname(name: string): number {
    return this.names.getprotobyname(name);
  }

  /** The dotted quad of a name (or of a dotted quad). Rejects with a GaiError. */
  async resolve(name: string): Promise<string> {
    return formatAddress(await this.addressOf("resolve", name));
  }

  addressOf(call: string, text: string): number | Promise<number> {
    return this.names.addressOf(call, text);
  }
}
