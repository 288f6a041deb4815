/**
 * A waker on a named pipe, for reader.test.ts: `waker-program.ts pipe|select PATH`. A program of its own, since a worker thread, as
 * tests have, keeps a list of its descriptors. Prints what was heard, and must end by itself.
 */
import { constants, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { pipeWaker } from "../../../src/node/tun/pipe-waker.ts";
import { selectWaker } from "../../../src/node/tun/select-waker.ts";

const [kind, path] = process.argv.slice(2);
const file = openSync(path!, constants.O_RDWR | constants.O_NONBLOCK);
let buffer = new Uint8Array(0);
const NEXT: Readonly<Record<string, string>> = { first: "second", second: "third" };

const makeWaker = kind === "pipe" ? pipeWaker : selectWaker;
/** As readers do, it has every packet read to another place. */
const memory = () => {
  buffer = new Uint8Array(100);
  return buffer;
};
const waker = makeWaker(file, memory, {
  woken(length) {
    const isRead = length > 0;
    const count = isRead ? length : readSync(file, memory());
    const text = new TextDecoder().decode(buffer.subarray(0, count));
    buffer = new Uint8Array(0);
    console.log(text, isRead ? "read" : "waits");
    const next = NEXT[text];
    if (next === undefined) end();
    else writeSync(file, next);
    if (text === "second") throw new Error("thrown");
  },
  failed(error) {
    throw error;
  },
});
process.on("uncaughtException", ({ message }) => console.log(message));
writeSync(file, "first");

function end(): void {
  writeSync(file, "another"); // which nobody must hear of
  waker.close();
  try {
    fstatSync(file);
    console.log("still open");
  } catch {
    console.log("closed");
  }
}
