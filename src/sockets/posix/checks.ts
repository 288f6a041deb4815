/** Checks of what calls by descriptor are given, and what those who come from C or from the other face are told. */
import { show } from "../misuse.ts";

/** That `fd` is a number, if it is to be looked up. Whether it is open is another question: EBADF. */
export function checkDescriptor(syscall: string, fd: unknown): asserts fd is number {
  if (typeof fd === "number" && Number.isInteger(fd)) return;
  throw new TypeError(`${syscall}: fd is an integer, not ${show(fd)}${wayToDescriptor(fd)}`);
}

/** Where the descriptor is to be found in what was taken for one. */
function wayToDescriptor(value: unknown): string {
  if (value instanceof Promise) return ": it has to be awaited";
  if (Array.isArray(value))
    return value.length === 2 ? ": socketpair gives two, of which this takes one" : "";
  if (typeof value !== "object" || value === null) return "";
  if ("fileno" in value) return ": its descriptor is what its fileno() gives";
  return "fd" in value ? ": accept gives { fd, address }, of which this takes the fd" : "";
}
