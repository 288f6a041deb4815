/**
 * The judge: what tshark's expert finds in a capture. On a clean link nothing is malformed, has a wrong checksum, comes twice, late or
 * not at all.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

export interface JudgeOptions {
  /**
   * Whether checksums are judged. Not where the capture has packets whose checksum is somebody else's work still: those of the kernel
   * and of the stack on a device with offload. Default true.
   */
  readonly checksums?: boolean;
  /** Findings that are no fault in this test: the beginnings of tshark's words. */
  readonly expected?: readonly RegExp[];
  /** A display filter: only those packets are judged. Default: all. */
  readonly only?: string;
}

/** What is no fault anywhere: tshark's notes on how a connection begins and ends, and a window that is full for a moment. */
const HARMLESS = [
  /^Connection (establish|finish)/,
  /^This frame (initiates|undergoes) the connection closing/,
  /^TCP window specified by the receiver is now completely full/,
  /^TCP (Zero ?Window|window update)/i,
  /^Zero ?Window/i,
  // the kernel writes 0 so in every protocol, where only UDP has to (CSUM_MANGLED_0 in skb_checksum_help)
  /^TCP Checksum 0xffff instead of 0x0000/,
];

/** Nobody guesses what the bytes of TCP and UDP are, and finds fault with it. */
const ONLY_DATA = ["-d", "tcp.port==1-65535,data", "-d", "udp.port==1-65535,data"];

/** What tshark complains of, one line a kind of complaint with how often and in which frame first; nothing when all is well. */
export async function judge(file: string, options: JudgeOptions = {}): Promise<string[]> {
  const { checksums = true, expected = [], only = "frame" } = options;
  const check = ["ip", "tcp", "udp"].map(
    (protocol) => `${protocol}.check_checksum:${checksums ? "TRUE" : "FALSE"}`,
  );
  const preferences = check.flatMap((setting) => ["-o", setting]);
  const wrong = checksums ? "|| icmp.checksum.status == 0" : "";
  const filter = `(${only}) && (_ws.malformed || _ws.expert ${wrong})`;
  const fields = ["-T", "fields", "-E", "separator=/t", "-e", "frame.number", "-e", "_ws.expert.message"];
  const stdout = await tshark(["-n", "-r", file, ...ONLY_DATA, ...preferences, "-Y", filter, ...fields]);
  const counts = new Map<string, { first: string; count: number }>();
  for (const line of stdout.split("\n").filter(Boolean)) {
    const [frame = "", messages = "an unnamed fault"] = line.split("\t");
    for (const message of splitMessages(messages)) {
      if ([...HARMLESS, ...expected].some((pattern) => pattern.test(message))) continue;
      const seen = counts.get(message);
      if (seen === undefined) counts.set(message, { first: frame, count: 1 });
      else seen.count++;
    }
  }
  return [...counts].map(([message, { first, count }]) => `${count}× ${message} (first in frame ${first})`);
}

/** tshark puts commas between several, and in them. */
function splitMessages(messages: string): string[] {
  return messages.split(/,(?=[A-Z])/).map((message) =>
    message
      .replaceAll("\\,", ",")
      .replace(/\[should be .*?\]/, "")
      .trim(),
  );
}

/** Of the packets that match a display filter: the fields' values, packet by packet. */
export async function fields(file: string, filter: string, ...names: string[]): Promise<string[][]> {
  const wanted = names.flatMap((name) => ["-e", name]);
  const args = [
    "-n",
    "-r",
    file,
    "-Y",
    filter,
    "-T",
    "fields",
    "-E",
    "separator=/t",
    "-E",
    "occurrence=f",
    ...wanted,
  ];
  const stdout = await tshark(args);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t"));
}

async function tshark(args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await execute("tshark", args, { maxBuffer: 1 << 28, timeout: 60_000 });
    return stdout;
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    throw new Error(`tshark ${args.join(" ")}: ${stderr.slice(0, 500)}`);
  }
}
