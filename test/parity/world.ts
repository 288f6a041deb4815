/** The network in which a program runs, as kernel_world.py makes it of namespaces. */
import { type Host, Network } from "../../src/index.ts";

export interface World {
  readonly net: Network;
  /** Where the program runs. */
  readonly a: Host;
  /** The other end of the wire, where a step says `on b`. */
  readonly b: Host | undefined;
}

/** `wide`: with a second host. 10.0.0.3 takes everything and never answers: what b gets for it is lost. */
export function makeWorld(wide: boolean): World {
  const net = new Network({ seed: 1 });
  const a = net.host("a", { address: "10.0.0.1/24", ip: { icmpErrorsPerSecondPerDestination: 1000 } });
  if (!wide) return { net, a, b: undefined };
  const b = net.host("b", { address: "10.0.0.2/24", ip: { icmpErrorsPerSecondPerDestination: 1000 } });
  net.link(a, b);
  return { net, a, b };
}
