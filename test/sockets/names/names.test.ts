/**
 * The name calls beside glibc's: recorded.jsonl has what Python's socket module answered on Linux, record.py made it. The
 * hosts file of the recording becomes the host's table.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as netwright from "../../../src/index.ts";
import { GaiError, type Host, HostError, SocketError } from "../../../src/index.ts";
import { host } from "../../../src/vitest/index.ts";

type Result = unknown;
type Line = [call: string, given: (string | number | null | number[])[], result: Result];

const [hosts, ...calls] = readFileSync(new URL("./recorded.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line)) as [hosts: string[][], ...calls: Line[]];

/** Python's errors for what is misuse here: a number out of range, a text that is no host name in IDNA. */
const MISUSE = ["OverflowError", "ValueError"];

function box(): Host {
  const made = host({ name: "box", clock: new netwright.VirtualClock(), seed: 1 });
  made.hosts.remove("127.0.0.1");
  for (const [address, name, ...aliases] of hosts) made.hosts.add(address!, name!, ...aliases);
  return made;
}

/** The outcome of a call in the recording's form. */
async function ask(on: Host, call: string, given: Line[1]): Promise<Result> {
  const values = given.map((value) => (Array.isArray(value) ? Uint8Array.from(value) : value));
  try {
    const result =
      call === "getnameinfo"
        ? await on.getnameinfo(
            { address: values[0] as string, port: values[1] as number },
            values[2] as number,
          )
        : await Reflect.get(call in on ? on : netwright, call).apply(on, values);
    if (result instanceof Uint8Array) return [...result];
    if (call !== "getaddrinfo") return result;
    return result.map(([family, type, protocol, name, { address, port }]: netwright.AddressInfo) => [
      ...[family, type, protocol, name],
      [address, port],
    ]);
  } catch (error) {
    if (error instanceof HostError) return { error: "herror", errno: -error.errno };
    if (error instanceof GaiError) return { error: "gaierror", errno: error.errno };
    if (error instanceof SocketError) return { error: "OSError", errno: error.errno };
    if (error instanceof RangeError) return { error: "RangeError" };
    throw error;
  }
}

/** What is to come out here. */
function expected(result: Result): Result {
  if (typeof result !== "object" || result === null || !("error" in result)) return result;
  if (MISUSE.includes(result.error as string)) return { error: "RangeError" };
  // inet_pton and the tables: an OSError, of which Python does not always know the number
  return result.error === "OSError" ? { error: "OSError", errno: expect.any(Number) } : result;
}

describe("as glibc answers through Python", () => {
  const names = [...new Set(calls.map(([call]) => call))];

  it.each(names)("%s", async (name) => {
    const on = box();
    const lines = calls.filter(([call]) => call === name);
    expect(lines.length).toBeGreaterThan(4);
    for (const [call, given, result] of lines) {
      expect([call, given, await ask(on, call, given)]).toEqual([call, given, expected(result)]);
    }
  });

  it("in more than a thousand calls", () => {
    expect(calls.length).toBeGreaterThan(1000);
    expect(calls.filter(([call]) => call === "getaddrinfo").length).toBeGreaterThan(250);
  });
});
