/** Sockets as `netstat -tuna` lists them, and what has been counted as `netstat -s` does: what is not 0. */
import type { Host } from "../../host/host.ts";
import type { NetstatRow } from "../../host/netstat.ts";
import { formatAddress } from "../../ip/address.ts";

/** The table and the counters, with a line break at the end. */
export function netstatText(host: Host): string {
  const { sockets, counters } = host.netstat();
  const groups = Object.entries({ ...counters, ...interfaceCounters(host) });
  return `${[...table(sockets), ...groups.flatMap(([name, group]) => counted(name, group))].join("\n")}\n`;
}

/** The same as JSON, one line. */
export function netstatJson(host: Host): string {
  const { sockets, counters } = host.netstat();
  return `${JSON.stringify({ sockets, counters: { ...counters, ...interfaceCounters(host) } })}\n`;
}

function table(sockets: readonly NetstatRow[]): string[] {
  const rows = sockets.map(({ protocol, recvQueue, sendQueue, local, remote, state }) => [
    protocol,
    String(recvQueue),
    String(sendQueue),
    local,
    remote.replace(/:0$/, ":*"),
    state === "UNCONN" ? "" : state,
  ]);
  const lines = [["Proto", "Recv-Q", "Send-Q", "Local Address", "Foreign Address", "State"], ...rows];
  return lines.map(([protocol, received, sent, local, remote, state]) =>
    `${protocol!.padEnd(5)} ${received!.padStart(6)} ${sent!.padStart(6)} ${local!.padEnd(23)} ${remote!.padEnd(23)} ${state}`.trimEnd(),
  );
}

/** By interface, with what its link has counted and whatever that stands on. */
function interfaceCounters(host: Host): Record<string, Record<string, number>> {
  const { interfaces } = host.netstat();
  return Object.fromEntries(
    host.ipv4.interfaces.map(({ name, address }) => [
      `${name} ${formatAddress(address)}`,
      interfaces[name] ?? {},
    ]),
  );
}

function counted(name: string, group: Readonly<Record<string, number>>): string[] {
  const lines = Object.entries(group).filter(([, count]) => count !== 0);
  return lines.length === 0 ? [] : [`${name}:`, ...lines.map(([what, count]) => `    ${count} ${what}`)];
}
