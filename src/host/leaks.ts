import type { Pending } from "../sockets/async.ts";
import type { SocketCore } from "../sockets/core.ts";
import type { OpenFile } from "../sockets/file.ts";
import { describeEnds } from "../sockets/inet-core.ts";
import type { Tcp } from "../tcp/index.ts";

/** What can be left open on a host. */
interface Holder {
  readonly sockets: Iterable<SocketCore>;
  readonly epolls: Iterable<OpenFile>;
  readonly tcp: Tcp;
  readonly pendingCalls: Iterable<Pending>;
}

/** What `host` still holds, in words. `timers`: how many of a clock that is its own are armed. */
export function leaksOf(host: Holder, timers: number): string[] {
  const leaks: string[] = [];
  const sockets = new Set<string>();
  for (const core of host.sockets) {
    const text = core.describe();
    sockets.add(text);
    leaks.push(`open socket ${text}`);
  }
  for (const epoll of host.epolls) leaks.push(`open ${epoll.describe()}`);
  for (const tcb of host.tcp.connections()) {
    const text = describeEnds(tcb);
    if (!sockets.has(text)) leaks.push(`connection ${text}`);
  }
  for (const call of host.pendingCalls) leaks.push(`pending ${call.describe()}`);
  if (timers > 0) leaks.push(`${timers} armed timers`);
  return leaks;
}
