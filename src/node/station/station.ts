/** A host of this process on a real network: what every command but `demo` and `dump` stands on. */
import { RealClock } from "../../base/real-clock.ts";
import { Host } from "../../host/host.ts";
import { type CommandLine, UsageError } from "../arguments.ts";
import { linkChoice } from "./link-options.ts";
import { openLink, type Uplink } from "./open-link.ts";

export interface Station {
  readonly host: Host;
  /** The stack's own address, a dotted quad. */
  readonly address: string;
  /** What the stack is attached to, for people: "nw0 (TUN, MTU 1500)". */
  readonly label: string;
  /**
   * Aborted when the program is to end: by SIGINT or SIGTERM, or because the link has ended. `reason` is then undefined for the
   * signals, or the Error of the link.
   */
  readonly stopped: AbortSignal;
  /** Ends everything: host, link, signal handlers. The process can exit then. */
  close(): void;
}

/** Opens the link that `line` asks for and brings a host up on it. `command` is "netwright ping". UsageError, Failure. */
export async function openStation(command: string, line: CommandLine): Promise<Station> {
  const clock = new RealClock();
  const choice = linkChoice(command, line);
  if (choice.peer === undefined)
    throw new UsageError(`${command} needs its own address: --peer 10.0.2.15/24`);
  const uplink = await openLink(choice, clock);
  const host = new Host({ name: "netwright", clock });
  attach(host, uplink);
  const stop = new AbortController();
  const interrupted = () => stop.abort(undefined);
  process.on("SIGINT", interrupted);
  process.on("SIGTERM", interrupted);
  uplink.ended.then((error) => stop.abort(error));
  return {
    host,
    address: (uplink.address ?? "").split("/")[0] ?? "",
    label: uplink.label,
    stopped: stop.signal,
    close() {
      process.off("SIGINT", interrupted);
      process.off("SIGTERM", interrupted);
      host.close();
      clock.close();
    },
  };
}

function attach(host: Host, { link, address, gateway, attached }: Uplink): void {
  if (address === undefined) return;
  host.attach(link, { address });
  attached();
  if (gateway !== undefined) host.route.add({ to: "default", via: gateway });
}
