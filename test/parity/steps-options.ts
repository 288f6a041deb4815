/** Options, `fcntl` and `ioctl`. */
import * as netwright from "../../src/index.ts";
import { interfaceIndex } from "./c-face.ts";
import { method } from "./face.ts";
import type { Actions, Run } from "./interpreter.ts";
import type { Word } from "./language.ts";
import { hostAddress } from "./places.ts";
import { bytes, errnoName, hex, mask, number } from "./words.ts";

export const optionSteps: Actions = {
  getsockopt(run, [s, word]) {
    const { level, option, name } = optionOf(word);
    const thing = run.thing(s);
    return showValue(name, run.face.getsockopt(thing, level, option));
  },

  setsockopt(run, [s, word, value]) {
    const { level, option, name } = optionOf(word);
    const thing = run.thing(s);
    run.face.setsockopt(thing, level, option, toValue(run, name, value) as netwright.OptionValue);
  },

  fcntl(run, [s, command, argument], names) {
    const { host, fd } = run.thing(s);
    const result = host.posix.fcntl(fd, number(command), number(argument));
    if (command === "F_GETFL") return mask(result, "O_", "RDWR NONBLOCK");
    if (command !== "F_DUPFD" && command !== "F_DUPFD_CLOEXEC") return result;
    run.keep(names[0], run.face.adopt(host, result));
    return result >= number(argument) ? `at least ${argument}` : `below ${argument}`;
  },

  ioctl(run, [s, request, argument]) {
    const { host, fd } = run.thing(s);
    const ioctl = method(host.posix, "ioctl");
    if (!String(request).startsWith("SIOCGIF")) return ioctl(fd, number(request), number(argument));
    if (request === "SIOCGIFCONF") {
      const rows = ioctl(fd, number(request)) as { name: string; address: string }[];
      return rows.map(({ name, address }) => `${name}=${address}`).join(" ");
    }
    const asked: InterfaceFields = { name: String(argument) };
    ioctl(fd, number(request), asked);
    const { address, netmask, broadcast, flags, mtu } = asked;
    if (flags !== undefined) return (flags & netwright.IFF_UP) === 0 ? "down" : "up";
    return mtu ?? netmask ?? broadcast ?? address;
  },
};

/** `struct ifreq`: the call fills in the field that is asked for. */
interface InterfaceFields {
  readonly name: string;
  readonly address?: string;
  readonly netmask?: string;
  readonly broadcast?: string;
  readonly flags?: number;
  readonly mtu?: number;
}

const LEVELS: Readonly<Record<string, string>> = {
  SO: "SOL_SOCKET",
  TC: "IPPROTO_TCP",
  IP: "IPPROTO_IP",
  PA: "SOL_PACKET",
};

function optionOf(word: Word | undefined): { level: number; option: number; name: string } {
  const text = String(word);
  const [level, name] = text.includes(":") ? text.split(":") : [LEVELS[text.slice(0, 2)], text];
  return { level: number(level), option: number(name), name: name! };
}

/** Netwright gives numbers, strings and objects where C has structures. */
function showValue(name: string, value: unknown): string {
  const fields = value as Record<string, unknown>;
  if (name === "SO_LINGER") return `${fields["onoff"]}/${fields["linger"]}`;
  if (name === "TCP_CONGESTION" || name === "SO_BINDTODEVICE") return JSON.stringify(value);
  if (name === "SO_PEERCRED") return fields["pid"] === 0 ? "nobody" : "me";
  if (name === "IP_OPTIONS") return hex(value as Uint8Array) || "none";
  if (name === "SO_ERROR") return value === 0 ? "0" : errnoName(Number(value));
  if (name !== "TCP_INFO") return String(value);
  return ["state", "ca_state", "retransmits", "probes", "backoff"]
    .map((key) => `${key}=${fields[key]}`)
    .join(" ");
}

function toValue(run: Run, name: string, word: Word | undefined): unknown {
  if (typeof word === "object") return name === "IP_OPTIONS" ? bytes(word) : word.data;
  const text = String(word);
  if (name === "SO_LINGER") {
    const [onoff, linger] = text.split("/").map(Number);
    return { onoff, linger };
  }
  if (name === "IP_ADD_MEMBERSHIP" || name === "IP_DROP_MEMBERSHIP") {
    const [multiaddr, by] = text.split("/").map(hostAddress);
    return { multiaddr, interface: by };
  }
  if (name === "IP_MULTICAST_IF") return hostAddress(text);
  if (name === "IP_UNICAST_IF") return text === "0" ? 0 : interfaceIndex(run.world.a, text);
  return number(text);
}
