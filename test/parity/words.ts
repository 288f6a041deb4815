/** The words of the language in numbers and bytes, and results in words: the same as kernel.py's, letter for letter. */
import * as netwright from "../../src/index.ts";
import type { Word } from "./language.ts";

/** A step names a variable that an earlier step failed to make. */
export class NoSuchThing extends Error {}

/** What the language names and netwright has not (yet): shown as the step's result. */
export class Absent extends Error {}

/** The value of `A|B|0x10|-1`. The names are netwright's own constants. */
export function number(text: Word | undefined): number {
  if (text === undefined) return 0;
  let total = 0;
  for (const part of String(text).split("|")) {
    const value = one(part);
    total = total === 0 ? value : total | value;
  }
  return total;
}

function one(text: string): number {
  if (/^-?(0x[0-9a-f]+|\d+)$/i.test(text))
    return text.startsWith("-") ? -Number(text.slice(1)) : Number(text);
  const value = (netwright as Record<string, unknown>)[text];
  if (typeof value !== "number") throw new Absent(`no ${text}`);
  return value;
}

/** The bytes of a quoted word. */
export function bytes(word: Word | undefined): Uint8Array {
  if (typeof word !== "object") throw new Error(`bytes stand in quotes, not ${word}`);
  return Uint8Array.from(word.data, (character) => character.charCodeAt(0));
}

/** A word that may stand in quotes, as text. */
export function text(word: Word | undefined): string {
  return typeof word === "object" ? word.data : String(word);
}

/** The names of a mask's bits, or "0". */
export function mask(value: number, prefix: string, names: string): string {
  const found = names.split(" ").map((name) => prefix + name);
  const set = found.filter((name) => (value & number(name)) !== 0);
  const rest = value & ~found.reduce((all, name) => all | number(name), 0);
  if (rest !== 0) set.push(`0x${(rest >>> 0).toString(16)}`);
  return set.join("|") || "0";
}

export function pollMask(value: number): string {
  return mask(value, "POLL", "IN PRI OUT ERR HUP NVAL RDHUP");
}

export function epollMask(value: number): string {
  return mask(value, "EPOLL", "IN PRI OUT ERR HUP RDHUP");
}

export function messageFlags(value: number): string {
  return mask(value, "MSG_", "OOB CTRUNC TRUNC EOR ERRQUEUE");
}

/** Bytes as the language writes them; a long run of one byte as "x"*1000, other long data by length and sum. */
export function show(data: Uint8Array): string {
  const quote = (part: Uint8Array) =>
    JSON.stringify(String.fromCharCode(...part)).replace(/[\u007f-\u00ff]/g, (character) => {
      return character === "\u007f"
        ? character
        : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
    });
  if (data.length > 8 && data.every((byte) => byte === data[0])) {
    return `${quote(data.subarray(0, 1))}*${data.length}`;
  }
  if (data.length > 120) return `${data.length} bytes, sum ${data.reduce((sum, byte) => sum + byte, 0)}`;
  return quote(data);
}

export function hex(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The name of a positive errno; Linux has two for some. */
export function errnoName(code: number): string {
  const name = netwright.errorName(code);
  return name === "EWOULDBLOCK" ? "EAGAIN" : name;
}

/** What stands before the first keyword (under ""), and the words after each. */
export function parts(words: readonly Word[], keywords: readonly string[]): Record<string, Word[]> {
  const found: Record<string, Word[]> = { "": [] };
  let key = "";
  for (const word of words) {
    if (typeof word === "string" && keywords.includes(word)) {
      key = word;
      found[key] = [];
    } else {
      found[key]!.push(word);
    }
  }
  return found;
}
