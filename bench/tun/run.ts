/**
 * `npm run bench:tun [-- [--smoke] [--rounds N]]`: the stack on TUN devices against the kernel of this machine, beside the kernel against
 * itself over a veth pair, in one run. All of it happens in network namespaces that end with the processes in them. Where that
 * is not allowed one line says why, and nothing is measured.
 */
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { fileURLToPath } from "node:url";

const DEVICE = "/dev/net/tun";
/** As root, or as anybody where the kernel lets anybody have namespaces. */
const WAYS: readonly (readonly string[])[] = [["-n"], ["-Urn"]];

/** What stands in the way; undefined when nothing does. */
function obstacle(way: readonly string[] | undefined): string | undefined {
  try {
    accessSync(DEVICE, constants.R_OK | constants.W_OK);
  } catch (error) {
    return `${DEVICE} cannot be opened here (${(error as NodeJS.ErrnoException).code})`;
  }
  if (way === undefined) return "no network namespace can be made here with unshare (are you root?)";
  const missing = ["ip", "nsenter", "python3"].filter(
    (command) => spawnSync(command, ["-V"], { stdio: "ignore" }).error !== undefined,
  );
  return missing.length === 0 ? undefined : `${missing.join(", ")} not installed`;
}

function main(): void {
  const way = WAYS.find((flags) => spawnSync("unshare", [...flags, "true"]).status === 0);
  const reason = obstacle(way);
  if (reason !== undefined) {
    console.log(`bench:tun: nothing measured: ${reason}`);
    return;
  }
  const suite = fileURLToPath(new URL("suite.ts", import.meta.url));
  const command = [...way!, process.execPath, "--import", "tsx", suite, ...process.argv.slice(2)];
  // the suite ends when its input does, and with it everything it has started
  const child = spawn("unshare", command, { stdio: ["pipe", "inherit", "inherit"] });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  child.on("close", (code) => {
    process.exitCode = code ?? 1;
  });
}

main();
