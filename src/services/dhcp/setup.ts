/** Puts what a lease says to use on an interface, and takes it away again. */
import type { Host } from "../../host/host.ts";
import type { Lease, LeaseRoute } from "./lease.ts";

type Route = ReturnType<Host["route"]["add"]>;

export class Setup {
  private readonly host: Host;
  private readonly interfaceName: string;
  private routes: Route[] = [];

  constructor(host: Host, interfaceName: string) {
    this.host = host;
    this.interfaceName = interfaceName;
  }

  /** The address, with the route to its network. */
  useAddress({ address, prefixLength }: Lease): void {
    this.host.setAddress(this.interfaceName, `${address}/${prefixLength}`);
  }

  /** The routes of `lease` in place of those of the one before; others' stay. */
  useRoutes(lease: Lease): void {
    this.removeRoutes();
    for (const { to, via } of routesOf(lease)) {
      const by = { to, interface: this.interfaceName };
      this.routes.push(this.host.route.add(via === undefined ? by : { ...by, via }));
    }
  }

  /** No address, no routes. */
  clear(): void {
    this.removeRoutes();
    this.host.setAddress(this.interfaceName, "0.0.0.0/0");
  }

  private removeRoutes(): void {
    for (const route of this.routes) this.host.route.removeRoute(route);
    this.routes = [];
  }
}

/** RFC 3442, "DHCP Client Behavior", MUST: where there are classless routes, the routers are ignored. */
function routesOf({ routes, routers }: Lease): readonly LeaseRoute[] {
  return routes.length > 0 ? routes : routers.map((via) => ({ to: "default", via }));
}
