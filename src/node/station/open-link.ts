/** From what the options say to an open link. */
import type { Clock } from "../../base/clock.ts";
import { parseAddress, parsePrefix } from "../../ip/address.ts";
import type { Link } from "../../link/link.ts";
import { Failure, UsageError } from "../arguments.ts";
import { openTun, TunError } from "../tun/index.ts";
import type { LinkChoice } from "./link-options.ts";

/** A link that is open, and who the stack is on it. */
export interface Uplink {
  readonly link: Link;
  /** What it is, for people: "nw0 (TUN, MTU 1500)". */
  readonly label: string;
  /** The stack's own address in CIDR notation; undefined: DHCP has to say. */
  readonly address: string | undefined;
  /** The way to everywhere else; undefined: there is none, or DHCP has to say. */
  readonly gateway: string | undefined;
  /** Resolves with the reason when the link has ended by itself; never rejects. */
  readonly ended: Promise<Error>;
}

/** Opens what `choice` says. Throws a UsageError for addresses that are none, a Failure that says what to do. */
export async function openLink(choice: LinkChoice, _clock: Clock): Promise<Uplink> {
  const { address, peer, name, mtu, offload } = choice;
  let end: (error: Error) => void = () => {};
  const ended = new Promise<Error>((resolve) => {
    end = resolve;
  });
  try {
    const link = await openTun({
      peer,
      offload,
      ...(address !== undefined && { address }),
      ...(name !== undefined && { name }),
      ...(mtu !== undefined && { mtu }),
      onError: (error) => {
        if (link.closed) end(error);
      },
    });
    const { prefixLength } = address === undefined ? { prefixLength: 32 } : parsePrefix(address);
    parseAddress(peer);
    return {
      link,
      label: `${link.name} (TUN, MTU ${link.mtu})`,
      address: `${peer}/${prefixLength}`,
      gateway: address?.split("/")[0],
      ended,
    };
  } catch (error) {
    if (error instanceof TunError) throw new Failure(error.message);
    if (error instanceof RangeError || error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
}
