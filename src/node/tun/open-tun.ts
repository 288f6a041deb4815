/** `openTun`: a link to this machine's kernel. */
import { closeSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { parseAddress, parsePrefix } from "../../ip/address.ts";
import { MAX_DATAGRAM_LENGTH, MIN_MTU } from "../../ip/ipv4-header.ts";
import { checkInteger, show } from "../../sockets/misuse.ts";
import { configure, type DeviceState, type KernelSide } from "./configure.ts";
import { openDevice, type TunDevice } from "./device.ts";
import { HELPERS } from "./helper.ts";
import { pipeWaker } from "./pipe-waker.ts";
import { selectWaker } from "./select-waker.ts";
import { type OnTunError, TunLink } from "./tun-link.ts";
import type { MakeWaker } from "./waker.ts";

export interface TunOptions {
  /** The device's name, 1 to 15 bytes; "%d" in it stands for the first number that is free. Default "nw%d". */
  name?: string;
  /**
   * The kernel's address, "10.9.0.1/24": it gets it, and the device is set up. Default: both stay as they are, for a device
   * that somebody has prepared.
   */
  address?: string;
  /** The address of the stack, "10.9.0.2": where `address`'s network does not hold it, it gets a route. Needs `address`. */
  peer?: string;
  /** Bytes, 68 to 65535. Default: what the device has, 1500 for a new one. */
  mtu?: number;
  /** Leave checksums and the cutting of long segments to the kernel where it agrees. Default true. */
  offload?: boolean;
  /** Whether the device outlives its users. Default: as it is, for a new one false. */
  persist?: boolean;
  /**
   * Who tells that packets have come: the event loop's own handle, which is not a documented part of Node, or a waiting process
   * of perl or python3. Default: the first, and the second where that does not work and in worker threads.
   */
  waker?: "pipe" | "select";
  /** Hears of what goes wrong later: the interface is down, the device was deleted. Default: nobody; see `failure` and `counters`. */
  onError?: OnTunError;
}

const OPTIONS = ["name", "address", "peer", "mtu", "offload", "persist", "waker", "onError"];

const DEFAULT_NAME = "nw%d";
const LONGEST_NAME = 15;

/**
 * Packets that the kernel keeps for us where each is one segment. Nobody holds back what it sends into a TUN device, and its own 500
 * overflow on the acknowledgments of one window that we send at once, which starves what comes to us; with segmentation they are plenty.
 */
const QUEUE = 4000;

const WAKERS: Readonly<Record<"pipe" | "select", MakeWaker>> = { pipe: pipeWaker, select: selectWaker };

/**
 * Opens a TUN device and makes a link of it: `host.attach(await openTun({ address: "10.9.0.1/24" }), { address: "10.9.0.2/24" })`.
 * The process stays until it is closed. Rejects with a TunError that says what to do, with a TypeError or RangeError for options that
 * make no sense.
 */
export function openTun(options: TunOptions = {}, helpers = HELPERS): Promise<TunLink> {
  return openLink("openTun", options, helpers);
}

/** The same for a TUN device or, with "openTap", a TAP device: what is sent and received is then a whole Ethernet frame. */
export async function openLink(
  call: "openTun" | "openTap",
  options: TunOptions,
  helpers = HELPERS,
): Promise<TunLink> {
  const side = checkOptions(options, call);
  const frames = call === "openTap";
  const { name = DEFAULT_NAME, offload = true, persist } = options;
  const device = await openDevice({ name, offload, persist, frames }, helpers);
  try {
    const queue = device.segmentation ? undefined : QUEUE;
    const state = await configure(device.file, device.name, { ...side, queue, frames }, helpers);
    return makeLink(device, state, options);
  } catch (error) {
    closeSync(device.file);
    throw error;
  }
}

function makeLink(device: TunDevice, state: DeviceState, { waker, onError }: TunOptions): TunLink {
  const make = (makeWaker: MakeWaker) => new TunLink(device, state, makeWaker, onError);
  if (waker !== undefined) return make(WAKERS[waker]);
  // A worker thread keeps a list of descriptors that `fs` has opened, to close them when it ends; the handle closes behind its
  // back, and the number may be another's by then.
  if (!isMainThread) return make(selectWaker);
  try {
    return make(pipeWaker);
  } catch {
    return make(selectWaker);
  }
}

/** Judges what the user has said; returns what the kernel's side is to be. */
export function checkOptions(options: TunOptions, call = "openTun"): KernelSide {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`${call} takes an object of options, not ${show(options)}`);
  }
  for (const field of Object.keys(options)) {
    if (OPTIONS.includes(field)) continue;
    throw new RangeError(`${call} has no option ${field}; there are: ${OPTIONS.join(", ")}`);
  }
  const { name, address, peer, mtu, offload, persist, waker, onError } = options;
  if (name !== undefined) checkName(call, name);
  checkBoolean(call, "offload", offload);
  checkBoolean(call, "persist", persist);
  if (waker !== undefined && !Object.hasOwn(WAKERS, waker)) {
    throw new RangeError(`${call}: waker is "pipe" or "select", not ${show(waker)}`);
  }
  if (onError !== undefined && typeof onError !== "function") {
    throw new TypeError(`${call}: onError is a function, not ${show(onError)}`);
  }
  if (mtu !== undefined) checkMtu(call, mtu);
  if (peer !== undefined && address === undefined) {
    throw new TypeError(`${call}: peer needs address, the kernel's own`);
  }
  return {
    address: address === undefined ? undefined : parsePrefix(address),
    peer: peer === undefined ? undefined : parseAddress(peer),
    mtu,
  };
}

/** What the kernel takes for a name (dev_valid_name); a longer one it would cut without a word. */
function checkName(call: string, name: unknown): void {
  if (typeof name !== "string") throw new TypeError(`${call}: name is a string, not ${show(name)}`);
  const length = new TextEncoder().encode(name).length;
  const isGood = length >= 1 && length <= LONGEST_NAME && name !== "." && name !== "..";
  const withoutNumber = name.replace("%d", "");
  if (!isGood || /[\s/:%\0]/.test(withoutNumber)) {
    throw new RangeError(
      `${call}: name is 1 to ${LONGEST_NAME} bytes without "/", ":", spaces and "%" (but one "%d"), not ${show(name)}`,
    );
  }
}

function checkMtu(call: string, mtu: unknown): void {
  checkInteger(call, "mtu", mtu);
  if (mtu < MIN_MTU || mtu > MAX_DATAGRAM_LENGTH) {
    throw new RangeError(`${call}: mtu is ${MIN_MTU} to ${MAX_DATAGRAM_LENGTH} bytes, not ${mtu}`);
  }
}

function checkBoolean(call: string, what: string, value: unknown): void {
  if (value !== undefined && typeof value !== "boolean") {
    throw new TypeError(`${call}: ${what} is true or false, not ${show(value)}`);
  }
}
