/** From what the options say to an open link. */
import type { Clock } from "../../base/clock.ts";
import { parsePrefix } from "../../ip/address.ts";
import { EthernetLink } from "../../link/ethernet-link.ts";
import type { FramePort } from "../../link/frame-port.ts";
import type { Link } from "../../link/link.ts";
import { Failure, UsageError } from "../arguments.ts";
import { listenForFrames } from "../frame-server.ts";
import { connectFrames, type FrameStreamPlace } from "../frames.ts";
import { PASST_MTU, startPasst } from "../passt.ts";
import { unguessable } from "../station-address.ts";
import { openTap } from "../tap/index.ts";
import { openTun, TunError } from "../tun/index.ts";
import { checkOnThisMachine, kernelSideOf, type OpenDevice } from "./kernel-side.ts";
import type { LinkChoice, LinkPlace } from "./link-options.ts";

/** A link that is open, and who the stack is on it. */
export interface Uplink {
  readonly link: Link;
  /** What the kernel calls its device, and so does the stack; undefined: the stack's own names, eth0 … */
  readonly name?: string;
  /** What it is, for people: "nw0 (TUN, MTU 1500)". */
  readonly label: string;
  /** The stack's own address in CIDR notation; undefined: DHCP has to say. */
  readonly address: string | undefined;
  /** The way to everywhere else; undefined: there is none, or DHCP has to say. */
  readonly gateway: string | undefined;
  /** Servers of names, dotted quads, in place of those that DHCP may say. */
  readonly dns: readonly string[];
  /** To be called once the host has its address on the link. */
  readonly attached: () => void;
  /** Resolves with the reason when the link has ended by itself; never rejects. */
  readonly ended: Promise<Error>;
}

/**
 * Opens what `choice` says. Throws a UsageError for addresses that are none, a Failure that says what to do, or that `signal` was aborted
 * while another had to answer.
 */
export async function openLink(choice: LinkChoice, clock: Clock, signal: AbortSignal): Promise<Uplink> {
  try {
    const { place } = choice;
    switch (place.kind) {
      case "tun":
        return await openTunLink(choice, place);
      case "tap":
        return await openTapLink(choice, place, clock);
      case "passt":
        return await openPasstLink(choice, place, clock, signal);
      case "frames":
        return await openFramesLink(choice, place.at, clock, signal);
      case "frames-listen":
        return await openServerLink(choice, place.at, clock);
    }
  } catch (error) {
    if (error instanceof TunError) throw new Failure(error.message);
    if (error instanceof RangeError || error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
}

type DevicePlace = Extract<LinkPlace, { kind: "tun" | "tap" }>;
type PasstPlace = Extract<LinkPlace, { kind: "passt" }>;

async function openTunLink(choice: LinkChoice, place: DevicePlace): Promise<Uplink> {
  const { ended, end } = ending();
  checkOnThisMachine({ ...place, peer: choice.peer });
  const link = await openTun({
    ...deviceOptions(choice, place),
    // the kernel has a way to what its own network does not hold
    ...(place.address !== undefined && choice.peer !== undefined && { peer: choice.peer }),
    onError: (error) => {
      if (link.closed) end(new Failure(error.reason)); // its advice is for programs
    },
  });
  return {
    link,
    name: link.name,
    label: `${link.name} (TUN, MTU ${link.mtu})`,
    ...deviceIdentity(choice, place, link),
    attached: () => {},
    ended,
  };
}

async function openTapLink(choice: LinkChoice, place: DevicePlace, clock: Clock): Promise<Uplink> {
  const { ended, end } = ending();
  checkOnThisMachine({ ...place, peer: choice.peer });
  const port = await openTap({
    ...deviceOptions(choice, place),
    ...(choice.hardwareAddress !== undefined && { hardwareAddress: choice.hardwareAddress }),
    onError: (error) => {
      if (port.closed) end(new Failure(error.reason));
    },
  });
  const who = deviceIdentity(choice, place, port);
  const link = ethernet(port, clock, port.mtu);
  return {
    link,
    name: port.name,
    label: `${port.name} (TAP, MTU ${link.mtu})`,
    ...who,
    ...announcing(link),
    ended,
  };
}

async function openPasstLink(
  choice: LinkChoice,
  place: PasstPlace,
  clock: Clock,
  signal: AbortSignal,
): Promise<Uplink> {
  const mtu = choice.mtu ?? PASST_MTU;
  if (place.socket !== undefined) {
    return openFramesLink({ ...choice, mtu }, { path: place.socket }, clock, signal, "passt at ");
  }
  const { stream, ended } = await startPasst(clock, {
    ...streamOptions(choice),
    mtu: Math.min(mtu, PASST_MTU),
    forward: place.forward,
    signal,
  });
  const link = ethernet(stream, clock, mtu);
  return { link, label: `passt (MTU ${mtu})`, ...identity(choice, undefined), ...announcing(link), ended };
}

async function openFramesLink(
  choice: LinkChoice,
  at: FrameStreamPlace,
  clock: Clock,
  signal: AbortSignal,
  what = "frames at ",
): Promise<Uplink> {
  const { ended, end } = ending();
  const stream = await connectFrames(clock, at, { ...streamOptions(choice), signal });
  stream.onEnd = end;
  const link = ethernet(stream, clock, choice.mtu);
  return {
    link,
    label: `${what}${placeText(at)} (MTU ${link.mtu})`,
    ...identity(choice, undefined),
    ...announcing(link),
    ended,
  };
}

async function openServerLink(choice: LinkChoice, at: FrameStreamPlace, clock: Clock): Promise<Uplink> {
  const port = await listenForFrames(clock, at, streamOptions(choice));
  const link = ethernet(port, clock, choice.mtu);
  // who has just come learns where we are, and need not ask
  port.onConnection = () => link.announce();
  const label = `frames, listening at ${placeText(at)} (MTU ${link.mtu})`;
  return { link, label, ...identity(choice, undefined), ...announcing(link), ended: ending().ended };
}

function ethernet(port: FramePort, clock: Clock, mtu: number | undefined): EthernetLink {
  return new EthernetLink({ clock, random: unguessable(), port }, mtu === undefined ? {} : { mtu });
}

/** Who is there learns where we are: passt hands nothing on before it has heard of us. */
function announcing(link: EthernetLink): Pick<Uplink, "attached"> {
  return { attached: () => link.announce() };
}

/** A promise, and what resolves it. */
function ending(): { ended: Promise<Error>; end: (error: Error) => void } {
  let end: (error: Error) => void = () => {};
  const ended = new Promise<Error>((resolve) => {
    end = resolve;
  });
  return { ended, end };
}

function deviceOptions({ mtu }: LinkChoice, { address, name, offload }: DevicePlace) {
  return {
    offload,
    ...(address !== undefined && { address }),
    ...(name !== undefined && { name }),
    ...(mtu !== undefined && { mtu }),
  };
}

function streamOptions({ hardwareAddress }: LinkChoice): { hardwareAddress?: Uint8Array } {
  return hardwareAddress === undefined ? {} : { hardwareAddress };
}

/** Who the stack is on a device, which is closed where that cannot work. */
function deviceIdentity(
  choice: LinkChoice,
  place: DevicePlace,
  device: OpenDevice & { close(): void },
): ReturnType<typeof identity> {
  const { peer, prefixLength } = choice;
  try {
    const knowsNetwork = peer === undefined || prefixLength !== undefined;
    return identity(choice, kernelSideOf(device, { ...place, peer }, knowsNetwork));
  } catch (error) {
    device.close();
    throw error;
  }
}

/** Who the stack is where the kernel, or nobody, has `kernelSide` (CIDR). */
function identity(
  choice: LinkChoice,
  kernelSide: string | undefined,
): Pick<Uplink, "address" | "gateway" | "dns"> {
  const { peer, dns, gateway } = choice;
  if (peer === undefined) return { address: undefined, gateway: undefined, dns };
  const kernelLength = kernelSide === undefined ? 32 : parsePrefix(kernelSide).prefixLength;
  const prefixLength = choice.prefixLength ?? kernelLength;
  return { address: `${peer}/${prefixLength}`, gateway: gateway ?? kernelSide?.split("/")[0], dns };
}

function placeText(at: FrameStreamPlace): string {
  return "path" in at ? at.path : `${at.host ?? "127.0.0.1"}:${at.port}`;
}
