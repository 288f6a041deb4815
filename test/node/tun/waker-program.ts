/**
 * A waker on a named pipe, for reader.test.ts: `waker-program.ts pipe|select PATH`. A program of its own, since a worker thread, as
 * tests have, keeps a list of its descriptors. Prints what was heard, and must end by itself.
 */
import { constants, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { pipeWaker } from "../../../src/node/tun/pipe-waker.ts";
import { selectWaker } from "../../../src/node/tun/select-waker.ts";

const [kind, path] = process.argv.slice(2);
const file = openSync(path!, constants.O_RDWR | constants.O_NONBLOCK);
const buffer = new Uint8Array(100);

const makeWaker = kind === "pipe" ? pipeWaker : selectWaker;
const waker = makeWaker(file, buffer, {
  woken(length) {
    const isRead = length > 0;
    const count = isRead ? length : readSync(file, buffer);
    console.log(new TextDecoder().decode(buffer.subarray(0, count)), isRead ? "read" : "waits");
    if (count === "first".length) writeSync(file, "second");
    else end();
  },
  failed(error) {
    throw error;
  },
});
writeSync(file, "first");

function end(): void {
  writeSync(file, "third"); // which nobody must hear of
  waker.close();
  try {
    fstatSync(file);
    console.log("still open");
  } catch {
    console.log("closed");
  }
}
