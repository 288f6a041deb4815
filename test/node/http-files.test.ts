/** The HTTP file server on a host of its own, asked over loopback. */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { type IncomingMessage, type RequestOptions, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Host, StreamCore } from "../../src/index.ts";
import { FileServer } from "../../src/node/http-files/file-server.ts";
import { serveHttp } from "../../src/node/http-files/serve-http.ts";
import { StreamDuplex } from "../../src/node/stream-duplex.ts";
import { realHost } from "../support/world.ts";

const BIG = Buffer.from(new Uint8Array(3_000_000).map((_, index) => (index * 31 + (index >>> 8) * 7) & 255));
const MODIFIED = new Date("2024-05-06T07:08:09Z");

let outside: string;
let root: string;

beforeAll(() => {
  outside = realpathSync(mkdtempSync(join(tmpdir(), "netwright-")));
  root = join(outside, "root");
  mkdirSync(join(root, "sub", "deep"), { recursive: true });
  mkdirSync(join(root, "home"));
  mkdirSync(join(root, ".git"));
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(join(root, name), content);
    utimesSync(join(root, name), MODIFIED, MODIFIED);
  };
  file("hello.txt", "hello, world\n");
  file("empty", "");
  file("big.bin", BIG);
  file("<b> & 'c'.html", "<p>");
  file("ñ 100%.txt", "spanish");
  file("a:b", "colon");
  file("shrinks", BIG);
  file("sub/inner.json", "{}");
  file("home/index.html", "<h1>home</h1>");
  file(".secret", "key");
  file(".git/config", "x");
  writeFileSync(join(outside, "secret"), "outside");
  symlinkSync("hello.txt", join(root, "link"));
  symlinkSync("sub", join(root, "sublink"));
  symlinkSync(join(outside, "secret"), join(root, "out"));
  symlinkSync("..", join(root, "up"));
  symlinkSync("nowhere", join(root, "broken"));
  symlinkSync(".secret", join(root, "unhidden"));
  symlinkSync("loop", join(root, "loop"));
  spawnSync("mkfifo", [join(root, "fifo")]);
});
afterAll(() => rmSync(outside, { recursive: true }));

function serving(options: { upload?: boolean; root?: string | undefined } = {}): Host {
  const host = realHost();
  serveHttp(host, 80, new FileServer({ root, upload: false, ...options }));
  return host;
}

function connectTo(host: Host): StreamDuplex {
  const core = host.stream();
  core.connect({ address: "127.0.0.1", port: 80 });
  return new StreamDuplex(core as StreamCore);
}

interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  body: Buffer;
}

/** One request over a connection of its own, with Node's client. */
async function ask(host: Host, path: string, options: RequestOptions = {}, body?: Buffer): Promise<Answer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = request(
      { createConnection: () => connectTo(host) as never, path, host: "10.9.0.2", ...options },
      resolve,
    );
    asked.on("error", reject);
    asked.end(body);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) };
}

/** What comes back for `text` until the server ends the connection. */
async function raw(host: Host, text: string): Promise<string> {
  const socket = await host.create_connection({ address: "127.0.0.1", port: 80 });
  await socket.sendall(text);
  const chunks: Uint8Array[] = [];
  for await (const chunk of socket.chunks()) chunks.push(chunk);
  await socket.close();
  return Buffer.concat(chunks).toString("latin1");
}

const statusLine = async (host: Host, target: string) =>
  (await raw(host, `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)).split("\r\n")[0];

describe("a file", () => {
  test("comes with its type, length, date and tag", async () => {
    const { status, headers, body } = await ask(serving(), "/hello.txt");
    expect({ status, body: String(body) }).toEqual({ status: 200, body: "hello, world\n" });
    expect(headers).toMatchObject({
      "content-type": "text/plain; charset=utf-8",
      "content-length": "13",
      "last-modified": "Mon, 06 May 2024 07:08:09 GMT",
      "accept-ranges": "bytes",
      "x-content-type-options": "nosniff",
      etag: expect.stringMatching(/^"[0-9a-f-]+"$/),
    });
  });

  test("of any size comes whole", async () => {
    const host = serving();
    expect((await ask(host, "/big.bin")).body.equals(BIG)).toBe(true);
    const empty = await ask(host, "/empty");
    expect({ status: empty.status, length: empty.headers["content-length"] }).toEqual({
      status: 200,
      length: "0",
    });
  });

  test("with HEAD is told of and not sent", async () => {
    const { status, headers, body } = await ask(serving(), "/big.bin", { method: "HEAD" });
    expect({ status, length: headers["content-length"], body: body.length }).toEqual({
      status: 200,
      length: String(BIG.length),
      body: 0,
    });
  });

  test.each([
    ["/%C3%B1%20100%25.txt", "spanish"],
    ["/a:b", "colon"],
    ["/%3Cb%3E%20&%20'c'.html", "<p>"],
    ["/./sub/./inner.json", "{}"],
    ["//sub///inner.json?x=%2e%2e#y", "{}"],
    ["http://10.9.0.2/link", "hello, world\n"],
    ["/sublink/inner.json", "{}"],
  ])("is found as %s", async (path, content) => {
    const { status, body } = await ask(serving(), path);
    expect({ status, body: String(body) }).toEqual({ status: 200, body: content });
  });

  test("that shrinks while it is sent breaks the connection", async () => {
    const host = serving();
    const socket = await host.create_connection({ address: "127.0.0.1", port: 80 });
    await socket.sendall("GET /shrinks HTTP/1.1\r\nHost: x\r\n\r\n");
    await socket.recv(1000);
    truncateSync(join(root, "shrinks"), 10);
    let length = 0;
    await expect(
      (async () => {
        for await (const chunk of socket.chunks()) length += chunk.length;
        if (length < BIG.length) throw new Error("cut short");
      })(),
    ).rejects.toThrow(/cut short|ECONNRESET/);
    await socket.close();
  });
});

describe("a part of a file (RFC 9110 §14)", () => {
  test.each([
    ["bytes=0-0", 206, "bytes 0-0/13", "h"],
    ["bytes=7-11", 206, "bytes 7-11/13", "world"],
    ["bytes=7-", 206, "bytes 7-12/13", "world\n"],
    ["bytes=-3", 206, "bytes 10-12/13", "ld\n"],
    ["bytes=-99", 206, "bytes 0-12/13", "hello, world\n"],
    ["bytes=5-99999999999999999999", 206, "bytes 5-12/13", ", world\n"],
    ["BYTES= 0 - 1 ", 206, "bytes 0-1/13", "he"],
    ["bytes=13-", 416, "bytes */13", "416 Range Not Satisfiable\n"],
    ["bytes=-0", 416, "bytes */13", "416 Range Not Satisfiable\n"],
    ["bytes=3-2", 200, undefined, "hello, world\n"],
    ["bytes=-", 200, undefined, "hello, world\n"],
    ["bytes=0-1,3-4", 200, undefined, "hello, world\n"],
    ["lines=0-1", 200, undefined, "hello, world\n"],
    ["bytes=a-b", 200, undefined, "hello, world\n"],
  ])("%s", async (range, status, contentRange, content) => {
    const answer = await ask(serving(), "/hello.txt", { headers: { range } });
    expect({
      status: answer.status,
      range: answer.headers["content-range"],
      body: String(answer.body),
    }).toEqual({
      status,
      range: contentRange,
      body: content,
    });
    expect(answer.headers["content-length"]).toBe(String(content.length));
  });

  test("is sent only while the rest is still the same", async () => {
    const host = serving();
    const { etag } = (await ask(host, "/hello.txt")).headers;
    const status = async (ifRange: string) =>
      (await ask(host, "/hello.txt", { headers: { range: "bytes=0-0", "if-range": ifRange } })).status;
    expect(await status(etag!)).toBe(206);
    expect(await status(`W/${etag}`)).toBe(200);
    expect(await status('"other"')).toBe(200);
    expect(await status(MODIFIED.toUTCString())).toBe(206);
    expect(await status(new Date(0).toUTCString())).toBe(200);
  });

  test("of an empty file is none, and HEAD has none", async () => {
    const host = serving();
    const headers = { range: "bytes=0-0" };
    expect((await ask(host, "/empty", { headers })).status).toBe(416);
    expect((await ask(host, "/hello.txt", { method: "HEAD", headers })).status).toBe(200);
  });
});

describe("conditions (RFC 9110 §13)", () => {
  test("by tag and by date, in the RFC's order", async () => {
    const host = serving();
    const { etag } = (await ask(host, "/hello.txt")).headers;
    const [before, after] = [new Date(0).toUTCString(), new Date().toUTCString()];
    const status = async (headers: Record<string, string>) =>
      (await ask(host, "/hello.txt", { headers })).status;
    expect(await status({ "if-none-match": etag! })).toBe(304);
    expect(await status({ "if-none-match": `"x", W/${etag}` })).toBe(304);
    expect(await status({ "if-none-match": "*" })).toBe(304);
    expect(await status({ "if-none-match": '"x"' })).toBe(200);
    expect(await status({ "if-modified-since": after })).toBe(304);
    expect(await status({ "if-modified-since": MODIFIED.toUTCString() })).toBe(304);
    expect(await status({ "if-modified-since": before })).toBe(200);
    expect(await status({ "if-modified-since": "yesterday" })).toBe(200);
    expect(await status({ "if-none-match": '"x"', "if-modified-since": after })).toBe(200);
    expect(await status({ "if-match": '"x"' })).toBe(412);
    expect(await status({ "if-match": `W/${etag}` })).toBe(412);
    expect(await status({ "if-match": etag! })).toBe(200);
    expect(await status({ "if-unmodified-since": before })).toBe(412);
    expect(await status({ "if-unmodified-since": after })).toBe(200);
    expect(await status({ "if-match": etag!, "if-unmodified-since": before })).toBe(200);
    expect(await status({ "if-match": etag!, "if-none-match": etag! })).toBe(304);
  });
});

describe("there is no way out of the folder", () => {
  test.each([
    ["/../secret", 404],
    ["/..", 404],
    ["/%2e%2e/secret", 404],
    ["/%2E./secret", 404],
    ["/sub/../../secret", 404],
    ["/sub/%2e%2e%2f%2e%2e%2fsecret", 404],
    ["/..%2fsecret", 404],
    ["/..%5csecret", 404],
    ["/sub%5c..%5c..%5csecret", 404],
    ["/%2fetc/passwd", 404],
    ["//etc/passwd", 404],
    ["/%252e%252e/secret", 404],
    ["/%c0%ae%c0%ae/secret", 400],
    ["/hello.txt%00.html", 404],
    ["/%", 400],
    ["/%zz", 400],
    ["/out", 404],
    ["/up/secret", 404],
    ["/up/", 404],
    ["/up/root/hello.txt", 200], // the link leads out, the way comes back: what is served lies below
    ["/broken", 404],
    ["/loop", 404],
    ["/unhidden", 404],
    ["/.secret", 404],
    ["/%2esecret", 404],
    ["/.git/config", 404],
    ["/fifo", 404],
    ["/hello.txt/", 404],
    ["/hello.txt/x", 404],
    ["/none", 404],
    [`/${"x".repeat(300)}`, 404],
    [`/${"x/".repeat(3000)}`, 404],
    ["hello.txt", 400],
    ["*", 400],
    ["file:///etc/passwd", 400],
  ])("%s", async (target, status) => {
    expect(await statusLine(serving(), target)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  test("nor by a link that is changed at the right moment", async () => {
    const host = serving();
    const link = join(root, "flips");
    let flips = 0;
    const timer = setInterval(() => {
      symlinkSync(flips++ % 2 === 0 ? join(outside, "secret") : "hello.txt", `${link}.new`);
      renameSync(`${link}.new`, link);
    }, 0);
    try {
      const bodies = new Set<string>();
      for (let count = 0; count < 300; count++) bodies.add(String((await ask(host, "/flips")).body));
      expect(bodies).toContain("hello, world\n");
      expect([...bodies].filter((body) => body.includes("outside"))).toEqual([]);
    } finally {
      clearInterval(timer);
    }
  });

  test("and what may not be read is forbidden", async (context) => {
    const path = join(root, "private");
    writeFileSync(path, "x");
    chmodSync(path, 0);
    if (process.getuid?.() === 0) context.skip("root may read everything");
    expect((await ask(serving(), "/private")).status).toBe(403);
  });
});

describe("a folder", () => {
  test("is listed, sorted and escaped, without what is hidden", async () => {
    const { status, headers, body } = await ask(serving(), "/");
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("text/html; charset=utf-8");
    const names = [...String(body).matchAll(/<a href="([^"]*)">([^<]*)<\/a><td class="n">(\d*)/g)].map(
      ([, href, name, size]) => [href, name, size],
    );
    expect(names).toEqual(
      expect.arrayContaining([
        [
          "./%3Cb%3E%20%26%20&#39;c&#39;.html".replaceAll("&#39;", "'").replaceAll("'", "&#39;"),
          "&lt;b&gt; &amp; &#39;c&#39;.html",
          "3",
        ],
        ["./a%3Ab", "a:b", "5"],
        ["./big.bin", "big.bin", "3000000"],
        ["./sub/", "sub/", ""],
        ["./%C3%B1%20100%25.txt", "ñ 100%.txt", "7"],
      ]),
    );
    const listed = names.map(([, name]) => name!);
    expect(listed).toEqual([...listed].sort());
    for (const hidden of [".git/", ".secret", "broken", "fifo", "out", "up/", "unhidden"])
      expect(listed).not.toContain(hidden);
  });

  test("without its slash leads there, and to no other host", async () => {
    const host = serving();
    const moved = async (path: string) => {
      const { status, headers } = await ask(host, path);
      return [status, headers.location];
    };
    expect(await moved("/sub")).toEqual([301, "/sub/"]);
    expect(await moved("/sub?a=b")).toEqual([301, "/sub/?a=b"]);
    expect(await moved("//sub")).toEqual([301, "/sub/"]);
    expect(await moved("/sub/deep")).toEqual([301, "/sub/deep/"]);
  });

  test("with an index.html shows that", async () => {
    const { headers, body } = await ask(serving(), "/home/");
    expect([headers["content-type"], String(body)]).toEqual(["text/html; charset=utf-8", "<h1>home</h1>"]);
  });

  test("below has a way up", async () => {
    expect(String((await ask(serving(), "/sub/")).body)).toContain('<a href="../">../</a>');
    expect(String((await ask(serving(), "/")).body)).not.toContain('href="../"');
  });
});

describe("connections", () => {
  const get = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;

  test("are kept alive, and requests that come at once are answered in order", async () => {
    const text = await raw(
      serving(),
      get("/hello.txt") + get("/none") + get("/sub/inner.json") + get("/hello.txt", "Connection: close\r\n"),
    );
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual([
      "HTTP/1.1 200",
      "HTTP/1.1 404",
      "HTTP/1.1 200",
      "HTTP/1.1 200",
    ]);
    expect(text.match(/hello, world|404 Not Found\n|\{\}/g)).toEqual([
      "hello, world",
      "404 Not Found\n",
      "{}",
      "hello, world",
    ]);
  });

  test("of HTTP/1.0 end after the answer, unless they are to stay", async () => {
    expect(await raw(serving(), "GET /hello.txt HTTP/1.0\r\n\r\n")).toMatch(
      /^HTTP\/1.1 200 OK\r\n.*hello, world\n$/s,
    );
  });

  test("half closed by the client get their answer", async () => {
    const host = serving();
    const socket = await host.create_connection({ address: "127.0.0.1", port: 80 });
    await socket.sendall(get("/big.bin"));
    socket.shutdown(1);
    let length = 0;
    for await (const chunk of socket.chunks()) length += chunk.length;
    expect(length).toBeGreaterThan(BIG.length);
    await socket.close();
  });

  test.each([
    ["nonsense\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\n\r\n", 400],
    [`GET / HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(20_000)}\r\n\r\n`, 431],
  ])("that make no sense are told so: %#", async (text, status) => {
    expect(await raw(serving(), text)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  test("of which a client goes away in the middle leave nothing behind", async () => {
    const host = serving();
    for (let count = 0; count < 20; count++) {
      const socket = await host.create_connection({ address: "127.0.0.1", port: 80 });
      await socket.sendall(get("/big.bin"));
      await socket.recv(10_000);
      await socket.close();
    }
    expect((await ask(host, "/hello.txt")).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(host.sockets.size).toBe(1);
  });

  test("1000 at once are all served", async () => {
    const host = serving();
    const answers = await Promise.all(Array.from({ length: 1000 }, () => ask(host, "/hello.txt")));
    expect(answers.filter(({ status, body }) => status === 200 && body.length === 13)).toHaveLength(1000);
  });
});

describe("methods", () => {
  test.each(["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])("%s is not taken", async (method) => {
    const { status, headers } = await ask(serving(), "/hello.txt", { method });
    expect([status, headers.allow]).toEqual([405, "GET, HEAD"]);
  });

  test("a refused upload gets its answer, however long it is", async () => {
    const answer = await ask(serving(), "/x", { method: "PUT" }, Buffer.concat([BIG, BIG]));
    expect(answer.status).toBe(405);
  });

  const SHA256 = createHash("sha256").update(BIG).digest("hex");

  test.each(["PUT", "POST"])("%s is counted where uploads are taken", async (method) => {
    const host = serving({ upload: true });
    const plain = await ask(host, "/x", { method }, BIG);
    expect(JSON.parse(String(plain.body))).toEqual({ bytes: BIG.length, sha256: SHA256 });
    const headers = { "transfer-encoding": "chunked" };
    expect(JSON.parse(String((await ask(host, "/x", { method, headers }, BIG)).body))).toMatchObject({
      sha256: SHA256,
    });
  });

  test("who asks before he uploads is told to go on, or not", async () => {
    const put =
      "PUT /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc";
    expect(await raw(serving({ upload: true }), put)).toMatch(
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/,
    );
    expect(await raw(serving(), put)).toMatch(/^HTTP\/1\.1 405 /);
  });

  test("without a folder there are only uploads", async () => {
    const host = serving({ upload: true, root: undefined });
    expect((await ask(host, "/hello.txt")).status).toBe(404);
    expect((await ask(host, "/", { method: "PUT" }, BIG)).status).toBe(200);
  });
});
