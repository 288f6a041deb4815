/** The kernel's side of the device: its address, its MTU, and up. What `ip address add` and `ip link set` do. */
import { formatAddress, formatPrefix, type Prefix, prefixMask } from "../../ip/address.ts";
import { configureError, noHelper } from "./errors.ts";
import { type Helper, takeSteps } from "./helper.ts";
import {
  addressIn,
  flagsIn,
  IFF_UP,
  ifreq,
  ifreqAddress,
  ifreqFlags,
  ifreqInt,
  intIn,
  type Outcome,
  SIOCGIFADDR,
  SIOCGIFDSTADDR,
  SIOCGIFFLAGS,
  SIOCGIFMTU,
  SIOCGIFNETMASK,
  SIOCSIFADDR,
  SIOCSIFDSTADDR,
  SIOCSIFFLAGS,
  SIOCSIFMTU,
  SIOCSIFNETMASK,
  SIOCSIFTXQLEN,
  type Step,
  TAP_UP_FLAGS,
  UP_FLAGS,
} from "./ioctl.ts";

export interface KernelSide {
  /** The kernel's address; undefined leaves address and state as they are. */
  readonly address: Prefix | undefined;
  /** Who is at the other end, int32: gets a route of its own where the prefix does not hold it. */
  readonly peer: number | undefined;
  /** Bytes; undefined leaves it as it is. */
  readonly mtu: number | undefined;
  /** Packets that the kernel keeps for us, where the device is set up at all; undefined leaves it at what it is. */
  readonly queue?: number | undefined;
  /** It is a TAP device. Default false. */
  readonly frames?: boolean;
}

/** What the kernel says of the interface. */
export interface DeviceState {
  /** Bytes. */
  readonly mtu: number;
  /** The kernel's own address in CIDR notation: the one that was asked for where it has several. Undefined: it has none. */
  readonly address: string | undefined;
  /** The interface is up. */
  readonly isUp: boolean;
}

/** What can be read without any right; undefined where there is none. */
interface Reading {
  readonly mtu: number;
  readonly address: number | undefined;
  readonly mask: number | undefined;
  readonly destination: number | undefined;
  readonly isUp: boolean;
}

/** A step, what it is called, and the command that does the same. */
interface Setting {
  readonly step: Step;
  readonly syscall: string;
  readonly command: string;
  /** Whether it is so already, whoever has done it: then it does not matter that we may not. */
  readonly isSo: (found: Reading) => boolean;
}

/** Sets the interface `name` up and returns how it is then. `file` is the device's descriptor. Throws a TunError. */
export async function configure(
  file: number,
  name: string,
  side: KernelSide,
  helpers?: readonly Helper[],
): Promise<DeviceState> {
  const settings = settingsFor(name, side);
  const steps = [...settings.map(({ step }) => step), ...questions(name, side.address?.address ?? 0)];
  const outcomes = await takeSteps(file, steps, helpers);
  if (outcomes === undefined) throw noHelper();
  const found = readingIn(outcomes.slice(settings.length - 1));
  settings.forEach(({ syscall, command, isSo }, index) => {
    const { errno } = outcomes[index]!;
    if (errno !== 0 && !isSo(found)) throw configureError(errno, syscall, name, command);
  });
  return stateOf(found);
}

/** Asks for everything in a {@link Reading} but the MTU; of several addresses for `address`, if that is one of them. */
function questions(name: string, address: number): Step[] {
  const ask = (request: number): Step => ({
    on: "socket",
    request,
    argument: address === 0 ? ifreq(name) : ifreqAddress(name, address),
  });
  return [SIOCGIFADDR, SIOCGIFNETMASK, SIOCGIFDSTADDR, SIOCGIFFLAGS].map(ask);
}

function readingIn(outcomes: readonly Outcome[]): Reading {
  const [mtu, address, mask, destination, flags] = outcomes as [Outcome, Outcome, Outcome, Outcome, Outcome];
  const said = ({ errno, bytes }: Outcome) => (errno === 0 ? addressIn(bytes) : undefined);
  return {
    mtu: intIn(mtu.bytes),
    address: said(address),
    mask: said(mask),
    destination: said(destination),
    isUp: flags.errno === 0 && (flagsIn(flags.bytes) & IFF_UP) !== 0,
  };
}

function stateOf({ mtu, address, mask = -1, isUp }: Reading): DeviceState {
  const prefixLength = Math.clz32(~mask);
  return { mtu, address: address === undefined ? undefined : formatPrefix(address, prefixLength), isUp };
}

/** In the order of taking; the last asks for the MTU. */
export function settingsFor(
  name: string,
  { address, peer, mtu, queue, frames = false }: KernelSide,
): Setting[] {
  const settings: Setting[] = [];
  const set = (
    syscall: string,
    request: number,
    argument: Uint8Array,
    command: string,
    isSo: Setting["isSo"],
  ) => {
    settings.push({ step: { on: "socket", request, argument }, syscall, command, isSo });
  };
  if (mtu !== undefined) {
    const command = `ip link set ${name} mtu ${mtu}`;
    set("SIOCSIFMTU", SIOCSIFMTU, ifreqInt(name, mtu), command, (found) => found.mtu === mtu);
  }
  if (address !== undefined) {
    const isBeyond = peer !== undefined && !holds(address, peer);
    const other = isBeyond ? ` peer ${formatAddress(peer)}` : "";
    const prefixLength = isBeyond ? 32 : address.prefixLength;
    const own = address.address;
    const add = `ip address add ${formatAddress(own)}${other}/${prefixLength} dev ${name}`;
    set("SIOCSIFADDR", SIOCSIFADDR, ifreqAddress(name, own), add, (found) => found.address === own);
    const mask = prefixMask(prefixLength);
    if (isBeyond) {
      const destination = ifreqAddress(name, peer);
      set("SIOCSIFDSTADDR", SIOCSIFDSTADDR, destination, add, (found) => found.destination === peer);
    }
    set("SIOCSIFNETMASK", SIOCSIFNETMASK, ifreqAddress(name, mask), add, (found) => found.mask === mask);
    if (queue !== undefined) {
      const command = `ip link set ${name} txqueuelen ${queue}`;
      set("SIOCSIFTXQLEN", SIOCSIFTXQLEN, ifreqInt(name, queue), command, () => true); // it works without, too
    }
    const flags = ifreqFlags(name, frames ? TAP_UP_FLAGS : UP_FLAGS);
    set("SIOCSIFFLAGS", SIOCSIFFLAGS, flags, `ip link set ${name} up`, (found) => found.isUp);
  }
  set("SIOCGIFMTU", SIOCGIFMTU, ifreq(name), `ip link show ${name}`, () => false);
  return settings;
}

/** Whether `prefix` holds `other`, too. */
function holds({ address, prefixLength }: Prefix, other: number): boolean {
  return prefixLength < 32 && ((address ^ other) & prefixMask(prefixLength)) === 0;
}
