/** One host with sockets of AF_UNIX, without promises. What tests expect of them was tried with python3 on Linux 6.18. */
import { afterEach, expect } from "vitest";
import { VirtualClock } from "../../src/base/clock.ts";
import * as errno from "../../src/base/errno.ts";
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDHUP } from "../../src/base/readiness.ts";
import { Host } from "../../src/host/host.ts";
import { AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from "../../src/sockets/constants.ts";
import type { Description } from "../../src/sockets/descriptors.ts";
import type { Credentials, Outgoing } from "../../src/sockets/message.ts";
import type { UnixCore } from "../../src/sockets/unix/core.ts";

export const TYPES = [
  ["SOCK_STREAM", SOCK_STREAM],
  ["SOCK_SEQPACKET", SOCK_SEQPACKET],
  ["SOCK_DGRAM", SOCK_DGRAM],
] as const;
export const CONNECTIONS = [TYPES[0], TYPES[1]] as const;
export const RECORDS = [TYPES[1], TYPES[2]] as const;

const BITS: [number, string][] = [
  [POLLIN, "IN"],
  [POLLPRI, "PRI"],
  [POLLOUT, "OUT"],
  [POLLERR, "ERR"],
  [POLLHUP, "HUP"],
  [POLLRDHUP, "RDHUP"],
];
const NAMES = new Map(Object.entries(errno).map(([name, number]) => [number, name]));
NAMES.set(errno.EAGAIN, "EAGAIN");

const hosts: Host[] = [];

afterEach(() => {
  for (const host of hosts.splice(0)) {
    host.close();
    host.clock.runInstant();
    expect(host.leaks()).toEqual([]);
    expect(host.clock.timers.armedCount).toBe(0);
    expect(host.unix.rights.idle, "no descriptor is under way").toBe(true);
  }
});

export function unixHost(): Host {
  const host = new Host({ clock: new VirtualClock(), seed: 1 });
  hosts.push(host);
  return host;
}

export function unixSocket(host: Host, type: number, path?: string): UnixCore {
  const core = host.makeSocket(AF_UNIX, type, 0) as UnixCore;
  if (path !== undefined) expect(core.bind(path)).toBe(0);
  return core;
}

export function unixPair(host: Host, type: number): [UnixCore, UnixCore] {
  return host.makePair(AF_UNIX, type, 0) as [UnixCore, UnixCore];
}

export function unixListener(host: Host, type: number, path: string, backlog = 5): UnixCore {
  const core = unixSocket(host, type, path);
  expect(core.listen(backlog)).toBe(0);
  return core;
}

/** A result as tests write it: the number, or the error's name. */
export function named(result: number): number | string {
  return result < 0 ? (NAMES.get(-result) ?? result) : result;
}

/** `IN|OUT`. */
export function poll(core: UnixCore): string {
  return BITS.filter(([bit]) => (core.readiness & bit) !== 0)
    .map(([, name]) => name)
    .join("|");
}

export function send(core: UnixCore, data: string | number, flags = 0): number | string {
  return named(core.send(bytes(data), 0, undefined, flags));
}

export function sendTo(core: UnixCore, data: string | number, path: string): number | string {
  const array = bytes(data);
  return named(core.sendTo(array, 0, array.length, 0, path));
}

/** What comes as text, or the error's name in brackets, or `bytes` of a long one. */
export function recv(core: UnixCore, length = 100, flags = 0): string {
  const into = new Uint8Array(length);
  const count = core.receive(into, 0, length, flags);
  if (count < 0) return `<${named(count)}>`;
  return new TextDecoder().decode(into.subarray(0, Math.min(count, length)));
}

/** {@link recv}, with the descriptors, which the caller gets: `recvmsg`. */
export function recvRights(core: UnixCore, length = 100, flags = 0): [string, Description[]] {
  core.message.wantsRights = true;
  const data = recv(core, length, flags);
  core.message.wantsRights = false;
  return [data, data.startsWith("<") ? [] : (core.message.rights ?? [])];
}

/** Sends with descriptors and credentials: `sendmsg`. The message takes over the references. */
export function sendWith(
  core: UnixCore,
  data: string,
  rights?: readonly Description[],
  credentials?: Credentials,
): number | string {
  const outgoing: Outgoing = {
    source: 0,
    interfaceIndex: -1,
    timeToLive: -1,
    trafficClass: -1,
    rights,
    credentials,
  };
  core.outgoing = outgoing;
  const result = send(core, data);
  core.outgoing = undefined;
  return result;
}

/** A number is that many bytes. */
function bytes(data: string | number): Uint8Array {
  return typeof data === "number" ? new Uint8Array(data).fill(120) : new TextEncoder().encode(data);
}

/** Counts how often `core` has news. */
export function newsOf(core: UnixCore): { count: number; mask: number } {
  const news = { count: 0, mask: 0 };
  core.onReadiness = (mask) => {
    news.count++;
    news.mask = mask;
  };
  core.owner.clock.runInstant();
  news.count = 0;
  return news;
}
