/** The options by which every command that works on a real network says where that is. */
import { type CommandLine, numberOption, type Options, UsageError } from "../arguments.ts";

export const LINK_OPTIONS: Options = {
  address: { value: "CIDR", help: "the kernel's side of the device, such as 10.9.0.1/24" },
  peer: { value: "ADDRESS", help: "the stack's own address, such as 10.9.0.2" },
  name: { value: "NAME", help: "the device's name; default: the first of nw0, nw1 … that is free" },
  mtu: { value: "BYTES", help: "the device's MTU; default 1500" },
  "no-offload": { help: "leave neither checksums nor the cutting of segments to the kernel" },
};

/** What the options say, checked. */
export interface LinkChoice {
  /** The kernel's side in CIDR notation; undefined for a device that somebody has prepared. */
  readonly address: string | undefined;
  /** The stack's own. */
  readonly peer: string;
  readonly name: string | undefined;
  readonly mtu: number | undefined;
  readonly offload: boolean;
}

/** Judges the options; throws a UsageError of one line. `command` is "netwright ping". */
export function linkChoice(command: string, line: CommandLine): LinkChoice {
  const { values } = line;
  const peer = values.get("peer");
  if (peer === undefined) {
    throw new UsageError(
      `${command} needs the two ends of its device: --address 10.9.0.1/24 (the kernel's) and --peer 10.9.0.2 (its own)`,
    );
  }
  const fits = (value: number) => Number.isInteger(value) && value >= 68 && value <= 65_535;
  const mtu = values.has("mtu")
    ? numberOption(line, "mtu", 1500, "a whole number of bytes from 68 to 65535", fits)
    : undefined;
  return {
    address: values.get("address"),
    peer,
    name: values.get("name"),
    mtu,
    offload: !values.has("no-offload"),
  };
}
