/** `netwright dump FILE.pcapng`: a capture as tcpdump prints it. */
import { readFileSync } from "node:fs";
import { type CaptureScan, scanPcapng } from "../../trace/pcapng.ts";
import { printCapture } from "../../trace/print.ts";
import {
  describeOptions,
  Failure,
  fileError,
  HELP_OPTION,
  type Options,
  parseCommandLine,
  UsageError,
} from "../arguments.ts";
import type { Terminal } from "../terminal.ts";

const OPTIONS: Options = { help: HELP_OPTION };

const HELP = `netwright dump FILE.pcapng: prints a capture as tcpdump would

It reads pcapng files of Ethernet or raw IPv4 (link types 1, 101 and 228) and prints their IPv4 packets; of other
packets it says how many there are. A classic pcap file has to be converted first:
\`tshark -r OLD.pcap -w NEW.pcapng -F pcapng\`.

${describeOptions(OPTIONS)}
`;

export async function dumpCommand(argv: readonly string[], terminal: Terminal): Promise<void> {
  const { values, positionals } = parseCommandLine("netwright dump", OPTIONS, argv, ["FILE.pcapng"]);
  if (values.has("help")) return terminal.out(HELP);
  const [path] = positionals;
  if (path === undefined || path === "")
    throw new UsageError("dump needs a file: netwright dump FILE.pcapng");
  const scan = read(path);
  terminal.out(
    printCapture(scan)
      .map((line) => `${line}\n`)
      .join(""),
  );
  if (scan.notIpv4 > 0) terminal.err(`packets left out because they are not IPv4: ${scan.notIpv4}\n`);
  // what is whole is shown: a capture that was cut off while it was written is still worth reading
  if (scan.fault !== undefined) throw new Failure(`${path}: ${scan.fault.message}`);
}

function read(path: string): CaptureScan {
  try {
    return scanPcapng(readFileSync(path));
  } catch (error) {
    throw new Failure(`cannot read ${path}: ${fileError(error)}`);
  }
}
