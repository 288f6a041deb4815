/** The kernel's side of the device: its address, its MTU, and up. What `ip address add` and `ip link set` do. */
import { formatAddress, type Prefix, prefixMask } from "../../ip/address.ts";
import { configureError, noHelper } from "./errors.ts";
import { type Helper, takeSteps } from "./helper.ts";
import {
  ifreq,
  ifreqAddress,
  ifreqFlags,
  ifreqInt,
  intIn,
  SIOCGIFMTU,
  SIOCSIFADDR,
  SIOCSIFDSTADDR,
  SIOCSIFFLAGS,
  SIOCSIFMTU,
  SIOCSIFNETMASK,
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
  /** It is a TAP device. Default false. */
  readonly frames?: boolean;
}

/** A step, what it is called, and the command that does the same. */
interface Setting {
  readonly step: Step;
  readonly syscall: string;
  readonly command: string;
}

/** Sets the interface `name` up and returns its MTU. `file` is the device's descriptor. Throws a TunError. */
export async function configure(
  file: number,
  name: string,
  side: KernelSide,
  helpers?: readonly Helper[],
): Promise<number> {
  const settings = settingsFor(name, side);
  const outcomes = await takeSteps(
    file,
    settings.map(({ step }) => step),
    helpers,
  );
  if (outcomes === undefined) throw noHelper();
  settings.forEach(({ syscall, command }, index) => {
    const { errno } = outcomes[index]!;
    if (errno !== 0) throw configureError(errno, syscall, name, command);
  });
  return intIn(outcomes.at(-1)!.bytes);
}

/** In the order of taking; the last asks for the MTU. */
export function settingsFor(name: string, { address, peer, mtu, frames = false }: KernelSide): Setting[] {
  const settings: Setting[] = [];
  const set = (syscall: string, request: number, argument: Uint8Array, command: string) => {
    settings.push({ step: { on: "socket", request, argument }, syscall, command });
  };
  if (mtu !== undefined) {
    set("SIOCSIFMTU", SIOCSIFMTU, ifreqInt(name, mtu), `ip link set ${name} mtu ${mtu}`);
  }
  if (address !== undefined) {
    const isBeyond = peer !== undefined && !holds(address, peer);
    const other = isBeyond ? ` peer ${formatAddress(peer)}` : "";
    const prefixLength = isBeyond ? 32 : address.prefixLength;
    const add = `ip address add ${formatAddress(address.address)}${other}/${prefixLength} dev ${name}`;
    set("SIOCSIFADDR", SIOCSIFADDR, ifreqAddress(name, address.address), add);
    const mask = prefixMask(prefixLength);
    if (isBeyond) set("SIOCSIFDSTADDR", SIOCSIFDSTADDR, ifreqAddress(name, peer), add);
    set("SIOCSIFNETMASK", SIOCSIFNETMASK, ifreqAddress(name, mask), add);
    set(
      "SIOCSIFFLAGS",
      SIOCSIFFLAGS,
      ifreqFlags(name, frames ? TAP_UP_FLAGS : UP_FLAGS),
      `ip link set ${name} up`,
    );
  }
  set("SIOCGIFMTU", SIOCGIFMTU, ifreq(name), `ip link show ${name}`);
  return settings;
}

/** Whether `prefix` holds `other`, too. */
function holds({ address, prefixLength }: Prefix, other: number): boolean {
  return prefixLength < 32 && ((address ^ other) & prefixMask(prefixLength)) === 0;
}
