/** Every error that a textbook names has its situation in this folder, its number, and the text that glibc gives it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { errno, errorName, SocketError, strerror } from "../../../src/index.ts";
import { ERRORS } from "../../support/errors.ts";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

function situations(): string[] {
  const texts = readdirSync(FOLDER).map((file) => readFileSync(join(FOLDER, file), "utf8"));
  return texts.flatMap((text) =>
    [...text.matchAll(/^situation\(\s*"(E[A-Z]+)"/gm)].map((match) => match[1]!),
  );
}

it("every one of the 39 errors has a situation, and every situation is one of theirs", () => {
  const names = ERRORS.map(([name]) => name).sort();
  expect(names).toHaveLength(39);
  expect([...new Set(situations())].sort()).toEqual(names);
});

it.each(ERRORS)("%s is %i: %s", (name, number, text) => {
  expect(errno).toHaveProperty(name, number);
  expect(strerror(number)).toBe(text);
  expect(strerror(-number)).toBe(text);
  const error = new SocketError(number, "connect", "10.0.0.2", 80);
  expect(error.code).toBe(name === "EAGAIN" ? "EWOULDBLOCK" : name); // two names for one number
  expect(errorName(number)).toBe(error.code);
  expect(error.errno).toBe(-number);
  expect(error.strerror).toBe(text);
  expect(error.message).toBe(`connect ${error.code} 10.0.0.2:80`);
});
