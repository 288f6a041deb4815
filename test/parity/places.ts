/** Addresses of the language, and how results show them: ports that were picked as P1, P2 …, in order of appearance. */
import { AF_UNSPEC } from "../../src/index.ts";
import { hex } from "./words.ts";

/** An address as both faces can make theirs from. */
export type Place =
  | { readonly kind: "inet"; readonly address: string; readonly port: number }
  /** "" is no name, a leading "\0" an abstract one. */
  | { readonly kind: "unix"; readonly path: string }
  | {
      readonly kind: "packet";
      readonly interface: string;
      readonly protocol: number;
      /** Of an address that was told: the hardware's type and address. */
      readonly hardware?: string;
    }
  /** A family that is not the socket's. */
  | { readonly kind: "family"; readonly family: number }
  | { readonly kind: "unspec" }
  | { readonly kind: "none" };

const HOSTS: Readonly<Record<string, string>> = {
  lo: "127.0.0.1",
  any: "0.0.0.0",
  a: "10.0.0.1",
  b: "10.0.0.2",
  silent: "10.0.0.3",
  nobody: "10.0.0.4",
  subnet: "10.0.0.255",
  bcast: "255.255.255.255",
  unreachable: "10.67.0.1",
  prohibited: "10.68.0.1",
  dropped: "10.66.0.1",
  noroute: "192.0.2.1",
};

const FIRST_EPHEMERAL = 32_768;

/** "lo" → "127.0.0.1"; what is no name stays. */
export function hostAddress(name: string): string {
  return HOSTS[name] ?? name;
}

/** The place a word names. `nameOf` gives the local name of a socket. */
export function parsePlace(word: string, nameOf: (thing: string) => Place): Place {
  if (word === "none" || word === "unspec") return { kind: word };
  if (word.startsWith("@")) return nameOf(word.slice(1));
  if (word.startsWith("unix:")) return { kind: "unix", path: word.slice(5).replace(/^@/, "\0") };
  if (word.startsWith("family:")) return { kind: "family", family: Number(word.slice(7)) };
  if (word.startsWith("packet:")) {
    const [, name, protocol] = word.split(":");
    return { kind: "packet", interface: name!, protocol: Number(protocol) };
  }
  const [host, port] = word.split(":");
  const number = port!.startsWith("@") ? portOf(nameOf(port!.slice(1))) : Number(port);
  return { kind: "inet", address: hostAddress(host!), port: number };
}

function portOf(place: Place): number {
  return place.kind === "inet" ? place.port : 0;
}

/** An address as netwright's calls return it, as a place. */
export function placeOf(address: unknown): Place {
  if (address === undefined || address === null) return { kind: "none" };
  if (typeof address === "string") return { kind: "unix", path: address };
  const fields = address as Record<string, unknown>;
  if (fields["family"] === AF_UNSPEC) return { kind: "none" };
  if (typeof fields["path"] === "string") return { kind: "unix", path: fields["path"] };
  if (fields["interface"] !== undefined || fields["protocol"] !== undefined) {
    return {
      kind: "packet",
      interface: String(fields["interface"]),
      protocol: Number(fields["protocol"]) + 0x1_0000 * Number(fields["packetType"] ?? 0),
      hardware: `${fields["hardwareType"]},${hex(fields["hardwareAddress"] as Uint8Array)}`,
    };
  }
  if (fields["address"] === undefined) return { kind: "unix", path: "" };
  return { kind: "inet", address: String(fields["address"]), port: Number(fields["port"]) };
}

/** Names the picked ports of one program. */
export class PlacePrinter {
  private readonly ports = new Map<number, string>();

  show(place: Place): string {
    if (place.kind === "unix") {
      if (!place.path.startsWith("\0")) return `unix:${place.path}`;
      return /^\0[0-9a-f]{5}$/.test(place.path) ? "unix:@auto" : `unix:@${place.path.slice(1)}`;
    }
    if (place.kind === "packet") {
      const protocol = (place.protocol & 0xffff).toString(16).padStart(4, "0");
      return `packet(${place.interface},0x${protocol},${place.protocol >> 16})`;
    }
    if (place.kind === "inet") return `${place.address}:${this.port(place.port)}`;
    return "none";
  }

  private port(port: number): string {
    if (port < FIRST_EPHEMERAL) return String(port);
    const name = this.ports.get(port) ?? `P${this.ports.size + 1}`;
    this.ports.set(port, name);
    return name;
  }
}
