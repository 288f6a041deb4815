/** What a host can be told when it is made, and what an interface can. */
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { IpConfig } from "../ip/config.ts";
import type { Capability } from "../sockets/core.ts";
import type { Limits } from "../sockets/descriptors.ts";
import { show } from "../sockets/misuse.ts";
import type { TcpConfig } from "../tcp/config.ts";
import type { UdpConfig } from "../udp/config.ts";
import type { ResolverOptions } from "./resolver.ts";

export interface HostOptions extends ResolverOptions {
  /** What `gethostname` says. Default "host". */
  name?: string;
  /** Default: a clock of its own that follows real time. */
  clock?: Clock;
  /** Where everything random comes from. Default: a generator made from `seed`. */
  random?: Random;
  /** Default: nobody can know. */
  seed?: number | string;
  tcp?: Partial<TcpConfig>;
  ip?: Partial<IpConfig>;
  udp?: Partial<UdpConfig>;
  /** What its programs may do. Default: everything. */
  capabilities?: readonly Capability[];
  limits?: Partial<Limits>;
}

const OPTIONS = new Set([
  "name",
  "clock",
  "random",
  "seed",
  "tcp",
  "ip",
  "udp",
  "capabilities",
  "limits",
  "resolve",
  "reverse",
]);

export const CAPABILITIES: readonly Capability[] = [
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_RAW",
  "CAP_NET_ADMIN",
  "CAP_SYS_ADMIN",
];

export function checkOptions(options: HostOptions): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`a host takes an object of options, not ${show(options)}`);
  }
  for (const field of Object.keys(options)) {
    if (OPTIONS.has(field)) continue;
    throw new RangeError(`a host has no option ${field}; there are: ${[...OPTIONS].join(", ")}`);
  }
  for (const right of options.capabilities ?? []) {
    if (CAPABILITIES.includes(right)) continue;
    throw new RangeError(`a capability is one of ${CAPABILITIES.join(", ")}, not ${show(right)}`);
  }
  if (options.name !== undefined && typeof options.name !== "string") {
    throw new TypeError(`the name of a host is a string, not ${show(options.name)}`);
  }
}

export function checkAttach(link: unknown, options: unknown): void {
  const has = (field: string, type: string) => typeof Reflect.get(link as object, field) === type;
  const transfers =
    typeof link === "object" &&
    link !== null &&
    has("send", "function") &&
    has("attach", "function") &&
    has("close", "function");
  // a link with such addresses says of what type they are
  if (transfers && has("hardwareAddress", "object") && !has("hardwareType", "number")) {
    throw new TypeError(
      "attach: this carries Ethernet frames: make a Link of it with new EthernetLink({ clock: host.clock, random: host.random, port })",
    );
  }
  if (!transfers || !has("mtu", "number") || !has("features", "object")) {
    throw new TypeError(`attach: link is a Link (mtu, features, send, attach, close), not ${show(link)}`);
  }
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`attach: options are an object { address, name }, not ${show(options)}`);
  }
  const { address, name } = options as Record<string, unknown>;
  if (address !== undefined && typeof address !== "string") {
    throw new TypeError(`attach: address is a string such as "10.0.0.1/24", not ${show(address)}`);
  }
  if (name !== undefined && typeof name !== "string") {
    throw new TypeError(`attach: name is a string such as "eth0", not ${show(name)}`);
  }
}

/** `value`, or a TypeError that says that `what` is true or false. */
export function checkedBoolean(what: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw new TypeError(`${what} is true or false, not ${show(value)}`);
  return value;
}
