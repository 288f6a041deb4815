/** DNS's wire format (RFC 1035 §4, RFC 6891), by the package dns-packet, for a StubResolver. */
import { decode, encode, type OptAnswer, RECURSION_DESIRED } from "dns-packet";
import type { DnsCodec, DnsMessage, DnsQuery, DnsRecord } from "../services/dns/index.ts";

/** What dns-packet makes of a message; it gives more than its types say. */
type Decoded = ReturnType<typeof decode> & { id: number; flags: number };
type DecodedRecord = NonNullable<Decoded["answers"]>[number];

/** Bits of the header's second word. */
const RESPONSE = 0x8000;
const AUTHORITATIVE = 0x0400;
const TRUNCATED = 0x0200;
const RECURSION_AVAILABLE = 0x0080;

/** `new StubResolver(host, { codec: dnsWire, … })`. */
export const dnsWire: DnsCodec = {
  encode({ id, name, type, udpSize }: DnsQuery): Uint8Array {
    return encode({
      type: "query",
      id,
      flags: RECURSION_DESIRED,
      questions: [{ name, type, class: "IN" }],
      additionals: udpSize === undefined ? [] : [opt(udpSize)],
    });
  },

  decode(bytes: Uint8Array): DnsMessage {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const word = buffer.readUInt16BE(2); // RangeError where there is none
    const message = decode(buffer) as Decoded;
    // dns-packet reads records that are cut off as if there were more
    if (decode.bytes > buffer.length) throw new RangeError("the message is cut off");
    return {
      id: message.id,
      isResponse: (word & RESPONSE) !== 0,
      opcode: (word >>> 11) & 15,
      isAuthoritative: (word & AUTHORITATIVE) !== 0,
      isTruncated: (word & TRUNCATED) !== 0,
      recursionAvailable: (word & RECURSION_AVAILABLE) !== 0,
      rcode: (word & 15) | (extendedRcode(message.additionals ?? []) << 4),
      questions: (message.questions ?? []).map((each) => ({
        name: bare(each.name),
        type: each.type,
        class: each.class ?? "IN",
      })),
      answers: (message.answers ?? []).map(record),
      authorities: (message.authorities ?? []).map(record),
    };
  },
};

function opt(udpPayloadSize: number): OptAnswer {
  const rest = { extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] };
  return { type: "OPT", name: ".", udpPayloadSize, ...rest };
}

/** RFC 6891 §6.1.3: the upper eight bits. */
function extendedRcode(additionals: readonly DecodedRecord[]): number {
  const found = additionals.find((each) => each.type === "OPT");
  return found?.type === "OPT" ? found.extendedRcode : 0;
}

function record(given: DecodedRecord): DnsRecord {
  const { type } = given;
  const isName = type === "CNAME" || type === "PTR";
  return {
    name: bare(given.name),
    type,
    class: ("class" in given && given.class) || "IN",
    ttl: ("ttl" in given && given.ttl) || 0,
    data: type === "A" ? given.data : isName ? bare(given.data) : undefined,
    minimum: type === "SOA" ? given.data.minimum : undefined,
  };
}

/** dns-packet calls the root ".". */
function bare(name: string): string {
  return name === "." ? "" : name;
}
