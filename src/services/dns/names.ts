/** Names of domains as text: what can be one, and which are tried for what a user has typed. */
import { inetAddress } from "../../sockets/address.ts";

const LONGEST_NAME = 253;
const LONGEST_LABEL = 63;

/** Whether a server can be asked for `name`: labels of 1 to 63 characters that hosts' names have, 253 in all. */
export function isDomainName(name: string): boolean {
  return (
    name.length <= LONGEST_NAME &&
    name.split(".").every((label) => label.length <= LONGEST_LABEL && /^[A-Za-z0-9_-]+$/.test(label))
  );
}

/** Whether the name of an address may be kept under `name`: RFC 2317 §4 has slashes in such. As glibc, whatever can be printed. */
export function isReverseName(name: string): boolean {
  return (
    name.length <= LONGEST_NAME &&
    name.split(".").every((label) => label.length <= LONGEST_LABEL && /^[!-~]+$/.test(label))
  );
}

/** As names are compared (RFC 4343 §2), and without a dot at the end. */
export function fold(name: string): string {
  return name.replace(/\.$/, "").toLowerCase();
}

/**
 * The names to ask for, in the order of resolv.conf(5): one with at least `ndots` dots first as it is, then with each domain of the
 * search list behind it; one with fewer the other way round; one that ends with a dot only as it is.
 */
export function candidates(name: string, search: readonly string[], ndots: number): string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const dots = name.split(".").length - 1;
  const within = search.map((domain) => `${name}.${domain}`);
  return dots >= ndots ? [name, ...within] : [...within, name];
}

/** The name under which an address's name is kept (RFC 1035 §3.5). `address`: int32. */
export function reverseName(address: number): string {
  const quad = inetAddress(address, 0).address;
  return `${quad.split(".").reverse().join(".")}.in-addr.arpa`;
}
