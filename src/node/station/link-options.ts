/** The options by which every command that works on a real network says where that is. */
import { formatAddress, isLoopback, isUnicast, parseAddress, parsePrefix } from "../../ip/address.ts";
import { parseHardwareAddress, stationAddressOf } from "../../link/hardware-address.ts";
import { type CommandLine, numberOption, type Options, UsageError } from "../arguments.ts";
import type { FrameStreamPlace } from "../frames.ts";

const KERNEL = "A device of this machine's kernel: TUN, unless --tap is given";
const FRAMES = "Or a stream of Ethernet frames, which needs no root";
const ADDRESSES = "Who the stack is";
const SIGHT = "What can be seen of it; SIGUSR1 and netwright netstat show its sockets";

export const LINK_OPTIONS: Options = {
  address: {
    value: "CIDR",
    group: KERNEL,
    help: "the kernel's side of the device, such as 10.9.0.1/24; default: as somebody has prepared it",
  },
  tap: { group: KERNEL, help: "a TAP device: Ethernet frames and ARP" },
  name: {
    value: "NAME",
    group: KERNEL,
    help: "the device's name; default: the first of nw0, nw1 … that is free",
  },
  "no-offload": {
    group: KERNEL,
    help: "leave neither checksums nor the cutting of segments to the kernel",
  },
  passt: {
    value: "SOCKET",
    optional: true,
    group: FRAMES,
    help: "this machine's network through passt, one that listens at SOCKET or, without it, one started here",
  },
  forward: {
    value: "PORTS",
    repeated: true,
    group: FRAMES,
    help: "with a passt started here: ports of this machine that are the stack's, as in 8080 or 8080:80",
  },
  frames: {
    value: "SOCKET",
    group: FRAMES,
    help: "QEMU's -netdev stream,server=on or the like, at a UNIX socket or HOST:PORT",
  },
  "frames-listen": {
    value: "SOCKET",
    group: FRAMES,
    help: "the same for -netdev stream,server=off: listens, for one after the other",
  },
  peer: {
    value: "ADDRESS",
    group: ADDRESSES,
    help: "its address, such as 10.9.0.2; with a stream of frames, or a TAP device on a bridge, 10.0.2.15/24",
  },
  gateway: {
    value: "ADDRESS",
    group: ADDRESSES,
    help: "who knows the way to everywhere; default: the kernel's side",
  },
  dns: {
    value: "ADDRESS",
    repeated: true,
    group: ADDRESSES,
    help: "a server of names, in place of those that DHCP says; may be repeated",
  },
  dhcp: {
    group: ADDRESSES,
    help: "ask the network for all of that, as is done with a stream of frames and no --peer",
  },
  "hardware-address": {
    value: "MAC",
    group: ADDRESSES,
    help: "its address on the Ethernet; default: a random one",
  },
  mtu: {
    value: "BYTES",
    group: ADDRESSES,
    help: "the largest datagram; default 1500, with passt 65520",
  },
  pcap: {
    value: "FILE",
    group: SIGHT,
    help: "write every packet to FILE while it runs, as pcapng for Wireshark",
  },
};

/** Where the network is. */
export type LinkPlace =
  | {
      readonly kind: "tun" | "tap";
      /** The kernel's side in CIDR notation; undefined for a device that somebody has prepared. */
      readonly address: string | undefined;
      readonly name: string | undefined;
      readonly offload: boolean;
    }
  /** `socket`: undefined starts a passt, which hands connections to `forward` on. */
  | { readonly kind: "passt"; readonly socket: string | undefined; readonly forward: readonly string[] }
  | { readonly kind: "frames" | "frames-listen"; readonly at: FrameStreamPlace };

/** What the options say, checked. */
export interface LinkChoice {
  readonly place: LinkPlace;
  /** The stack's own address, a dotted quad; undefined: DHCP says it. */
  readonly peer: string | undefined;
  /** How many bits of it name the network; undefined: as many as on the kernel's side. */
  readonly prefixLength: number | undefined;
  readonly gateway: string | undefined;
  /** Servers of names, dotted quads. */
  readonly dns: readonly string[];
  /** Six bytes; undefined: random. */
  readonly hardwareAddress: Uint8Array | undefined;
  readonly mtu: number | undefined;
}

/** Judges the options; throws a UsageError of one line. `command` is "netwright ping". */
export function linkChoice(command: string, line: CommandLine): LinkChoice {
  const place = linkPlace(line);
  const who = ownAddress(command, line, place);
  if ("address" in place && place.address !== undefined && place.address.split("/")[0] === who.peer) {
    throw new UsageError(`--address and --peer are two hosts: the kernel has ${who.peer} already`);
  }
  const { values } = line;
  const hardware = values.get("hardware-address");
  if (hardware !== undefined && place.kind === "tun") {
    throw new UsageError("--hardware-address needs an Ethernet: --tap, --passt or --frames");
  }
  const fits = (value: number) => Number.isInteger(value) && value >= 68 && value <= 65_535;
  return {
    place,
    ...who,
    gateway: gatewayOption(values.get("gateway"), who.peer),
    dns: listOption(line, "dns").map((server) => hostAddress("dns", server)),
    hardwareAddress: hardware === undefined ? undefined : hardwareAddress(hardware),
    mtu: values.has("mtu")
      ? numberOption(line, "mtu", 1500, "a whole number of bytes from 68 to 65535", fits)
      : undefined,
  };
}

const PLACES = ["tap", "passt", "frames", "frames-listen"] as const;
/** What means something for some places only. */
const ONLY_FOR: Readonly<Record<string, readonly string[]>> = {
  address: ["tun", "tap"],
  name: ["tun", "tap"],
  "no-offload": ["tun", "tap"],
  forward: ["passt"],
};

function linkPlace(line: CommandLine): LinkPlace {
  const { values } = line;
  const [kind = "tun", other] = PLACES.filter((name) => values.has(name));
  if (other !== undefined)
    throw new UsageError(`--${kind} and --${other} are different networks: choose one`);
  for (const [name, kinds] of Object.entries(ONLY_FOR)) {
    if (!values.has(name) || kinds.includes(kind)) continue;
    throw new UsageError(
      name === "forward"
        ? "--forward is for --passt alone"
        : `--${name} is for a device of the kernel, and --${kind} has none`,
    );
  }
  switch (kind) {
    case "tun":
    case "tap": {
      const address = checked("address", values.get("address"), (text) =>
        hostAddress("address", formatAddress(parsePrefix(text).address)),
      );
      return { kind, address, name: deviceName(values.get("name")), offload: !values.has("no-offload") };
    }
    case "passt":
      return passtPlace(line);
    default:
      return { kind, at: streamPlace(kind, values.get(kind) ?? "") };
  }
}

/** What the kernel takes for a device's name; "%d" is the first number that is free. */
function deviceName(name: string | undefined): string | undefined {
  const isGood =
    name === undefined ||
    (/^[^\s/:%]*(%d)?[^\s/:%]*$/.test(name) &&
      name !== "." &&
      name !== ".." &&
      name.length > 0 &&
      Buffer.byteLength(name) <= 15);
  if (isGood) return name;
  throw new UsageError(
    `--name is 1 to 15 bytes without "/", ":", spaces and "%" (but one "%d"); got ${name === "" ? "nothing" : name}`,
  );
}

function passtPlace(line: CommandLine): LinkPlace {
  const socket = line.values.get("passt") || undefined;
  const forward = listOption(line, "forward");
  if (socket !== undefined && forward.length > 0) {
    throw new UsageError(`--forward is for a passt started here; give the one at ${socket} its -t and -u`);
  }
  const wrong = forward.find((ports) => !/^\d+(-\d+)?(:\d+(-\d+)?)?$/.test(ports));
  if (wrong !== undefined)
    throw new UsageError(`--forward is ports such as 8080, 8080:80 or 8000-8009; got ${wrong}`);
  return { kind: "passt", socket, forward };
}

/** A path, or HOST:PORT. */
function streamPlace(option: string, text: string): FrameStreamPlace {
  const match = /^([^/]*):(\d+)$/.exec(text);
  if (match === null) {
    if (text === "") throw new UsageError(`--${option} is a UNIX socket or HOST:PORT; got nothing`);
    return { path: text };
  }
  const port = Number(match[2]);
  if (port < 1 || port > 65_535) throw new UsageError(`--${option}: a port is 1 to 65535; got ${port}`);
  return match[1] === "" ? { port } : { port, host: match[1]! };
}

function ownAddress(
  command: string,
  { values }: CommandLine,
  { kind }: LinkPlace,
): Pick<LinkChoice, "peer" | "prefixLength"> {
  const peer = values.get("peer");
  const isDevice = kind === "tun" || kind === "tap";
  if (peer === undefined) {
    if (kind === "tun" && values.has("dhcp")) {
      throw new UsageError("--dhcp needs an Ethernet: --tap, --passt or --frames");
    }
    if (isDevice && !values.has("dhcp")) {
      throw new UsageError(
        `${command} needs the two ends of its device: --address 10.9.0.1/24 (the kernel's) and --peer 10.9.0.2 (its own)`,
      );
    }
    if (values.has("gateway")) throw new UsageError("--gateway needs --peer: without it DHCP says both");
    return { peer: undefined, prefixLength: undefined };
  }
  if (values.has("dhcp")) throw new UsageError("--peer and --dhcp: only one can say the stack's address");
  if (!peer.includes("/")) {
    if (!isDevice) {
      throw new UsageError(`--peer needs the length of its network there: --peer ${peer}/24`);
    }
    return { peer: hostAddress("peer", peer), prefixLength: undefined };
  }
  const { address, prefixLength } = asked("peer", () => parsePrefix(peer));
  return { peer: hostAddress("peer", formatAddress(address)), prefixLength };
}

function gatewayOption(text: string | undefined, peer: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (text === peer) throw new UsageError(`--gateway is another host than --peer; got ${text} for both`);
  return hostAddress("gateway", text);
}

/** `text` when it is an address that one host of a network can have; else a UsageError about `option`. */
function hostAddress(option: string, text: string): string {
  const address = asked(option, () => parseAddress(text));
  if (isUnicast(address) && !isLoopback(address)) return text;
  throw new UsageError(`--${option} is the address of one host, such as 10.9.0.1; got ${text}`);
}

function hardwareAddress(text: string): Uint8Array {
  return asked("hardware-address", () => {
    const bytes = parseHardwareAddress(text);
    stationAddressOf(bytes);
    return bytes;
  });
}

function listOption({ values }: CommandLine, name: string): string[] {
  return values.get(name)?.split(",") ?? [];
}

/** `text` when `parse` takes it. */
function checked<T extends string | undefined>(option: string, text: T, parse: (text: string) => unknown): T {
  if (text !== undefined) asked(option, () => parse(text));
  return text;
}

/** What `parse` says; its RangeError as a UsageError about `option`. */
function asked<T>(option: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`--${option}: ${error.message}`);
  }
}
