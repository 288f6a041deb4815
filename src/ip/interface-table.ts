/** The interfaces of a host, their addresses, and the routes to the networks that those are on. */
import { ANY_ADDRESS, BROADCAST_ADDRESS, isLoopback, prefixMask } from "./address.ts";
import { Interface, type InterfaceOptions, type InterfaceOwner } from "./interface.ts";
import { RouteTable } from "./route.ts";

export class InterfaceTable {
  /** In the order of adding. */
  readonly list: Interface[] = [];
  readonly routes: RouteTable;
  private readonly owner: InterfaceOwner;
  private nextIndex = 0;

  constructor(owner: InterfaceOwner) {
    this.owner = owner;
    this.routes = new RouteTable(this.list);
  }

  /** RangeError for a name that is taken, and for options that make no sense. */
  add(options: InterfaceOptions): Interface {
    if (this.list.some((other) => other.name === options.name)) {
      throw new RangeError(`there is an interface ${options.name} already`);
    }
    const added = new Interface(this.owner, this.nextIndex++, options);
    this.list.push(added);
    this.connect(added);
    return added;
  }

  /** Takes `gone` away, and with it its address, its routes and its link, which it closes. */
  remove(gone: Interface): void {
    gone.up = false; // who looks on learns that it went down
    gone.tap = undefined;
    gone.link.attach(undefined);
    gone.link.close();
    this.removeRoutes(gone);
    this.list.splice(this.list.indexOf(gone), 1);
  }

  /** Gives `of` another address, 0 for none. Its routes go, as with Linux's SIOCSIFADDR; that to its network comes anew. */
  setAddress(of: Interface, address: number, prefixLength: number): void {
    of.setAddress(address, prefixLength);
    this.removeRoutes(of);
    this.connect(of);
  }

  /** The index of the first interface whose address is `address`, -1 when there is none. */
  indexWith(address: number): number {
    if (address === ANY_ADDRESS) return -1;
    return this.list.find((each) => each.address === address)?.index ?? -1;
  }

  isLocal(address: number): boolean {
    if (address === ANY_ADDRESS) return false; // what an interface without an address has
    for (const each of this.list) {
      if (address === each.address) return true;
      if (each.isLoopback && isLoopback(address) && !each.isBroadcast(address)) return true;
    }
    return false;
  }

  isBroadcast(address: number): boolean {
    if (address === BROADCAST_ADDRESS) return true;
    for (const each of this.list) if (each.isBroadcast(address)) return true;
    return false;
  }

  /** The address to send from by `by`: its own or, where it has none, that of another wire, as in Linux; 0 while there is none. */
  sourceFor(by: Interface): number {
    if (by.address !== ANY_ADDRESS) return by.address;
    const other = this.list.find((each) => each.address !== ANY_ADDRESS && !each.isLoopback && each.up);
    return other?.address ?? ANY_ADDRESS;
  }

  private connect(by: Interface): void {
    const { address, prefixLength } = by;
    if (address === ANY_ADDRESS) return;
    this.routes.addRoute(address & prefixMask(prefixLength), prefixLength, 0, by);
  }

  private removeRoutes(of: Interface): void {
    for (const route of [...this.routes]) if (route.interface === of) this.routes.removeRoute(route);
  }
}
