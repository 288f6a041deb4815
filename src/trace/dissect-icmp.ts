/** ICMP messages for people (RFC 792, RFC 1191); see `dissect.ts`. */

export interface IcmpFields {
  readonly type: number;
  readonly code: number;
  readonly checksum: number;
  /** Of echo requests and replies, otherwise undefined. */
  readonly identifier: number | undefined;
  readonly sequence: number | undefined;
  /** Next-hop MTU of "fragmentation needed" (RFC 1191 §4), otherwise undefined. */
  readonly mtu: number | undefined;
  /** The name of type and code, in tcpdump's words where it has them. */
  readonly name: string;
}

const UNREACHABLE = [
  "net unreachable",
  "host unreachable",
  "protocol unreachable",
  "port unreachable",
  "fragmentation needed",
  "source route failed",
];

/** The message at `at`, or undefined when there are not eight bytes of it before `end`. */
export function icmpFields(view: DataView, at: number, end: number): IcmpFields | undefined {
  if (end - at < 8) return undefined;
  const type = view.getUint8(at);
  const code = view.getUint8(at + 1);
  const isEcho = type === 0 || type === 8;
  return {
    type,
    code,
    checksum: view.getUint16(at + 2),
    identifier: isEcho ? view.getUint16(at + 4) : undefined,
    sequence: isEcho ? view.getUint16(at + 6) : undefined,
    mtu: type === 3 && code === 4 ? view.getUint16(at + 6) : undefined,
    name: icmpName(type, code),
  };
}

function icmpName(type: number, code: number): string {
  if (type === 0) return "echo reply";
  if (type === 8) return "echo request";
  if (type === 3) return UNREACHABLE[code] ?? `unreachable, code ${code}`;
  if (type === 4) return "source quench";
  if (type === 5) return "redirect";
  if (type === 11) return code === 0 ? "time exceeded in-transit" : "ip reassembly time exceeded";
  if (type === 12) return "parameter problem";
  return `type ${type}, code ${code}`;
}
