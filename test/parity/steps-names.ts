/** Names and numbers: what needs no socket. */
import * as netwright from "../../src/index.ts";
import { method } from "./face.ts";
import type { Actions } from "./interpreter.ts";
import type { Word } from "./language.ts";
import { bytes, hex, number, text } from "./words.ts";

export const nameSteps: Actions = {
  inet_aton: (_, [word]) => hex(netwright.inet_aton(text(word))),
  inet_ntoa: (_, [word]) => netwright.inet_ntoa(bytes(word)),
  inet_addr: (_, [word]) => netwright.inet_addr(text(word)),
  inet_pton: (_, [family, word]) => hex(netwright.inet_pton(number(family), text(word))),
  inet_ntop: (_, [family, word]) => netwright.inet_ntop(number(family), bytes(word)),
  htons: (_, [value]) => netwright.htons(Number(value)),
  htonl: (_, [value]) => netwright.htonl(Number(value)),
  ntohs: (_, [value]) => netwright.ntohs(Number(value)),
  ntohl: (_, [value]) => netwright.ntohl(Number(value)),
  strerror: (_, [value]) => JSON.stringify(netwright.strerror(Number(value))),
  getservbyname: (run, [name, ...protocol]) => method(run.world.a, "getservbyname")(name, ...protocol),
  getservbyport: (run, [port, ...protocol]) =>
    method(run.world.a, "getservbyport")(Number(port), ...protocol),
  getprotobyname: (run, [name]) => method(run.world.a, "getprotobyname")(name),
  gethostbyname: (run, [name]) => method(run.world.a, "gethostbyname")(text(name)),
  has_dualstack_ipv6: (run) => (method(run.world.a, "has_dualstack_ipv6")() ? "True" : "False"),

  async getaddrinfo(run, [host, service, ...words]) {
    const given = Object.fromEntries(words.map((word) => String(word).split("=")));
    const hints = {
      family: number(given["family"]),
      type: number(given["type"]),
      proto: number(given["proto"]),
      flags: number(given["flags"]),
    };
    const optional = (word: Word | undefined) => (word === "none" ? null : text(word));
    const { family, type, proto, flags } = hints;
    const call = method(run.world.a, "getaddrinfo");
    const found = await call(optional(host), optional(service), family, type, proto, flags);
    return (found as unknown[]).map(showInfo).join(", ");
  },

  async getnameinfo(run, [word, flags]) {
    return (await method(run.world.a, "getnameinfo")(run.place(word), number(flags))).join(" ");
  },
};

function showInfo(row: unknown): string {
  const [family, type, proto, canonname, where] = row as [
    number,
    number,
    number,
    string,
    netwright.InetAddress,
  ];
  return `${family}/${type}/${proto} ${where.address}:${where.port}${canonname ? ` ${canonname}` : ""}`;
}
