/** Where those who share a port hear it: TCP's listeners, UDP's endpoints that have no peer. */

/** One of those. */
export interface Sharer {
  /** The younger, the higher; does not change while it is in a place. */
  readonly rank: number;
}

/** An address and an interface, and who is bound to them. */
export class Place<T extends Sharer> {
  /** 0: any. */
  readonly address: number;
  /** Its index; -1: any. */
  readonly interface: number;
  /** The oldest first. */
  readonly members: T[] = [];

  constructor(address: number, by: number) {
    this.address = address;
    this.interface = by;
  }
}

/** The places of one port: what looking one up costs does not depend on how many members it has. */
export class Places<T extends Sharer> {
  private readonly byAddress = new Map<number, Place<T>[]>();

  get empty(): boolean {
    return this.byAddress.size === 0;
  }

  /** Returns the place that `member` is in from now on. */
  add(member: T, address: number, by: number): Place<T> {
    let here = this.byAddress.get(address);
    if (here === undefined) {
      here = [];
      this.byAddress.set(address, here);
    }
    let place = at(here, by);
    if (place === undefined) {
      place = new Place(address, by);
      here.push(place);
    }
    insertByRank(place.members, member);
    return place;
  }

  remove(place: Place<T>, member: T): void {
    removeByRank(place.members, member);
    if (place.members.length > 0) return;
    const here = this.byAddress.get(place.address)!;
    here.splice(here.indexOf(place), 1);
    if (here.length === 0) this.byAddress.delete(place.address);
  }

  /** Where what comes for `address` by interface `by` is heard: bound to that interface before bound to none. */
  find(address: number, by: number): Place<T> | undefined {
    const here = this.byAddress.get(address);
    return here === undefined ? undefined : (at(here, by) ?? at(here, -1));
  }
}

function at<T extends Sharer>(here: Place<T>[], by: number): Place<T> | undefined {
  for (const place of here) if (place.interface === by) return place;
  return undefined;
}

/** `sharers` are in the order of their ranks, the lowest first, and stay so. */
export function insertByRank<T extends Sharer>(sharers: T[], sharer: T): void {
  const index = indexOfRank(sharers, sharer.rank);
  if (index === sharers.length) sharers.push(sharer);
  else sharers.splice(index, 0, sharer);
}

/** Returns whether it was there. */
export function removeByRank<T extends Sharer>(sharers: T[], sharer: T): boolean {
  const index = indexOfRank(sharers, sharer.rank);
  if (sharers[index] !== sharer) return false;
  sharers.splice(index, 1);
  return true;
}

/** Where the first is that has `rank` or a higher one. */
function indexOfRank(sharers: readonly Sharer[], rank: number): number {
  let low = 0;
  let high = sharers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sharers[middle]!.rank < rank) low = middle + 1;
    else high = middle;
  }
  return low;
}
