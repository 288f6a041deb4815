import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test, vi } from "vitest";
import { ROOT, run } from "./run.ts";

/** What each program prints, to the letter. */
const EXPECTED: Readonly<Record<string, string>> = {
  "uppercase-tcp.ts": `
server: ready to receive
server: 10.0.0.1 says every packet counts
client: from server: EVERY PACKET COUNTS
all said after 40 ms of virtual time
`,
  "uppercase-udp.ts": `
server: ready to receive
server: 10.0.0.1 says every packet counts
client: from 10.0.0.2:12000: EVERY PACKET COUNTS
all said after 20 ms of virtual time
`,
  "uppercase-c.ts": `
connect: Connection refused
server: fd 4 is 10.0.0.1
client: EVERY PACKET COUNTS
`,
  "greeting.ts": `
> hola
< pues hola
> hola
< pues hola
> adios
< pues adios
the server has closed
`,
  "echo-many.ts": `
   4 ms  client-5 hears: I am client-5
  20 ms  client-2 hears: I am client-2
 160 ms  client-4 hears: I am client-4
 400 ms  client-3 hears: I am client-3
1600 ms  client-1 hears: I am client-1
`,
  "connect-timeout.ts": `
connecting, for 5 s at most
5000 ms: connect ETIMEDOUT 10.0.0.2:80
code ETIMEDOUT, errno -110, syscall connect
`,
};

test("every example is here", () => {
  const files = readdirSync(join(ROOT, "examples")).filter((file) => file.endsWith(".ts"));
  expect(files.sort()).toEqual(Object.keys(EXPECTED).sort());
});

test.each(Object.keys(EXPECTED))("examples/%s prints what it should", async (file) => {
  const lines: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((line) => void lines.push(line));
  try {
    await import(pathToFileURL(join(ROOT, "examples", file)).href);
  } finally {
    log.mockRestore();
  }
  expect(lines).toEqual(EXPECTED[file]!.slice(1, -1).split("\n"));
});

test("an example is a process that ends at once, with nothing on standard error", async () => {
  const ended = await run("examples/connect-timeout.ts");
  expect(ended).toEqual({ code: 0, out: EXPECTED["connect-timeout.ts"]!.slice(1), err: "" });
});
