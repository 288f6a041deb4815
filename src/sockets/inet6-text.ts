/** IPv6 addresses between text and 16 bytes (RFC 4291 §2.2, RFC 5952), as glibc reads and prints them. */
import { formatAddress, tryParseAddress } from "../ip/address.ts";

const WORDS = 8;

/** The 16 bytes of an address, or undefined for what is none. A zone ("%lo") is not taken. */
export function parseAddress6(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half, index) => parseWords(half, index === halves.length - 1));
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === WORDS ? bytesOf(head) : undefined;
  if (tail === undefined || head.length + tail.length >= WORDS) return undefined; // :: is one word at least
  const zeros = new Array<number>(WORDS - head.length - tail.length).fill(0);
  return bytesOf([...head, ...zeros, ...tail]);
}

/** The text of 16 bytes: the longest run of two or more zero words is "::", the first of equals (RFC 5952 §4.2). */
export function formatAddress6(bytes: Uint8Array): string {
  const words = Array.from({ length: WORDS }, (_, at) => (bytes[at * 2]! << 8) | bytes[at * 2 + 1]!);
  const { start, length } = longestZeros(words);
  // IPv4-compatible and IPv4-mapped addresses (RFC 5952 §5)
  const isMixed = start === 0 && (length === 6 || (length === 5 && words[5] === 0xffff));
  const texts = words.map((word) => word.toString(16));
  if (isMixed) {
    const address = (words[6]! << 16) | words[7]!;
    texts.splice(6, 2, formatAddress(address));
  }
  if (length < 2) return texts.join(":");
  return `${texts.slice(0, start).join(":")}::${texts.slice(start + length).join(":")}`;
}

/** The words of one side of "::"; a dotted quad may stand at the end of the text. */
function parseWords(text: string, isEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const words: number[] = [];
  const parts = text.split(":");
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index]!;
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      words.push(Number.parseInt(part, 16));
      continue;
    }
    const quad = isEnd && index === parts.length - 1 ? tryParseAddress(part) : undefined;
    if (quad === undefined) return undefined;
    words.push(quad >>> 16, quad & 0xffff);
  }
  return words;
}

function bytesOf(words: readonly number[]): Uint8Array {
  return Uint8Array.from(words.flatMap((word) => [word >> 8, word & 255]));
}

function longestZeros(words: readonly number[]): { start: number; length: number } {
  let best = { start: -1, length: 0 };
  let length = 0;
  for (let at = 0; at < WORDS; at++) {
    length = words[at] === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: at - length + 1, length };
  }
  return best;
}
