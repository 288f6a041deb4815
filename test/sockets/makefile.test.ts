/** `makefile`. What is expected was said by Python 3.11 on a socketpair of Linux, unless a test says otherwise. */
import { describe, expect, it } from "vitest";
import type { BinaryFile, FileOptions, Host, RawFile, Socket, TextFile } from "../../src/index.ts";
import { failure, network, text } from "../support/world.ts";

const bytes = (data: string) => Uint8Array.from(data, (character) => character.charCodeAt(0));

/** Runs `program` on a host of its own. */
async function alone(program: (host: Host) => Promise<void>): Promise<void> {
  const net = network({ seed: 1 });
  const host = net.host("a");
  await net.run(() => program(host));
}

/** A file that reads `data` and then the end. */
async function fed<F extends TextFile | BinaryFile | RawFile = TextFile>(
  host: Host,
  data: string | Uint8Array,
  options: FileOptions = {},
  mode = "r",
): Promise<F> {
  const [left, right] = host.socketpair();
  await left.sendall(data);
  await left.close();
  const file = right.makefile(mode as "r", options) as unknown as F;
  await right.close();
  return file;
}

/** What can be received now. */
async function taken(socket: Socket<string>): Promise<string> {
  const timeout = socket.gettimeout();
  socket.setblocking(false);
  try {
    return text(await socket.recv(1_000_000));
  } catch {
    return "(nothing)";
  } finally {
    socket.settimeout(timeout);
  }
}

async function lines<T>(file: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const line of file) all.push(line);
  return all;
}

describe("a file of text", () => {
  it.each([
    [null, ["a\n", "b\n", "c\n", "d\n", "\n", "\n"]],
    ["", ["a\r\n", "b\r", "c\n", "d\r", "\r\n", "\r"]],
    ["\n", ["a\r\n", "b\rc\n", "d\r\r\n", "\r"]],
    ["\r", ["a\r", "\nb\r", "c\nd\r", "\r", "\n\r"]],
    ["\r\n", ["a\r\n", "b\rc\nd\r\r\n", "\r"]],
  ] as const)("has lines that end as newline %j says", async (newline, expected) => {
    await alone(async (host) => {
      const file = await fed(host, "a\r\nb\rc\nd\r\r\n\r", { newline });
      expect(await lines(file)).toEqual(expected);
      await file.close();
    });
  });

  it("has the same lines when they come byte by byte", async () => {
    const data = "añ\r\nb\rc\n€\r\r\n\r";
    for (const newline of [null, "", "\n", "\r", "\r\n"] as const) {
      await alone(async (host) => {
        const whole = await fed(host, data, { newline });
        const [left, right] = host.socketpair();
        const file = right.makefile("r", { newline });
        const reading = lines(file);
        for (const byte of new TextEncoder().encode(data)) {
          await left.send(Uint8Array.of(byte));
          await Promise.resolve();
        }
        await left.close();
        expect(await reading).toEqual(await lines(whole));
        await Promise.all([whole.close(), file.close(), right.close()]);
      });
    }
  });

  it("waits behind a carriage return for what follows it", async () => {
    await alone(async (host) => {
      const [left, right] = host.socketpair();
      await left.sendall("abc\r");
      right.settimeout(50);
      for (const newline of [null, ""] as const) {
        const file = right.makefile("r", { newline });
        expect(await file.read(3)).toBe("abc");
        expect((await failure(file.readline())).code).toBe("ETIMEDOUT");
        await file.close();
        await left.sendall("abc\r");
      }
      await Promise.all([left.close(), right.close()]);
    });
  });

  it("reads a number of characters, lines up to a limit, and the rest", async () => {
    await alone(async (host) => {
      const file = await fed(host, "a\r\nb\rc\nd");
      expect(await file.read(3)).toBe("a\nb");
      expect(await file.read(2)).toBe("\nc");
      expect(await file.readline()).toBe("\n");
      expect([await file.read(), await file.read(), await file.readline()]).toEqual(["d", "", ""]);
      const limited = await fed(host, "abc\ndef\nghi");
      expect(await limited.readline(2)).toBe("ab");
      expect(await limited.readline(0)).toBe("");
      expect([await limited.readline(5), await limited.readline(-1), await limited.readline(null)]).toEqual([
        ...["c\n", "def\n", "ghi"],
      ]);
      const hinted = await fed(host, "ab\ncd\nef\n");
      expect(await hinted.readlines(3)).toEqual(["ab\n", "cd\n"]);
      expect(await hinted.readlines()).toEqual(["ef\n"]);
      const wide = await fed(host, "😀a😀\n😀");
      expect(await wide.read(2)).toBe("😀a");
      expect(await wide.readline(1)).toBe("😀");
      expect(await wide.read(-2)).toBe("\n😀");
      for (const each of [file, limited, hinted, wide]) await each.close();
    });
  });

  it("reads what is longer than its buffers, and lines across them", async () => {
    await alone(async (host) => {
      const [left, right] = host.socketpair();
      const file = right.makefile("r", { buffering: 5, newline: "\r\n" });
      const line = `${"áé".repeat(10_000)}\r\n`;
      const sending = left.sendall(line.repeat(3));
      expect(await file.readline()).toBe(line);
      expect(await file.read(20_002)).toBe(line);
      expect(await file.readline(20_001)).toBe(line.slice(0, -1));
      await sending;
      await left.close();
      expect(await file.readline()).toBe("\n");
      await Promise.all([file.close(), right.close()]);
    });
  });

  it("decodes characters that come in pieces, and fails where the end cuts one", async () => {
    await alone(async (host) => {
      const cut = new TextEncoder().encode("aé").subarray(0, 2);
      const strict = await fed(host, cut);
      const error = await failure(strict.read());
      expect([error.code, error.message]).toEqual(["EILSEQ", "read EILSEQ"]);
      const replacing = await fed(host, cut, { errors: "replace" });
      expect(await replacing.read()).toBe("a\ufffd");
      const bad = await fed(host, bytes("ok\n\xffx\n"));
      expect((await failure(bad.readline())).code).toBe("EILSEQ");
      const worse = await fed(host, bytes("ok\n\xff\xe2\x82x\n"), { errors: "replace" });
      expect(await worse.read()).toBe("ok\n\ufffd\ufffdx\n");
      const marked = await fed(host, bytes("\xef\xbb\xbfx"));
      expect(await marked.read()).toBe("\ufeffx");
      for (const file of [strict, replacing, bad, worse, marked]) await file.close();
    });
  });

  it("knows latin-1 and ascii", async () => {
    await alone(async (host) => {
      const latin = await fed(host, bytes("\x80\xff"), { encoding: "ISO_8859-1" });
      expect([await latin.read(), latin.encoding]).toEqual(["\x80ÿ", "latin-1"]);
      const ascii = await fed(host, bytes("a\x80"), { encoding: "ascii" });
      expect((await failure(ascii.read())).code).toBe("EILSEQ");
      const replacing = await fed(host, bytes("a\x80"), { encoding: "ascii", errors: "replace" });
      expect(await replacing.read()).toBe("a\ufffd");
      const [left, right] = host.socketpair();
      const out = left.makefile("w", { encoding: "latin-1" });
      expect(await out.write("é\n")).toBe(2);
      expect((await failure(out.write("€"))).message).toBe("write EILSEQ");
      await out.flush();
      expect(await right.recv(10)).toEqual(bytes("\xe9\n"));
      const question = left.makefile("w", { encoding: "ascii", errors: "replace" });
      await question.write("é€");
      await question.close();
      expect(await taken(right)).toBe("??");
      for (const file of [latin, ascii, replacing, out]) await file.close();
      await Promise.all([left.close(), right.close()]);
    });
  });

  it("stores what is written until there is more than two buffers hold, or flush", async () => {
    await alone(async (host) => {
      const [left, right] = host.socketpair();
      const file = left.makefile("w");
      expect(await file.write("aé\n")).toBe(3);
      expect(await taken(right)).toBe("(nothing)");
      await file.flush();
      expect(await taken(right)).toBe("aé\n");
      await file.write("x".repeat(5000));
      await file.write("y".repeat(5000));
      expect(await taken(right)).toBe("(nothing)");
      await file.write("z".repeat(20_000));
      expect((await taken(right)).length).toBe(30_000);
      await file.flush();
      expect(await taken(right)).toBe("(nothing)");
      const short = left.makefile("w", { buffering: 1 }); // no line buffering, unlike open's
      await short.write("q\n");
      expect(await taken(right)).toBe("(nothing)");
      await short.close();
      expect(await taken(right)).toBe("q\n");
      await Promise.all([file.close(), left.close(), right.close()]);
    });
  });

  it("writes line ends as newline says", async () => {
    await alone(async (host) => {
      const [left, right] = host.socketpair();
      for (const [newline, sent] of [
        ["\r\n", "a\r\nb\r\r\n"],
        ["\r", "a\rb\r\r"],
        ["\n", "a\nb\r\n"],
        ["", "a\nb\r\n"],
        [null, "a\nb\r\n"],
      ] as const) {
        const file = left.makefile("w", { newline });
        await file.writelines(["a\n", "b\r\n"]);
        await file.close();
        expect(await taken(right)).toBe(sent);
      }
      await Promise.all([left.close(), right.close()]);
    });
  });

  it("reads and writes in one, each with its own buffer", async () => {
    await alone(async (host) => {
      const [left, right] = host.socketpair();
      const file = right.makefile("rw");
      await file.write("ping\n");
      await left.sendall("pong\n");
      expect(await file.readline()).toBe("pong\n");
      expect(await taken(left)).toBe("(nothing)");
      await file.flush();
      expect(await taken(left)).toBe("ping\n");
      await file.close();
      await right.sendall("x");
      expect(await taken(left)).toBe("x");
      await Promise.all([left.close(), right.close()]);
    });
  });
});

describe("a file of bytes", () => {
  it("has lines that end at a newline alone", async () => {
    await alone(async (host) => {
      const file = await fed<BinaryFile>(host, "a\r\nb\rc\nd", {}, "rb");
      expect((await lines(file)).map(text)).toEqual(["a\r\n", "b\rc\n", "d"]);
      const hinted = await fed<BinaryFile>(host, "ab\ncd\nef\n", {}, "rb");
      expect((await hinted.readlines(3)).map(text)).toEqual(["ab\n", "cd\n"]);
      expect((await hinted.readlines()).map(text)).toEqual(["ef\n"]);
      await Promise.all([file.close(), hinted.close()]);
    });
  });

  it("reads as many bytes as asked for, into buffers too, or what one recv gives", async () => {
    await alone(async (host) => {
      const [left, right] = host.socketpair();
      const file = right.makefile("rb");
      const six = file.read(6);
      await left.sendall("abc");
      await left.sendall("defgh");
      expect(text(await six)).toBe("abcdef");
      expect((await file.read(0)).length).toBe(0);
      expect(text(await file.peek())).toBe("gh");
      expect(text(await file.read1(1))).toBe("g");
      await left.sendall("ijkl");
      const buffer = new Uint8Array(4);
      expect(await file.readinto1(buffer)).toBe(1);
      expect(await file.readinto(buffer.subarray(1))).toBe(3);
      expect(text(buffer)).toBe("hijk");
      expect(text(await file.read1())).toBe("l");
      await left.sendall("end");
      await left.close();
      expect(text(await file.read(-1))).toBe("end");
      expect([await file.read(null), await file.read(1), await file.read1(), await file.peek()]).toEqual(
        Array(4).fill(new Uint8Array(0)),
      );
      expect(await file.readinto(buffer)).toBe(0);
      await Promise.all([file.close(), right.close()]);
    });
  });

  it("serves calls in their order, awaited or not", async () => {
    await alone(async (host) => {
      const [left, right] = host.socketpair();
      const file = right.makefile("rwb", { buffering: 4 });
      const reads = [file.readline(), file.read(2), file.readline()];
      await left.sendall("one\ntwo\n");
      expect((await Promise.all(reads)).map(text)).toEqual(["one\n", "tw", "o\n"]);
      const writes = ["ab", "cdefgh", "i"].map((part) => file.write(part));
      await file.flush();
      expect([await Promise.all(writes), await taken(left)]).toEqual([[2, 6, 1], "abcdefghi"]);
      await Promise.all([file.close(), left.close(), right.close()]);
    });
  });

  it("sends what was stored when more comes than there is room for", async () => {
    await alone(async (host) => {
      const [left, right] = host.socketpair();
      const file = left.makefile("wb", { buffering: 4 });
      await file.write("abc");
      expect(await taken(right)).toBe("(nothing)");
      await file.write("de");
      expect(await taken(right)).toBe("abc");
      await file.flush();
      expect(await taken(right)).toBe("de");
      await file.write("abcdefghi");
      expect(await taken(right)).toBe("abcdefghi");
      await Promise.all([file.close(), left.close(), right.close()]);
    });
  });

  it("without a buffer is one recv a read, and one send a write", async () => {
    await alone(async (host) => {
      const [left, right] = host.socketpair();
      const file = right.makefile("rwb", { buffering: 0 });
      await left.sendall("abcd\nef");
      expect(text(await file.read(3))).toBe("abc");
      expect(text(await file.readline())).toBe("d\n");
      expect(text(await right.recv(1))).toBe("e");
      expect([await file.write("raw"), await taken(left)]).toEqual([3, "raw"]);
      await left.sendall("g\nh");
      await left.close();
      expect((await lines(file)).map(text)).toEqual(["fg\n", "h"]);
      expect(await file.read(2)).toEqual(new Uint8Array(0));
      await Promise.all([file.close(), right.close()]);
    });
  });
});

describe("the socket of a file", () => {
  it("stays open until its files are closed, and does all it can", async () => {
    await alone(async (host) => {
      const [left, right] = host.socketpair();
      const reader = right.makefile("r");
      const writer = right.makefile("w");
      const fd = right.fileno();
      await right.close();
      expect([right.fileno(), reader.fileno()]).toEqual([fd, fd]);
      await right.sendall("x");
      await left.sendall("hey\n");
      expect(await reader.readline()).toBe("hey\n");
      await reader.close();
      expect(right.fileno()).toBe(fd);
      await writer.write("bye");
      await writer.close();
      expect(right.fileno()).toBe(-1);
      expect(text(await left.recv(10))).toBe("xbye");
      expect((await left.recv(10)).length).toBe(0);
      await left.close();
    });
  });

  it("stays open behind files that are closed when it was not", async () => {
    await alone(async (host) => {
      const [left, right] = host.socketpair();
      const file = right.makefile();
      await file.close();
      await file.close();
      expect(file.closed).toBe(true);
      for (const call of [file.read(), file.readline(), file.flush()]) {
        expect((await failure(call)).code).toBe("EBADF");
      }
      await right.sendall("x");
      expect(await taken(left)).toBe("x");
      await Promise.all([left.close(), right.close()]);
    });
  });

  it("may be detached or closed below it", async () => {
    await alone(async (host) => {
      const [left, right] = host.socketpair();
      const file = right.makefile();
      const fd = right.detach();
      expect([fd >= 0, file.fileno()]).toEqual([true, -1]);
      expect((await failure(file.read(1))).code).toBe("EBADF");
      await file.close();
      const again = host.socket({ fileno: fd });
      await again.close();
      const late = again.makefile("w");
      expect(await late.write("x")).toBe(1);
      expect((await failure(late.close())).message).toBe("send EBADF");
      await left.close();
    });
  });

  it("is left when the last data cannot be sent", async () => {
    await alone(async (host) => {
      const [left, right] = host.socketpair();
      const file = right.makefile("w");
      await right.close();
      await file.write("xyz");
      await left.close();
      expect((await failure(file.close())).code).toBe("EPIPE");
      expect([file.closed, right.fileno()]).toEqual([true, -1]);
    });
  });

  it("is closed by `await using` and asyncDispose", async () => {
    await alone(async (host) => {
      const [left, right] = host.socketpair();
      const file = right.makefile("wb");
      await file.write("x");
      await right[Symbol.asyncDispose]();
      await file[Symbol.asyncDispose]();
      expect([text(await left.recv(1)), (await left.recv(1)).length, right.fileno()]).toEqual(["x", 0, -1]);
      await left.close();
    });
  });

  it("gives nothing more after a time-out, but to another file", async () => {
    await alone(async (host) => {
      const [left, right] = host.socketpair();
      right.settimeout(50);
      const file = right.makefile();
      expect((await failure(file.readline())).message).toBe("recv_into ETIMEDOUT");
      await left.sendall("later\n");
      const error = await failure(file.readline());
      expect([error.code, error.message]).toEqual([
        "ETIMEDOUT",
        "read ETIMEDOUT: cannot read from timed out object",
      ]);
      const fresh = right.makefile();
      expect(await fresh.readline()).toBe("later\n");
      await Promise.all([file.close(), fresh.close(), left.close(), right.close()]);
    });
  });

  it("that does not wait gives what there is, and else EWOULDBLOCK (Python: None)", async () => {
    await alone(async (host) => {
      const [left, right] = host.socketpair();
      right.setblocking(false);
      const file = right.makefile("rb");
      const lineFile = right.makefile("r");
      for (const call of [file.read(5), file.readline(), lineFile.readline(), lineFile.read()]) {
        expect((await failure(call)).code).toBe("EWOULDBLOCK");
      }
      await left.sendall("abc");
      expect(text(await file.read(5))).toBe("abc");
      await left.sendall("a\nb");
      expect([await lineFile.readline(), await lineFile.readline()]).toEqual(["a\n", "b"]);
      await Promise.all([file.close(), lineFile.close(), left.close(), right.close()]);
    });
  });
});

describe("misuse of a file", () => {
  it("says what was given and what is allowed", async () => {
    await alone(async (host) => {
      const [left, right] = host.socketpair();
      for (const [mode, options, message] of [
        ["x", {}, 'makefile: mode is made of "r", "w" and "b", not "x"'],
        ["r", { buffering: 0 }, "makefile: a file without a buffer is one of bytes"],
        ["r", { encoding: "utf-16" }, 'encoding is "utf-8", "latin-1" or "ascii", not "utf-16"'],
        ["r", { errors: "ignore" }, 'errors is "strict" or "replace", not "ignore"'],
        ["r", { newline: "x" }, 'newline is null, "", "\\n", "\\r" or "\\r\\n", not "x"'],
        ["r", { buffering: "8" }, 'makefile: buffering is an integer, not "8"'],
        ["r", 0, "makefile: options are an object { buffering, encoding, errors, newline }, not 0"],
      ] as const) {
        expect(() => left.makefile(mode as "r", options as never)).toThrow(message);
      }
      const reader = left.makefile("rb");
      const writer = left.makefile("w");
      await expect(reader.write("x")).rejects.toThrow(
        new TypeError('write: the file is not writable: its mode is "rb"'),
      );
      await expect(writer.readline()).rejects.toThrow(
        new TypeError('readline: the file is not readable: its mode is "w"'),
      );
      await expect(writer.write(bytes("x") as never)).rejects.toThrow(
        'write: text is a string, not a Uint8Array; for bytes there is makefile("wb")',
      );
      await expect(reader.read(-2)).rejects.toThrow("read: size is at least -1, or null, not -2");
      await expect(reader.read("5" as never)).rejects.toThrow('read: size is an integer, not "5"');
      await expect(writer.writelines("ab" as never)).rejects.toThrow("writelines: lines is an array");
      expect([reader.readable(), reader.writable(), reader.seekable(), writer.readable()]).toEqual([
        ...[true, false, false, false],
      ]);
      await Promise.all([reader.close(), writer.close()]);
      await Promise.all([left.close(), right.close()]);
    });
  });
});
