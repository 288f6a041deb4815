/** Opening /dev/net/tun and attaching to a device: what it is called, and what the kernel agrees to do for us. */
import { closeSync, constants, fstatSync, openSync, statSync } from "node:fs";
import { ETHERNET_HEADER_LENGTH } from "../../link/ethernet.ts";
import { attachError, DEVICE, errnoOf, noHelper, notADevice, openError, type Rights } from "./errors.ts";
import { type Helper, takeSteps } from "./helper.ts";
import {
  IFF_NO_PI,
  IFF_TAP,
  IFF_TUN,
  IFF_VNET_HDR,
  ifreqFlags,
  intBytes,
  nameIn,
  type Outcome,
  type Step,
  TUN_F_CSUM,
  TUN_F_TSO4,
  TUN_F_TSO6,
  TUN_F_USO4,
  TUN_F_USO6,
  TUNSETIFF,
  TUNSETOFFLOAD,
  TUNSETPERSIST,
  TUNSETVNETHDRSZ,
} from "./ioctl.ts";
import { DEFAULT_HEADER_LENGTH, HEADER_LENGTH } from "./virtio-header.ts";

/** A descriptor attached to a TUN device. */
export interface TunDevice {
  readonly file: number;
  readonly name: string;
  /** Bytes of the virtio-net header in front of every packet; 0 without. */
  readonly headerLength: number;
  /** The kernel hands over TCP segments of up to 64 KiB. */
  readonly segmentation: boolean;
  /** Bytes of link header in front of every datagram: 14 for a TAP device, whose packets are Ethernet frames. Default 0. */
  readonly linkHeaderLength?: number;
}

export interface AttachOptions {
  /** 1 to 15 bytes; "nw%d" for the first of nw0, nw1 … that is free. */
  readonly name: string;
  /** Ask for the virtio-net header and segmentation offload. */
  readonly offload: boolean;
  /** Whether the device outlives us; undefined leaves that as it is. */
  readonly persist: boolean | undefined;
  /** Attach to a TAP device, for Ethernet frames. Default false. */
  readonly frames?: boolean;
}

const TSO = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
const USO = TUN_F_USO4 | TUN_F_USO6;

/** Opens and attaches. Throws a TunError, with nothing left open. */
export async function openDevice(
  options: AttachOptions,
  helpers?: readonly Helper[],
  path = DEVICE,
): Promise<TunDevice> {
  const file = openFile(path);
  try {
    const outcomes = await takeSteps(file, attachSteps(options), helpers);
    if (outcomes === undefined) throw noHelper();
    return judge(file, options, outcomes);
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/** Opens the file that makes devices, non-blocking. */
export function openFile(path: string): number {
  let file: number;
  try {
    file = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  } catch (error) {
    throw openError(errnoOf(error), rightsOf(path));
  }
  if (fstatSync(file).isCharacterDevice()) return file; // a regular file opens happily
  closeSync(file);
  throw notADevice();
}

function rightsOf(path: string): Rights | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/**
 * All of them are taken, whatever becomes of each. The sets of offloads stand in ascending order: each replaces the one
 * before, and one that is refused changes nothing, so that the last that was accepted counts. They and the header's size are set
 * always, since a persistent device keeps those of its last user.
 */
export function attachSteps({ name, offload, persist, frames = false }: AttachOptions): Step[] {
  const flags = (frames ? IFF_TAP : IFF_TUN) | IFF_NO_PI | (offload ? IFF_VNET_HDR : 0);
  const device = (request: number, argument: Uint8Array | number): Step => ({
    on: "device",
    request,
    argument,
  });
  const steps = [
    device(TUNSETIFF, ifreqFlags(name, flags)),
    device(TUNSETOFFLOAD, 0),
    device(TUNSETVNETHDRSZ, intBytes(HEADER_LENGTH)),
    device(TUNSETOFFLOAD, offload ? TSO : 0),
    device(TUNSETOFFLOAD, offload ? TSO | USO : 0),
  ];
  if (persist !== undefined) steps.push(device(TUNSETPERSIST, persist ? 1 : 0));
  return steps;
}

function judge(file: number, options: AttachOptions, outcomes: readonly Outcome[]): TunDevice {
  const [attached, , sized, segmented] = outcomes as [Outcome, Outcome, Outcome, Outcome];
  if (attached.errno !== 0) throw attachError(attached.errno, options.name);
  const { offload } = options;
  const sizedLength = sized.errno === 0 ? HEADER_LENGTH : DEFAULT_HEADER_LENGTH;
  return {
    file,
    name: nameIn(attached.bytes),
    headerLength: offload ? sizedLength : 0,
    segmentation: offload && segmented.errno === 0,
    linkHeaderLength: options.frames ? ETHERNET_HEADER_LENGTH : 0,
  };
}
