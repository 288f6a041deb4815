/** Checks of what calls by descriptor are given, and what those who come from C or from the other face are told. */
import { checkWaiting, show } from "../misuse.ts";

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

const LENGTH = "there is no length: buffer.subarray(0, n) is n bytes of a buffer";
const ACCEPT = "who is at the other end is in what it returns, { fd, address }";
const COUNT = "iov says itself how many buffers it has";

/** What C has in the place of the last argument, by call, and where that is here. */
const HABITS: Readonly<Record<string, string>> = {
  accept: ACCEPT,
  accept4: ACCEPT,
  connect: "an address has no length beside it",
  read: LENGTH,
  write: LENGTH,
  recv: LENGTH,
  send: LENGTH,
  sendto: LENGTH,
  recvfrom: `${LENGTH}, and who sent it is in what it returns, { n, address }`,
  readv: COUNT,
  writev: COUNT,
  poll: "it takes no number of fds: poll(fds, timeout)",
};

/** The last argument of a call that may wait. */
export function checkOptions(syscall: string, options: unknown): void {
  checkWaiting(syscall, options, HABITS);
}
