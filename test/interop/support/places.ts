/** Streets for whole groups of tests: laid before the first, cleared after the last, whatever comes between. */
import { afterAll, afterEach, beforeAll, type TestContext } from "vitest";
import { missing, needs, skip } from "./missing.ts";
import { Stack } from "./stack.ts";
import { Street } from "./street.ts";
import type { Wire, WireCounts } from "./wire.ts";

export interface Place {
  readonly street: Street;
  readonly stack: Stack;
}

export interface PlaceOptions {
  /** Of `netwright tun`. A function is told the street's folder. */
  readonly tun?: readonly string[] | ((folder: string) => readonly string[] | Promise<readonly string[]>);
  /** A long street with such a wire; without it a plain one. */
  readonly wire?: Wire;
  /** Programs without which not one of the tests can run. */
  readonly programs?: readonly string[];
  /** Before the stack starts. */
  readonly prepare?: (street: Street) => Promise<void>;
  /** Hears what became of the packets on the wire. */
  readonly onWire?: (counts: WireCounts) => void;
}

/** `const at = usePlace(…)` in a describe; in a test, `const { street, stack } = at(context, "curl")`, which skips where it must. */
export function usePlace(options: PlaceOptions = {}): (context: TestContext, ...programs: string[]) => Place {
  const { programs = [], wire } = options;
  let place: Place | undefined;
  let street: Street | undefined;
  let hasFailed = false;
  const reason = missing(programs);
  beforeAll(async () => {
    if (reason !== undefined) return;
    street = wire === undefined ? Street.plain() : await Street.long(wire);
    await options.prepare?.(street);
    const tun = typeof options.tun === "function" ? await options.tun(street.folder) : options.tun;
    place = { street, stack: await Stack.start(street, tun) };
  }, 60_000);
  afterEach((context) => {
    if (context.task.result?.state !== "fail" || street === undefined) return;
    hasFailed = true;
    console.log(howToRepeat(context.task.name, street, place?.stack));
  });
  afterAll(async () => {
    try {
      await place?.stack.stop();
    } finally {
      const counts = await street?.close(hasFailed);
      if (counts !== undefined) options.onWire?.(counts);
    }
  }, 60_000);
  return (context, ...more) => {
    const why = reason ?? missing(more);
    if (why !== undefined) skip(context, why);
    return place!;
  };
}

/** A street for one test, which starts what it needs there; by default python3 must be installed. */
export async function onStreet(
  context: TestContext,
  options: Omit<PlaceOptions, "tun">,
  body: (street: Street) => Promise<void>,
): Promise<void> {
  const { wire, programs = ["python3"] } = options;
  needs(context, ...programs);
  const street = wire === undefined ? Street.plain() : await Street.long(wire);
  try {
    await options.prepare?.(street);
    await body(street);
  } catch (error) {
    console.log(howToRepeat(context.task.name, street, undefined));
    await street.close(true);
    throw error;
  }
  const counts = await street.close();
  if (counts !== undefined) options.onWire?.(counts);
}

function howToRepeat(name: string, street: Street, stack: Stack | undefined): string {
  const said = stack === undefined ? "" : `${stack.running.out}${stack.running.err}`.slice(-2000);
  return `to see it again: npm run interop -- -t "${name}"
  wire: ${street.setting}
  files: ${street.folder}
  the stack said: ${said}`;
}
