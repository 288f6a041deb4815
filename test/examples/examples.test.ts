import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test, vi } from "vitest";
import { ROOT, run } from "./run.ts";

const SERVED = `
30 ms: 10.0.0.3 connects
40 ms: client-2 hears ping
60 ms: client-2 hears pong
60 ms: 10.0.0.4 connects
70 ms: 10.0.0.3 leaves
80 ms: client-3 hears ping
90 ms: 10.0.0.2 connects
120 ms: client-1 hears ping
120 ms: client-3 hears pong
140 ms: 10.0.0.4 leaves
180 ms: client-1 hears pong
210 ms: 10.0.0.2 leaves
`;

/** What each program prints in both faces, to the letter: NAME.ts is the Python way, NAME-c.ts the C way. */
const BOTH: Readonly<Record<string, string>> = {
  "uppercase-tcp": `
server: ready to receive
server: 10.0.0.1 says every packet counts
client: from server: EVERY PACKET COUNTS
all said after 40 ms of virtual time
`,
  "uppercase-udp": `
server: ready to receive
server: 10.0.0.1 says every packet counts
client: from 10.0.0.2:12000: EVERY PACKET COUNTS
all said after 20 ms of virtual time
`,
  greeting: `
> hola
< pues hola
> hola
< pues hola
> adios
< pues adios
the server has closed
`,
  "echo-streams": `
accepted 10.0.0.1
end of stream
echoed: "one\\ntwo\\nthree\\n"
`,
  "iterative-server": `
1040 ms: hello 10.0.0.2, you are number 1
2050 ms: hello 10.0.0.3, you are number 2
3060 ms: hello 10.0.0.4, you are number 3
`,
  "task-per-client": `
   4 ms  client-5 hears: I am client-5
  20 ms  client-2 hears: I am client-2
 160 ms  client-4 hears: I am client-4
 400 ms  client-3 hears: I am client-3
1600 ms  client-1 hears: I am client-1
`,
  "select-server": SERVED,
  "poll-server": SERVED,
  "epoll-server": SERVED,
  chat: `
 140 ms  ada   sees  * bob is here
 340 ms  bob   sees  <ada> anybody here?
 440 ms  ada   sees  <bob> hello ada
 490 ms  ada   sees  * cleo is here
 490 ms  bob   sees  * cleo is here
 640 ms  bob   sees  <ada> hello bob
 640 ms  cleo  sees  <ada> hello bob
 740 ms  ada   sees  * bob has left
 740 ms  cleo  sees  * bob has left
 790 ms  ada   sees  <cleo> good evening
 940 ms  cleo  sees  * ada has left
`,
  "time-service": `
200 ms: no answer within 200 ms
600 ms: no answer within 400 ms
1400 ms: no answer within 800 ms
1440 ms: it is 1420 ms past the hour
`,
  "out-of-band": `
urgent: !
before the mark: a long computation
behind the mark: and the next one
`,
  "socketpair-pipe": `
parent: the square of 6 is 36
parent: the square of 7 is 49
parent: the square of 8 is 64
parent: the child says good-bye
`,
  "raw-ping": `
PING b (10.0.0.2) 56 data bytes
64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=20 ms
no answer to icmp_seq=2
no answer to icmp_seq=3
64 bytes from 10.0.0.2: icmp_seq=4 ttl=64 time=20 ms
no answer to icmp_seq=5
`,
  "nonblocking-connect": `
0 ms: connect to port 80: EINPROGRESS
20 ms: 1 socket ready, connected
20 ms: connect to port 81: EINPROGRESS
40 ms: 1 socket ready, ECONNREFUSED
`,
  "graceful-close": `
client: send EPIPE
server: the client has finished, after 100000 bytes
client: I have got all 100000 bytes
client: 0 bytes: the server has closed, too
nothing is left
`,
};

/** The same of a program whose faces differ. */
const TIMEOUT: Readonly<Record<string, string>> = {
  "connect-timeout.ts": `
connecting, for 5 s at most
5000 ms: connect ETIMEDOUT 10.0.0.2:80
code ETIMEDOUT, errno -110, syscall connect
`,
  "connect-timeout-c.ts": `
connecting, for 5 s at most
0 ms: connect: Operation now in progress
5000 ms: no answer
`,
};

const EXPECTED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(BOTH).map(([name, text]) => [`${name}.ts`, text])),
  ...Object.fromEntries(Object.entries(BOTH).map(([name, text]) => [`${name}-c.ts`, text])),
  ...TIMEOUT,
};

/** Tested where there is a kernel to talk to: satellite.test.ts. */
const WITH_KERNEL: readonly string[] = ["satellite.ts"];

test("every example is here", () => {
  const files = readdirSync(join(ROOT, "examples")).filter((file) => file.endsWith(".ts"));
  expect(files.sort()).toEqual([...Object.keys(EXPECTED), ...WITH_KERNEL].sort());
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
