/**
 * Who calls `ioctl`, which Node cannot: koffi where the user has installed it, else a short-lived process of perl, which is
 * part of every Debian, else of python3. A process gets the device as descriptor 3. What it sets belongs to the open file,
 * which both share; it must not be 0 to 2, since there Node would make the file blocking, for both.
 */
import { spawnSync } from "node:child_process";
import type { Outcome, Step } from "./ioctl.ts";
import { koffiHelper } from "./koffi-helper.ts";

/** Takes the steps, one after the other whatever becomes of each. Undefined when it is not installed. */
export type Helper = (
  file: number,
  steps: readonly Step[],
) => readonly Outcome[] | undefined | Promise<readonly Outcome[] | undefined>;

/** Arguments are steps, "t:REQUEST:b:BYTES" or "s:REQUEST:n:NUMBER"; a line of the answer is "ERRNO BYTES". */
const PERL = `
open(my $device, "+<&=", 3) or die "descriptor 3: $!";
socket(my $socket, 2, 2, 0) or die "socket: $!";
for (@ARGV) {
  my ($on, $request, $kind, $value) = split /:/;
  my $argument = $kind eq "b" ? pack("H*", $value) : int($value);
  my $done = ioctl($on eq "t" ? $device : $socket, hex($request), $argument);
  print $done ? 0 : $! + 0, " ", $kind eq "b" ? unpack("H*", $argument) : "", "\\n";
}
`;

const PYTHON = `
import fcntl, socket, sys
control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for step in sys.argv[1:]:
    on, request, kind, value = step.split(":")
    argument = bytearray.fromhex(value) if kind == "b" else int(value)
    error = 0
    try:
        fcntl.ioctl(3 if on == "t" else control.fileno(), int(request, 16), argument)
    except OSError as failure:
        error = failure.errno
    print(error, argument.hex() if kind == "b" else "")
`;

/** A helper that is the process `command args… STEP…`. */
export function processHelper(command: string, args: readonly string[]): Helper {
  return (file, steps) => {
    const { error, status, signal, stdout, stderr } = spawnSync(command, [...args, ...steps.map(stepText)], {
      stdio: ["ignore", "pipe", "pipe", file],
      encoding: "utf8",
      env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin" }, // PERL5OPT and its like stay out
      timeout: 10_000,
    });
    // EACCES: not to be run, or not found while a folder in PATH may not be looked into
    if (["ENOENT", "EACCES"].includes(String((error as NodeJS.ErrnoException | undefined)?.code)))
      return undefined;
    if (error === undefined && status === 0) {
      const outcomes = parseOutcomes(stdout);
      if (outcomes.length === steps.length) return outcomes;
    }
    const why = error?.message ?? (stderr.trim() || `it ended with ${status ?? signal}`);
    throw new Error(`${command} could not set up the TUN device: ${why}`);
  };
}

export const perlHelper = processHelper("perl", ["-e", PERL]);
export const pythonHelper = processHelper("python3", ["-I", "-S", "-c", PYTHON]);

/** In the order in which they are tried. */
export const HELPERS: readonly Helper[] = [koffiHelper, perlHelper, pythonHelper];

/** Has the first helper that is installed take the steps; undefined where none is. */
export async function takeSteps(
  file: number,
  steps: readonly Step[],
  helpers = HELPERS,
): Promise<readonly Outcome[] | undefined> {
  for (const helper of helpers) {
    const outcomes = await helper(file, steps);
    if (outcomes !== undefined) return outcomes;
  }
  return undefined;
}

function stepText({ on, request, argument }: Step): string {
  const target = `${on === "device" ? "t" : "s"}:${request.toString(16)}`;
  if (typeof argument === "number") return `${target}:n:${argument}`;
  return `${target}:b:${Buffer.from(argument).toString("hex")}`;
}

function parseOutcomes(text: string): Outcome[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [errno, hex = ""] = line.split(" ");
      return { errno: Number(errno), bytes: new Uint8Array(Buffer.from(hex, "hex")) };
    });
}
