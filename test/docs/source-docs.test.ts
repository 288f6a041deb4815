import { describe, expect, it } from "vitest";
import { classMembers, constants, functions } from "../../scripts/source-docs.ts";

const CLASS = `
/** Of the class. */
export abstract class Thing<A> extends Other {
  /** A field. */
  readonly name: string;
  /** Not for others. */
  private readonly secret = (x: number): number => x;
  silent = 1;

  /** Makes one. */
  constructor(name: string) {
    this.name = name;
  }

  /** Of the getter. */
  get size(): number {
    return 1;
  }

  get late(): number {
    return 1;
  }

  /** Of the setter. */
  set late(value: number) {
    if (value > 1) {
      throw new RangeError("no");
    }
  }

  /**
   * Sends {@link size} bytes,
   * and waits.
   */
  async send<T extends Map<string, number>>(data: Uint8Array, flags = 0, options: Options<T> = {}): Promise<{ n: number }> {
    return this.read(data);
  }

  /** In one line. */
  readonly read = async (
    fd: number,
    { signal, more }: Options = {},
    ...rest: unknown[]
  ): Promise<number> => 1;

  /** Of two forms. */
  overloaded(family: 1): string;
  overloaded(family: 2, text?: string): string;
  overloaded(family: number = AF_INET, type = 3): string {
    return "";
  }

  /** As a whole. */
  readonly ioctl = ((fd: number, request: number, argument?: unknown): unknown => {
    return fd;
  }) as Ioctl;

  /** Told elsewhere. */
  abstract close(): Promise<void>;

  /** Of a generator. */
  async *[Symbol.asyncIterator](): AsyncGenerator<A> {}

  protected hidden(): void {}
}

export class Next {
  /** Not of Thing. */
  other(): void {}
}
`;

describe("classMembers", () => {
  const members = classMembers(CLASS, "Thing");
  const said = (name: string) => members.find((member) => member.name === name);

  it("finds what is public, in order, with what is said of it", () => {
    const table = members.map(({ name, parameters, gives, text }) => [name, parameters, gives, text]);
    expect(table).toEqual([
      ["name", undefined, "string", "A field."],
      ["silent", undefined, "", ""],
      ["size", undefined, "number", "Of the getter."],
      ["late", undefined, "number", "Of the setter."],
      ["send", "data, flags = 0, options?", "Promise<{ n: number }>", "Sends `size` bytes, and waits."],
      ["read", "fd, { signal, more }?, ...rest", "Promise<number>", "In one line."],
      ["overloaded", "family = AF_INET, type = 3", "string", "Of two forms."],
      ["ioctl", "fd, request, argument?", "unknown", "As a whole."],
      ["close", "", "Promise<void>", "Told elsewhere."],
      ["[Symbol.asyncIterator]", "", "AsyncGenerator<A>", "Of a generator."],
    ]);
  });

  it("says what is only announced", () => {
    expect(said("close")?.isAbstract).toBe(true);
    expect(said("send")?.isAbstract).toBe(false);
  });

  it("knows where a class ends, and that there is none", () => {
    expect(classMembers(CLASS, "Next").map(({ name }) => name)).toEqual(["other"]);
    expect(() => classMembers(CLASS, "Nothing")).toThrow("there is no class Nothing");
  });
});

it("functions finds what is exported", () => {
  const source = `/** Of the file. */
import { x } from "y";

/** Does it. */
export function first(a: number, b?: string): [x: number, y: { z: 1 }] | undefined {}

/** Not for others. */
function hidden(): void {}

export async function second(): Promise<void> {}
`;
  expect(functions(source)).toEqual([
    { name: "first", parameters: "a, b?", gives: "[x: number, y: { z: 1 }] | undefined", text: "Does it." },
    { name: "second", parameters: "", gives: "Promise<void>", text: "" },
  ]);
});

it("constants finds numbers, their groups and comments", () => {
  const source = `/** Of the file. */

// a group
/** The first. */
export const ONE = 0x7f00_0001;
export const AN_ALIAS = ONE;

// another
/**
 * In two
 * lines.
 */
export const TWO: number = 0o4000;
export { THREE } from "./three.ts";
export const FOUR = 1_000;
`;
  expect(constants(source)).toEqual([
    { name: "ONE", value: "0x7f000001", text: "The first.", group: "a group" },
    { name: "AN_ALIAS", value: "ONE", text: "", group: "a group" },
    { name: "TWO", value: "0o4000", text: "In two lines.", group: "another" },
    { name: "FOUR", value: "1000", text: "", group: "another" },
  ]);
});
