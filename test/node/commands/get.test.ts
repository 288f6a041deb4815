/** get against a server of this process that answers with fixed bytes. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type Host, SO_LINGER, SOL_SOCKET, type Socket } from "../../../src/index.ts";
import { listener, pattern, text } from "../../support/world.ts";
import { TestTerminal } from "../terminal.ts";
import { type Cable, cable } from "./cable.ts";

const BODY = pattern(1_000_000);

/** "reset": with RST, when all before it has arrived. */
type Answer = string | Uint8Array | "silence" | "reset";

/** Serves `answers` by path on port 80 of `peer`; returns the requests that came. */
function serve(peer: Host, answers: Record<string, (request: string) => Answer[]>): string[] {
  const requests: string[] = [];
  const listening = listener(peer, 80);
  const attend = async (socket: Socket) => {
    let request = "";
    while (!request.endsWith("\r\n\r\n")) request += text(await socket.recv(10_000));
    requests.push(request);
    const path = request.split(" ")[1]!;
    const parts = answers[path]?.(request) ?? [head("404 Not Found", 0)];
    for (const part of parts) {
      if (part === "silence") await socket.recv(1);
      else if (part === "reset") await reset(socket, peer);
      else await socket.sendall(part);
    }
    await socket.close();
  };
  const serving = (async () => {
    const open: Promise<void>[] = [];
    for await (const socket of listening.connections()) open.push(attend(socket).catch(() => socket.close()));
    await Promise.all(open);
  })();
  onTestFinished(async () => {
    await listening.close();
    await serving;
  });
  return requests;
}

async function reset(socket: Socket, peer: Host): Promise<void> {
  while (peer.netstat().sockets.some(({ state, sendQueue }) => state !== "LISTEN" && sendQueue > 0))
    await new Promise((resolve) => setTimeout(resolve, 1));
  socket.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 });
}

const head = (status: string, length: number, more = "") =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${length}\r\n${more}\r\n`;

async function opened(answers: Parameters<typeof serve>[1]): Promise<Cable & { requests: string[] }> {
  const made = await cable();
  return { ...made, requests: serve(made.peer, answers) };
}

const document = () => [head("200 OK", BODY.length), BODY];

test("writes a document to standard output as it is", async () => {
  const { run, requests } = await opened({ "/a?b=c": document });
  const terminal = new TestTerminal();
  expect(await run(["get", "http://10.9.0.1/a?b=c"], terminal)).toMatchObject({ code: 0, err: "" });
  expect(Buffer.concat(terminal.written).equals(BODY)).toBe(true);
  expect(requests[0]).toMatch(/^GET \/a\?b=c HTTP\/1\.1\r\n/);
  expect(requests[0]).toMatch(/\r\nHost: 10\.9\.0\.1\r\n/);
  expect(requests[0]).toMatch(/\r\nConnection: close\r\n/);
});

test("-o and -O write to files", async () => {
  const { run, folder } = await opened({ "/x/name.bin": document });
  const path = join(folder, "out");
  expect(await run(["get", "10.9.0.1/x/name.bin", "-o", path])).toEqual({ code: 0, out: "", err: "" });
  expect(readFileSync(path).equals(BODY)).toBe(true);
  expect(await run(["get", "10.9.0.1/x/name.bin", "-o", join(folder, "no/where")])).toMatchObject({
    code: 1,
    err: `get: cannot write ${join(folder, "no/where")}: no such file or directory\n`,
  });
});

test("puts chunks together", async () => {
  const chunks = [
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "3\r\nabc\r\n",
    "2\r\nde\r\n0\r\n\r\n",
  ];
  const { run } = await opened({ "/": () => chunks });
  expect(await run(["get", "10.9.0.1"])).toEqual({ code: 0, out: "abcde", err: "" });
});

test("follows redirects, but not for ever, and not to where it cannot go", async () => {
  const { run, requests } = await opened({
    "/old": () => [head("301 Moved Permanently", 0, "Location: new?x\r\n")],
    "/new?x": () => [head("200 OK", 2), "ok"],
    "/loop": () => [head("302 Found", 0, "Location: /loop\r\n")],
    "/tls": () => [head("302 Found", 0, "Location: https://10.9.0.1/\r\n")],
  });
  expect(await run(["get", "10.9.0.1/old"])).toMatchObject({ code: 0, out: "ok" });
  expect(requests.length).toBe(2);
  expect(await run(["get", "10.9.0.1/loop"])).toMatchObject({
    code: 1,
    err: "get: more than 20 redirects\n",
  });
  expect(requests.length).toBe(23);
  expect(await run(["get", "10.9.0.1/tls"])).toMatchObject({
    code: 1,
    err: "get: the server sends us to https://10.9.0.1/: there is no TLS here, so no https://: give an http:// URL\n",
  });
});

test("an answer that is none is one line, and writes no file", async () => {
  const { run, folder } = await opened({
    "/short": () => [head("200 OK", 100), "0123456789"],
    "/red": () => [head("500 \u001b[31mred", 0)],
    "/odd": () => ["220 mail.example ESMTP\r\n"],
    "/hang": () => ["silence"],
  });
  const path = join(folder, "out");
  const errors: [string, string][] = [
    ["10.9.0.1/none", "HTTP 404 Not Found"],
    ["10.9.0.1/red", "HTTP 500 ?[31mred"],
    ["10.9.0.1:81", "cannot connect to 10.9.0.1 port 81: Connection refused"],
    ["nosuch", "nosuch: Name or service not known"],
    ["10.9.0.1/hang", "no answer for 0.2 s"],
    ["10.9.0.77", "cannot connect to 10.9.0.77 port 80: no answer for 0.2 s"],
  ];
  for (const [url, message] of errors) {
    const outcome = await run(["get", url, "-o", path, "--timeout", "0.2"]);
    expect(outcome).toEqual({ code: 1, out: "", err: `get: ${message}\n` });
  }
  expect((await run(["get", "10.9.0.1/odd"])).err).toMatch(/^get: the server does not speak HTTP: /);
  expect(existsSync(path)).toBe(false);
  const short = await run(["get", "10.9.0.1/short"]);
  expect(short.code).toBe(1);
  expect(short.err).toMatch(/^get: the server has broken the connection after \d+ of 100 bytes\n$/);
});

test("what has come before the connection breaks is written, also slowly, and counted", async () => {
  const sent = BODY.subarray(0, 50_000);
  const truncated =
    (...end: Answer[]) =>
    () => [head("200 OK", 100_000), sent, ...end];
  const { run, folder } = await opened({ "/end": truncated(), "/reset": truncated("reset") });
  const message = "get: the server has broken the connection after 50000 of 100000 bytes\n";
  for (const where of ["end", "reset"]) {
    const path = join(folder, where);
    expect(await run(["get", `10.9.0.1/${where}`, "-o", path])).toEqual({ code: 1, out: "", err: message });
    expect(readFileSync(path).equals(sent)).toBe(true);
    const terminal = slowTerminal(20);
    expect(await run(["get", `10.9.0.1/${where}`], terminal)).toMatchObject({ code: 1, err: message });
    expect(Buffer.concat(terminal.written).equals(sent)).toBe(true);
  }
});

test("asks for a range, and goes on where an earlier one has ended", async () => {
  const part = (request: string) => {
    const [, from, to] = /\r\nRange: bytes=(\d+)-(\d*)\r\n/.exec(request)!;
    const bytes = BODY.subarray(Number(from), to === "" ? undefined : Number(to) + 1);
    return bytes.length === 0
      ? [head("416 Range Not Satisfiable", 0)]
      : [head("206 Partial Content", bytes.length), bytes];
  };
  const cut = () => [head("206 Partial Content", 600_000), BODY.subarray(0, 1000)];
  const { run, folder } = await opened({ "/": part, "/whole": document, "/cut": cut });
  const terminal = new TestTerminal();
  await run(["get", "10.9.0.1", "-r", "5-9"], terminal);
  expect(Buffer.concat(terminal.written)).toEqual(Buffer.from(BODY.subarray(5, 10)));
  const path = join(folder, "out");
  for (const url of ["10.9.0.1/", "10.9.0.1/whole"]) {
    writeFileSync(path, BODY.subarray(0, 400_000));
    expect(await run(["get", url, "-c", "-o", path])).toMatchObject({ code: 0 });
    expect(readFileSync(path).equals(BODY)).toBe(true);
  }
  expect(await run(["get", "10.9.0.1", "-c", "-o", path])).toEqual({
    code: 0,
    out: "",
    err: `${path} is complete\n`,
  });
  expect(readFileSync(path).equals(BODY)).toBe(true);
  writeFileSync(path, BODY.subarray(0, 400_000));
  expect((await run(["get", "10.9.0.1/cut", "-c", "-o", path])).err).toMatch(
    / after 40[01]000 of 1000000 bytes\n$/,
  );
});

test("sends headers, and shows those of the answer", async () => {
  const { run, requests } = await opened({ "/": () => [head("200 OK", 2, "X-A: b\r\n"), "ok"] });
  const shown = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\n";
  const headers = ["-H", "Accept: a, b", "-H", "X-Y:z"];
  expect(await run(["get", "10.9.0.1", "-i", ...headers])).toMatchObject({ code: 0, out: `${shown}ok` });
  expect(requests[0]).toContain("\r\nAccept: a, b\r\n");
  expect(requests[0]).toContain("\r\nX-Y: z\r\n");
  expect(await run(["get", "10.9.0.1", "-I"])).toMatchObject({ code: 0, out: shown });
  expect(requests[1]).toMatch(/^HEAD \/ /);
});

test("shows on a terminal how far it is, and takes that away", async () => {
  const { run } = await opened({
    "/": () => [head("200 OK", BODY.length), BODY.subarray(0, 10), ...Array.from(pieces())],
  });
  const terminal = slowTerminal(50);
  await run(["get", "10.9.0.1"], terminal);
  expect(terminal.errors).toMatch(/^\r.\[K\s*[\d.]+ .?Bytes of {2}977 KBytes \(\d+ %\), .*Bytes\/s\r/);
  expect(terminal.errors.endsWith("\r\u001b[K")).toBe(true);
});

function* pieces(): Generator<Uint8Array> {
  for (let at = 10; at < BODY.length; at += 100_000) yield BODY.subarray(at, at + 100_000);
}

function slowTerminal(millis: number): TestTerminal {
  const terminal = new TestTerminal({ redraws: true });
  const write = terminal.write.bind(terminal);
  terminal.write = async (bytes) => {
    await new Promise((resolve) => setTimeout(resolve, millis));
    await write(bytes);
  };
  return terminal;
}
