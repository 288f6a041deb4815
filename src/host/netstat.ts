/** What `netstat` shows: a row per socket or connection, and the counters. */
import { formatAddress } from "../ip/address.ts";
import type { Interface } from "../ip/interface.ts";
import type { SocketCore } from "../sockets/core.ts";
import { InetCore } from "../sockets/inet-core.ts";
import { PingCore } from "../sockets/ping.ts";
import { RawCore } from "../sockets/raw.ts";
import { namePlace } from "../sockets/socket-name.ts";
import { StreamCore } from "../sockets/stream.ts";
import { UnixConnectionCore } from "../sockets/unix/connection.ts";
import { UnixCore } from "../sockets/unix/core.ts";
import type { Tcp } from "../tcp/index.ts";

export interface NetstatRow {
  /** "tcp", "udp" or "unix". */
  protocol: string;
  /** As RFC 9293 spells it, "TIME-WAIT"; "UNCONN" or "ESTABLISHED" for a datagram socket, and these and "LISTEN" in AF_UNIX. */
  state: string;
  /** "10.0.0.1:80"; "0.0.0.0:0" for none. In AF_UNIX the path, "@…" for an abstract name; "" for none. */
  local: string;
  remote: string;
  /** Bytes received and not read; of a listener the connections that wait for accept. */
  recvQueue: number;
  /** Bytes sent and not acknowledged; of a listener its backlog. */
  sendQueue: number;
}

export interface Netstat {
  sockets: NetstatRow[];
  /** By protocol and name: `counters.ip.badChecksum`. */
  counters: Record<string, Record<string, number>>;
  /**
   * By interface: what it has carried, and what its link and whatever that stands on have counted, with their names in front:
   * `interfaces.eth0["link.notSent"]`.
   */
  interfaces: Record<string, Record<string, number>>;
}

/** The counters of each interface by its name. */
export function interfaceCounters(interfaces: Iterable<Interface>): Netstat["interfaces"] {
  return Object.fromEntries(
    Array.from(interfaces, ({ name, counters, link }) => {
      const groups = { link: link.counters ?? {}, ...link.lowerCounters };
      const below = Object.entries(groups).flatMap(([group, object]) => numbersIn(group, object));
      return [name, { ...counters, ...Object.fromEntries(below) }];
    }),
  );
}

/** The numbers among the fields of `object`, and of objects in it. */
function numbersIn(name: string, object: object): [string, number][] {
  return Object.entries(object).flatMap(([field, value]): [string, number][] => {
    const whole = `${name}.${field}`;
    if (typeof value === "number") return [[whole, value]];
    return typeof value === "object" && value !== null ? numbersIn(whole, value) : [];
  });
}

/** TCP's rows are connections, with or without a socket (TIME-WAIT has none); the others are sockets. */
export function socketRows(tcp: Tcp, sockets: Iterable<SocketCore>): NetstatRow[] {
  const rows: NetstatRow[] = [];
  for (const tcb of tcp.connections()) {
    rows.push({
      protocol: "tcp",
      state: tcb.stateName,
      local: endpoint(tcb.localAddress, tcb.localPort),
      remote: endpoint(tcb.remoteAddress, tcb.remotePort),
      recvQueue: tcb.receiveQueue,
      sendQueue: tcb.sendQueue,
    });
  }
  for (const core of sockets) {
    if (core instanceof UnixCore) rows.push(unixRow(core));
    if (!(core instanceof InetCore) || core instanceof StreamCore || core.localPort === 0) continue;
    rows.push({
      protocol: protocolOf(core),
      state: core.stateName,
      local: endpoint(core.localAddress, core.localPort),
      remote: endpoint(core.remoteAddress, core.remotePort),
      recvQueue: core.readable,
      sendQueue: 0,
    });
  }
  return rows;
}

function protocolOf(core: InetCore): string {
  if (core instanceof RawCore) return "raw";
  return core instanceof PingCore ? "icmp" : "udp";
}

/** In AF_UNIX what was sent and not read is counted as SO_SNDBUF counts it, with its bookkeeping. */
function unixRow(core: UnixCore): NetstatRow {
  const { stateName, localName, remoteName } = core;
  const [local = ""] = namePlace(localName);
  const [remote = ""] = namePlace(remoteName);
  const isListener = core instanceof UnixConnectionCore && core.listening;
  return {
    protocol: "unix",
    state: stateName,
    local,
    remote,
    recvQueue: isListener ? core.embryos.length : core.readable,
    sendQueue: isListener ? core.backlogLimit : core.unacknowledged,
  };
}

function endpoint(address: number, port: number): string {
  return `${formatAddress(address)}:${port}`;
}
