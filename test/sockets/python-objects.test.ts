import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { AF_UNIX, SOCK_DGRAM } from "../../src/index.ts";
import { connection, listener, pair } from "../support/world.ts";

describe("a socket of another host", () => {
  it("is not taken for the own descriptor of the same number", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const theirs = listener(b, 80);
      const ours = a.socket(undefined, SOCK_DGRAM);
      expect(theirs.fileno()).toBe(ours.fileno());
      const file = b.socket(undefined, SOCK_DGRAM).makefile("rw");
      const epoll = b.epoll();
      for (const [what, kind] of [
        [theirs, "a Socket"],
        [file, "a TextFile"],
        [epoll, "an Epoller"],
      ] as const) {
        const told = (call: string) =>
          new TypeError(`${call}: ${kind} of host b was given, and this is host a`);
        await expect(a.select([what], [], [], 0)).rejects.toStrictEqual(told("select"));
        await expect(a.select([], [], [ours, what], 0)).rejects.toStrictEqual(told("select"));
        for (const poller of [a.poll(), a.epoll()]) {
          expect(() => poller.register(what)).toThrow(told("register"));
          expect(() => poller.modify(what, 1)).toThrow(told("modify"));
          expect(() => poller.unregister(what)).toThrow(told("unregister"));
        }
      }
      expect(await b.select([theirs], [], [], 0)).toEqual([[], [], []]);
      await b.select([epoll, file], [], [], 0);
    });
    a.close();
    b.close();
  });
});

describe("bytes", () => {
  it("are sent of any view, and of an ArrayBuffer, as they lie in memory", async () => {
    const { a } = pair();
    const [left, right] = a.socketpair();
    const memory = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
    await left.send(new DataView(memory.buffer, 1, 2));
    await left.sendall(new Uint16Array(memory.buffer, 2, 1));
    await left.sendmsg([memory.buffer, new Int8Array(memory.buffer, 7)]);
    await a.posix.writev(left.fileno(), [new Uint8ClampedArray(memory.buffer, 0, 1), "A"]);
    expect([...(await right.recv(100))]).toEqual([2, 3, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8, 8, 1, 65]);
    await left.close();
    await right.close();
  });
});

describe("console.log", () => {
  it("says in a line what a socket, a file, or what waits for them is", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const ends = `10.0.0.1:${client.getsockname().port} ↔ 10.0.0.2:80 (ESTABLISHED)`;
      expect(inspect(client)).toBe(`Socket { fd: 3, ${ends} }`);
      for (const [mode, buffering, kind] of [
        ["rw", -1, "TextFile"],
        ["rb", -1, "BinaryFile"],
        ["rwb", 0, "RawFile"],
      ] as const) {
        const file = client.makefile(mode, { buffering });
        expect(inspect(file)).toBe(`${kind} { mode: "${mode}", Socket { fd: 3, ${ends} } }`);
        await file.close();
        expect(inspect(file)).toBe(`${kind} { mode: "${mode}", closed }`);
      }
      const poller = a.poll();
      expect(inspect(poller)).toBe("Poller { fds: (none) }");
      const epoll = a.epoll();
      for (const each of [poller, epoll]) each.register(client);
      expect(inspect(poller)).toBe("Poller { fds: 3 }");
      expect(inspect(epoll)).toBe("Epoller { fd: 4, epoll of descriptors 3 }");
      epoll.close();
      expect(inspect(epoll)).toBe("Epoller { fd: -1, closed }");
      await client.close();
      expect(inspect(client)).toBe("Socket { fd: -1, closed }");
      const local = a.socket(AF_UNIX);
      local.bind("/tmp/name");
      expect(inspect(local)).toMatch(/^Socket \{ fd: 3, .*\/tmp\/name.* \}$/);
      await local.close();
      await server.close();
    });
  });
});
