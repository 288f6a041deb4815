/** Runs one program on netwright, through one face, and gives a result a step. */
import { GaiError, type Pending, SocketError } from "../../src/index.ts";
import { CFace } from "./c-face.ts";
import type { SocketFace, Thing } from "./face.ts";
import type { Face, Program, Step, Word } from "./language.ts";
import { type Place, PlacePrinter, parsePlace } from "./places.ts";
import { PythonFace } from "./python-face.ts";
import { dataSteps } from "./steps-data.ts";
import { messageSteps } from "./steps-message.ts";
import { nameSteps } from "./steps-names.ts";
import { optionSteps } from "./steps-options.ts";
import { pythonSteps } from "./steps-python.ts";
import { socketSteps } from "./steps-sockets.ts";
import { waitSteps } from "./steps-wait.ts";
import { Absent, errnoName, NoSuchThing } from "./words.ts";
import { makeWorld, type World } from "./world.ts";

/** What a step does: its result in words, a number, or nothing ("ok"). */
export type Action = (
  run: Run,
  words: readonly Word[],
  names: readonly string[],
) => Promise<string | number | undefined> | string | number | undefined | unknown;

export type Actions = Readonly<Record<string, Action>>;

const ACTIONS: Actions = {
  ...socketSteps,
  ...dataSteps,
  ...messageSteps,
  ...waitSteps,
  ...optionSteps,
  ...pythonSteps,
  ...nameSteps,
};

/** What is on its way over loopback arrives between two steps, ms. */
const SETTLE = 3;
const BLOCKS = Symbol("blocks");
const EINTR = 4;

/** One program under way. */
export class Run {
  readonly world: World;
  readonly face: SocketFace;
  readonly printer = new PlacePrinter();
  private readonly things = new Map<string, Thing>();

  constructor(world: World, face: SocketFace) {
    this.world = world;
    this.face = face;
  }

  /** The thing a variable names. Throws when the step that was to make it failed. */
  thing(name: Word | undefined): Thing {
    const found = this.things.get(String(name));
    if (found === undefined) throw new NoSuchThing();
    return found;
  }

  keep(name: string | undefined, thing: Thing): void {
    if (name !== undefined) this.things.set(name, thing);
  }

  /** The last variable that stands for a descriptor. */
  nameOf(fd: number): string {
    const found = [...this.things].filter(([, thing]) => thing.fd === fd);
    return found.at(-1)?.[0] ?? `descriptor ${fd}`;
  }

  place(word: Word | undefined): Place {
    return parsePlace(String(word), (name) => this.face.getsockname(this.thing(name)));
  }

  show(place: Place): string {
    return this.printer.show(place);
  }

  private pending(): Pending[] {
    return [this.world.a, this.world.b].flatMap((host) => [...(host?.pendingCalls ?? [])]);
  }

  async step({ op, words, names, within }: Step): Promise<string> {
    const action = ACTIONS[op];
    if (action === undefined) throw new Error(`there is no step ${op}`);
    const { net } = this.world;
    const before = new Set(this.pending());
    try {
      const work = (async () => action(this, words, names))();
      const result = await Promise.race([work, net.sleep(within).then(() => BLOCKS)]);
      if (result === BLOCKS) {
        // as a signal interrupts it on the other side
        for (const call of this.pending()) if (!before.has(call)) call.dismiss(EINTR);
        return "blocks";
      }
      return result === undefined || result === null ? "ok" : String(result);
    } catch (error) {
      return failure(error);
    }
  }
}

function failure(error: unknown): string {
  if (error instanceof NoSuchThing) return "-";
  if (error instanceof Absent) return `(${error.message})`;
  if (error instanceof GaiError) return error.code;
  if (error instanceof SocketError) return errnoName(error.errno);
  const isMisuse = error instanceof TypeError || error instanceof RangeError;
  // "x is not a function", "cannot read properties of": a fault, not an answer
  if (!isMisuse || /not a function|Cannot |^there is no /.test(error.message))
    return `(${(error as Error).message})`;
  return "misuse";
}

/** The results of a program, one a step. */
export async function runNetwright(program: Program, face: Face): Promise<string[]> {
  const world = makeWorld(program.wide);
  const run = new Run(world, face === "c" ? new CFace() : new PythonFace());
  const results: string[] = [];
  await world.net.run(async () => {
    for (const step of program.steps) {
      results.push(await run.step(step));
      await world.net.sleep(SETTLE);
    }
  });
  world.net.close();
  return results;
}
