/** What `netstat` shows: a row per socket or connection, and the counters. */
import { formatAddress } from "../ip/address.ts";
import type { SocketCore } from "../sockets/core.ts";
import { InetCore } from "../sockets/inet-core.ts";
import { StreamCore } from "../sockets/stream.ts";
import type { Tcp } from "../tcp/index.ts";

export interface NetstatRow {
  /** "tcp" or "udp". */
  protocol: string;
  /** As RFC 9293 spells it, "TIME-WAIT"; "UNCONN" or "ESTABLISHED" for a datagram socket. */
  state: string;
  /** "10.0.0.1:80"; "0.0.0.0:0" for none. */
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
    if (!(core instanceof InetCore) || core instanceof StreamCore || core.localPort === 0) continue;
    rows.push({
      protocol: "udp",
      state: core.stateName,
      local: endpoint(core.localAddress, core.localPort),
      remote: endpoint(core.remoteAddress, core.remotePort),
      recvQueue: core.readable,
      sendQueue: 0,
    });
  }
  return rows;
}

function endpoint(address: number, port: number): string {
  return `${formatAddress(address)}:${port}`;
}
