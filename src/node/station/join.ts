/** From an open link to a host that has its address on it: the one it was told, or the one that DHCP says. */
import type { Host } from "../../host/host.ts";
import { DhcpClient } from "../../services/dhcp/index.ts";
import { SocketError } from "../../sockets/error.ts";
import { Failure, UsageError } from "../arguments.ts";
import type { Names } from "./names.ts";
import type { Uplink } from "./open-link.ts";

/** How long DHCP may take, ms: four attempts of its client. */
const PATIENCE = 20_000;

/** What a host has become on its link. */
export interface Membership {
  /** Its address, a dotted quad. */
  readonly address: string;
  readonly names: Names;
  /** Called when another lease, or the same one renewed, says whom to ask for names. */
  onNames: ((names: Names) => void) | undefined;
}

/**
 * Gives `host`, which is attached to nothing, the link and its address. Failure: DHCP gives none, or `signal` was aborted meanwhile;
 * its reason, an Error or undefined, says why. UsageError: addresses that make no sense together.
 */
export async function join(host: Host, uplink: Uplink, signal: AbortSignal): Promise<Membership> {
  const { link, address, gateway, dns } = uplink;
  const named = uplink.name === undefined ? {} : { name: uplink.name };
  if (address === undefined) return joinByDhcp(host, uplink, signal);
  try {
    const { name } = host.attach(link, { address, ...named });
    uplink.attached();
    // a device without Ethernet has one other end, whatever its network is
    const by = link.sendFrame === undefined ? { interface: name } : {};
    if (gateway !== undefined) host.route.add({ to: "default", via: gateway, ...by });
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
  const names = { nameServers: dns, search: [] };
  return { address: address.split("/")[0]!, names, onNames: undefined };
}

async function joinByDhcp(
  host: Host,
  { link, dns, label, name: deviceName }: Uplink,
  signal: AbortSignal,
): Promise<Membership> {
  const { name } = host.attach(link, deviceName === undefined ? {} : { name: deviceName });
  const client = new DhcpClient(host, name);
  try {
    const lease = await client.configure({ timeout: PATIENCE, signal });
    const membership: Membership = { address: lease.address, names: namesOf(lease, dns), onNames: undefined };
    client.onLease = (next) => {
      if (next !== undefined) membership.onNames?.(namesOf(next, dns));
    };
    return membership;
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    if (signal.reason instanceof Error && signal.reason.name !== "AbortError") {
      throw new Failure(signal.reason.message);
    }
    throw new Failure(
      error.code === "EINTR"
        ? "interrupted while DHCP was asked for an address"
        : `no DHCP server gives an address on ${label} (${error.code}): say who the stack is with --peer 10.0.2.15/24 and --gateway 10.0.2.2`,
    );
  }
}

/** The user's own servers go before those of a lease. */
function namesOf({ nameServers, search }: Names, dns: readonly string[]): Names {
  return { nameServers: dns.length > 0 ? dns : nameServers, search };
}
