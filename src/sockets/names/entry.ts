import { show } from "../misuse.ts";

/** A name in a table: in the files that the tables stand for, white space would end it and # begin a comment. */
export function checkName(call: string, what: string, name: unknown): asserts name is string {
  if (typeof name === "string" && /^[^\s#]+$/.test(name)) return;
  throw new TypeError(`${call}: ${what} is a string without white space and #, not ${show(name)}`);
}
