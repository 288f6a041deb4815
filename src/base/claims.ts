/** Who may be bound to a port beside those who are: TCP and UDP ask the same of address, interface, and will to share. */

/** {@link clash}: SO_REUSEADDR is set (of a stream socket: and it does not listen), and SO_REUSEPORT is. */
export const REUSE_ADDRESS = 1;
export const REUSE_PORT = 2;

/** The address, and the interface's index, of whoever is bound to none. */
const ANY_ADDRESS = 0;
const ANY_INTERFACE = -1;

/**
 * Whether two cannot have one port, as Linux decides (inet_bind_conflict): their addresses (int32; 0: any) meet, their
 * interfaces (-1: any) do, and there is no way of sharing, REUSE_ADDRESS or REUSE_PORT, that both are for.
 */
export function clash(
  address: number,
  by: number,
  sharing: number,
  otherAddress: number,
  otherBy: number,
  otherSharing: number,
): boolean {
  return (sharing & otherSharing) === 0 && overlap(address, otherAddress) && meet(by, otherBy, ANY_INTERFACE);
}

/** Whether two local addresses can be meant by one packet. */
export function overlap(one: number, other: number): boolean {
  return meet(one, other, ANY_ADDRESS);
}

function meet(one: number, other: number, any: number): boolean {
  return one === other || one === any || other === any;
}

/** What some of a port's users have in common, and how many they are. */
export class Claim {
  readonly address: number;
  readonly interface: number;
  readonly sharing: number;
  /** Its like at all addresses; undefined if this is that. */
  readonly everywhere: Claim | undefined;
  count = 0;

  constructor(address: number, by: number, sharing: number, everywhere?: Claim) {
    this.address = address;
    this.interface = by;
    this.sharing = sharing;
    this.everywhere = everywhere;
  }

  is(address: number, by: number, sharing: number): boolean {
    return this.address === address && this.interface === by && this.sharing === sharing;
  }
}

/** The claims on one port: what asking costs does not depend on how many users it has. */
export class Claims {
  private readonly byAddress = new Map<number, Claim[]>();
  private readonly everywhere: Claim[] = [];

  /** One more user. Returns what to give back when it goes. */
  add(address: number, by: number, sharing: number): Claim {
    let here = this.byAddress.get(address);
    if (here === undefined) {
      here = [];
      this.byAddress.set(address, here);
    }
    let claim = find(here, address, by, sharing);
    if (claim === undefined) {
      let everywhere = find(this.everywhere, ANY_ADDRESS, by, sharing);
      if (everywhere === undefined) {
        everywhere = new Claim(ANY_ADDRESS, by, sharing);
        this.everywhere.push(everywhere);
      }
      claim = new Claim(address, by, sharing, everywhere);
      here.push(claim);
    }
    claim.count++;
    claim.everywhere!.count++;
    return claim;
  }

  /** One user less. */
  remove(claim: Claim): void {
    const everywhere = claim.everywhere!;
    if (--everywhere.count === 0) this.everywhere.splice(this.everywhere.indexOf(everywhere), 1);
    if (--claim.count > 0) return;
    const here = this.byAddress.get(claim.address)!;
    here.splice(here.indexOf(claim), 1);
    if (here.length === 0) this.byAddress.delete(claim.address);
  }

  /** Whether one who asks clashes with a user; `own`: its own claim, if it is a user already. */
  clashWith(address: number, by: number, sharing: number, own?: Claim): boolean {
    if (address === ANY_ADDRESS) return clashAmong(this.everywhere, address, by, sharing, own?.everywhere);
    return (
      clashAmong(this.byAddress.get(address), address, by, sharing, own) ||
      clashAmong(this.byAddress.get(ANY_ADDRESS), address, by, sharing, own)
    );
  }

  /** Whether a user's address and this one can be meant by one packet. */
  overlap(address: number): boolean {
    if (address === ANY_ADDRESS) return this.byAddress.size > 0;
    return this.byAddress.has(address) || this.byAddress.has(ANY_ADDRESS);
  }
}

function find(among: Claim[], address: number, by: number, sharing: number): Claim | undefined {
  for (const claim of among) if (claim.is(address, by, sharing)) return claim;
  return undefined;
}

function clashAmong(
  among: Claim[] | undefined,
  address: number,
  by: number,
  sharing: number,
  own: Claim | undefined,
): boolean {
  if (among === undefined) return false;
  for (const claim of among) {
    if (claim === own && claim.count === 1) continue;
    if (clash(address, by, sharing, claim.address, claim.interface, claim.sharing)) return true;
  }
  return false;
}
