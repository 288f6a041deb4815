/** `netwright tun`: a station that answers. */
import { describeOptions, Failure, HELP_OPTION, type Options, parseCommandLine } from "../arguments.ts";
import { LINK_OPTIONS } from "../station/link-options.ts";
import { openStation, type Station } from "../station/station.ts";
import type { Terminal } from "../terminal.ts";

const OPTIONS: Options = { ...LINK_OPTIONS, help: HELP_OPTION };

const HELP = `netwright tun --address 10.9.0.1/24 --peer 10.9.0.2 [OPTIONS]: a host on a TUN device that answers

${describeOptions(OPTIONS)}
`;

export async function tunCommand(argv: readonly string[], terminal: Terminal): Promise<void> {
  const line = parseCommandLine("netwright tun", OPTIONS, argv);
  if (line.values.has("help")) return terminal.out(HELP);
  const station = await openStation("netwright tun", line);
  try {
    terminal.out(`ready: ${station.address} on ${station.label}\n`);
    await untilStopped(station);
  } finally {
    station.close();
  }
}

/** Waits until the station is to end; a Failure where its link has ended by itself. */
async function untilStopped({ stopped }: Station): Promise<void> {
  if (!stopped.aborted) await new Promise((resolve) => stopped.addEventListener("abort", resolve));
  if (stopped.reason instanceof Error && stopped.reason.name !== "AbortError")
    throw new Failure(stopped.reason.message);
}
