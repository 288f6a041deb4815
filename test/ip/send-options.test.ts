/** IP_OPTIONS of a sender. What is refused and what is kept was tried on Linux 6.18, with CAP_NET_RAW and without. */
import { describe, expect, test } from "vitest";
import { EINVAL, EPERM } from "../../src/base/errno.ts";
import { checkOptions, OPTIONS_GOOD } from "../../src/ip/options.ts";
import { DEFAULT_CHOICE, type Path } from "../../src/ip/path.ts";
import { compileOptions } from "../../src/ip/send-options.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { IpHost, leaveNothingBehind } from "../support/ip-host.ts";
import { ip, pattern } from "../support/wire.ts";

leaveNothingBehind();

const hex = (text: string) =>
  Uint8Array.from(text.split(" ").filter(Boolean), (byte) => Number.parseInt(byte, 16));
const text = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

/** "EINVAL", "EPERM", or the options as they are kept. */
function compile(given: string, privileged = true): string {
  const result = compileOptions(hex(given), privileged);
  if (typeof result === "number") return result === -EPERM ? "EPERM" : result === -EINVAL ? "EINVAL" : "?";
  return text(result);
}

describe("what Linux keeps", () => {
  const KEPT: [what: string, given: string, kept: string][] = [
    ["nothing", "", ""],
    ["a NOP", "01", "01 00 00 00"],
    ["what follows the end is cleared", "00 07 02", "00 00 00 00"],
    ["a router alert", "94 04 00 00", "94 04 00 00"],
    ["two of them", "94 04 00 00 94 04 00 00", "94 04 00 00 94 04 00 00"],
    ["a record of the route", "07 07 04 00 00 00 00", "07 07 04 00 00 00 00 00"],
    ["a full one", "07 07 08 00 00 00 00", "07 07 08 00 00 00 00 00"],
    ["a pointer far away", "07 07 ff 00 00 00 00", "07 07 ff 00 00 00 00 00"],
    ["behind NOPs", "01 01 01 07 07 04 00 00 00 00", "01 01 01 07 07 04 00 00 00 00 00 00"],
    ["times", "44 08 05 00 00 00 00 00", "44 08 05 00 00 00 00 00"],
    ["times with addresses", "44 0c 05 01 00 00 00 00 00 00 00 00", "44 0c 05 01 00 00 00 00 00 00 00 00"],
    ["full times", "44 08 09 00 00 00 00 00", "44 08 09 00 00 00 00 00"],
    ["no room for a time", "44 04 05 00", "44 04 05 00"],
    ["forty bytes", "01 ".repeat(40), "01 ".repeat(40).trim()],
  ];
  for (const [what, given, kept] of KEPT) {
    test(what, () => expect([compile(given), compile(given, false)]).toEqual([kept, kept]));
  }

  test("unknown kinds of the privileged alone", () => {
    for (const given of ["c8 04 00 00", "1e 04 00 00", "88 04 00 00", "44 08 05 02 00 00 00 00"]) {
      expect([given, compile(given), compile(given, false)]).toEqual([given, given, "EINVAL"]);
    }
  });
});

describe("what Linux refuses", () => {
  const REFUSED: [what: string, given: string][] = [
    ["more than forty bytes", "01 ".repeat(41)],
    ["a kind without a length", "01 01 01 07"],
    ["length 0", "1e 00"],
    ["a length beyond the end", "1e 09 00"],
    ["a short router alert", "94 03 00"],
    ["two records of the route", "07 07 04 00 00 00 00 07 07 04 00 00 00 00"],
    ["a record with its pointer too low", "07 07 03 00 00 00 00"],
    ["a record with its pointer astray", "07 07 05 00 00 00 00"],
    ["a record without a pointer", "07 02"],
    ["two timestamps", "44 08 05 00 00 00 00 00 44 08 05 00 00 00 00 00"],
    ["a timestamp with its pointer too low", "44 08 04 00 00 00 00 00"],
    ["a timestamp with its pointer astray", "44 08 06 00 00 00 00 00"],
    ["a short timestamp", "44 03 05"],
    ["a full timestamp with its overflow full", "44 08 09 f0 00 00 00 00"],
    ["a label", "86 06 00 00 00 01"],
    ["a source route with its pointer moved", "83 07 08 7f 00 00 01"],
    ["a source route to nowhere", "83 03 04"],
    ["a source route of a broken length", "83 08 04 7f 00 00 01 00"],
  ];
  for (const [what, given] of REFUSED) test(what, () => expect(compile(given)).toBe("EINVAL"));

  test("RFC7126-4.3: source routes, as of one without privilege", () => {
    expect(compile("83 07 04 7f 00 00 01")).toBe("EPERM");
    expect(compile("89 0b 04 7f 00 00 01 7f 00 00 01", false)).toBe("EPERM");
  });
});

describe("the first host", () => {
  /** The options in the header of what goes to 10.0.0.2, 3725 ms after the start. */
  function sent(given: string): string {
    const host = new IpHost();
    host.advance(3725);
    const options = compileOptions(hex(given), true) as Uint8Array;
    const path = host.ip.path(ip("10.0.0.2"), 0, { ...DEFAULT_CHOICE, options }) as Path;
    path.send(packetPool.from(pattern(4)), 253, { timeToLive: 1, trafficClass: 0, dontFragment: true });
    const bytes = host.link.take()[0]!;
    const found = bytes.subarray(20, (bytes[0]! & 15) << 2);
    expect(checkOptions(new DataView(found.buffer, found.byteOffset), 0, found.length)).toBe(OPTIONS_GOOD);
    return text(found);
  }

  test("stands first in the record of the route, if there is room", () => {
    expect(sent("07 0b 04 00 00 00 00 00 00 00 00")).toBe("07 0b 08 0a 00 00 01 00 00 00 00 00");
    expect(sent("07 07 08 01 02 03 04")).toBe("07 07 08 01 02 03 04 00");
  });

  test("tells its time, which is none of the day", () => {
    expect(sent("44 0c 05 00 00 00 00 00 00 00 00 00")).toBe("44 0c 09 00 80 00 0e 8d 00 00 00 00");
    expect(sent("44 0c 05 01 00 00 00 00 00 00 00 00")).toBe("44 0c 0d 01 0a 00 00 01 80 00 0e 8d");
    expect(sent("44 0c 05 03 01 02 03 04 00 00 00 00")).toBe("44 0c 05 03 01 02 03 04 00 00 00 00");
    expect(sent("44 0c 05 03 0a 00 00 01 00 00 00 00")).toBe("44 0c 0d 03 0a 00 00 01 80 00 0e 8d");
    expect(sent("44 08 09 00 01 02 03 04")).toBe("44 08 09 00 01 02 03 04");
  });
});
