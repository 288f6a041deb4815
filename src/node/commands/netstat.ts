/** `netwright netstat`: the sockets and counters of a netwright process that runs. */
import { describeOptions, HELP_OPTION, type Options, parseCommandLine } from "../arguments.ts";
import { ask, chooseProcess } from "../station/control-client.ts";
import type { Terminal } from "../terminal.ts";

const OPTIONS: Options = {
  json: { help: "print one JSON object: { sockets, counters }" },
  help: HELP_OPTION,
};

const HELP = `netwright netstat [PID]: the sockets of a netwright process that runs, and what it has counted

Without PID it asks the only one there is. It sees your own processes: for those of root it needs sudo too. They print the same on
SIGUSR1.

${describeOptions(OPTIONS)}

  sudo npx netwright netstat
`;

export async function netstatCommand(argv: readonly string[], terminal: Terminal): Promise<void> {
  const { values, positionals } = parseCommandLine("netwright netstat", OPTIONS, argv, ["PID"]);
  if (values.has("help")) return terminal.out(HELP);
  const { path } = await chooseProcess("netwright netstat", positionals[0]);
  terminal.out(await ask(path, values.has("json") ? "netstat json" : "netstat"));
}
