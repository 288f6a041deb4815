import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { packetPool } from "../../src/packet/pool.ts";
import { live, type Outcome } from "./world.ts";

afterEach(() => expect(packetPool.outstanding).toBe(0));

async function elsewhere(seed: number): Promise<Outcome> {
  const program = fileURLToPath(new URL("world.ts", import.meta.url));
  const args = ["--import", "tsx", program, String(seed)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout);
}

describe("determinism", () => {
  it("equal seeds give equal hashes and captures, in this process and in another", async () => {
    const [other, first] = await Promise.all([elsewhere(42), live(42)]);
    const second = await live(42);
    expect(first.leaks).toEqual([]);
    expect(second).toEqual(first);
    expect(other).toEqual(first);
  });

  it("different seeds give different worlds", async () => {
    const outcomes = [await live(1), await live(2), await live(3)];
    expect(new Set(outcomes.map(({ hash }) => hash)).size).toBe(3);
    expect(new Set(outcomes.map(({ capture }) => capture)).size).toBe(3);
  });
});
