/** A host of this process on a real network: what every command but `demo` and `dump` stands on. */
import { RealClock } from "../../base/real-clock.ts";
import { Host } from "../../host/host.ts";
import type { CommandLine } from "../arguments.ts";
import { join } from "./join.ts";
import { type LinkPlace, linkChoice } from "./link-options.ts";
import { askForNames } from "./names.ts";
import { openLink, type Uplink } from "./open-link.ts";
import { prepareOversight, type Report } from "./oversight.ts";
import { catchSignals } from "./signals.ts";

export interface Station {
  readonly host: Host;
  /** The stack's own address, a dotted quad. */
  readonly address: string;
  /** What the stack is attached to, for people: "nw0 (TUN, MTU 1500)". */
  readonly label: string;
  /** Where its network is, as the options said. */
  readonly place: LinkPlace;
  /**
   * Aborted when the program is to end: by SIGINT or SIGTERM, or because the link has ended. `reason` is then undefined for the
   * signals, or the Error of the link.
   */
  readonly stopped: AbortSignal;
  /** What a shell says of who dies of the signal that has come, 130 for SIGINT; 0 while none has. */
  signalCode(): number;
  /** Ends everything: host, link, signal handlers. The process can exit then. */
  close(): void;
}

/**
 * Opens the link that `line` asks for and brings a host up on it. `command` is "netwright ping"; `report` says what happens beside it
 * and what SIGUSR1 asks for, by default to standard error. UsageError, Failure.
 */
export async function openStation(
  command: string,
  line: CommandLine,
  report: Report = (text) => process.stderr.write(text),
): Promise<Station> {
  const clock = new RealClock();
  const choice = linkChoice(command, line);
  const oversight = prepareOversight(line, report);
  const signals = catchSignals();
  // people at a terminal expect Linux's "No route to host" after three seconds, not the RFC's patience
  const host = new Host({ name: "netwright", clock, tcp: { softErrorsEndOpen: true } });
  let uplink: Uplink | undefined;
  const close = (): void => {
    host.close();
    uplink?.link.close(); // the host may not have got it yet
    clock.close();
    oversight.close();
    signals.close();
  };
  try {
    uplink = await openLink(choice, clock, signals.stop.signal);
    uplink.ended.then((error) => signals.stop.abort(error));
    // before DHCP speaks, so that it is captured too
    const who = uplink.address?.split("/")[0] ?? "by DHCP";
    await oversight.begin(host, uplink.label, `${command}, ${who} on ${uplink.label}`);
    const membership = await join(host, uplink, signals.stop.signal);
    membership.onNames = askForNames(host, membership.names);
    const { address } = membership;
    return {
      host,
      address,
      label: uplink.label,
      place: choice.place,
      stopped: signals.stop.signal,
      signalCode: signals.code,
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}
