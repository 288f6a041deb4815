import { describe, expect, it } from "vitest";
import {
  AF_INET,
  AF_UNIX,
  EPOLL_CTL_ADD,
  EPOLLIN,
  POLLIN,
  SOCK_DGRAM,
  SOCK_STREAM,
} from "../../src/index.ts";
import type { Posix } from "../../src/sockets/posix/index.ts";
import { network, thrown } from "../support/world.ts";

/** Calls that a newcomer writes otherwise than the types allow. */
type Loose = { [name in keyof Posix]: (...given: unknown[]) => unknown };

function loose() {
  const host = network().host("a");
  return { host, posix: host.posix as Loose };
}

/** What the call throws or rejects with. */
async function failure(call: () => unknown): Promise<Error> {
  try {
    await call();
  } catch (error) {
    return error as Error;
  }
  throw new Error("the call did not fail");
}

describe("calls by descriptor that are given no descriptor", () => {
  it("say what a descriptor is and where it is to be had", async () => {
    const { host, posix } = loose();
    const socket = host.socket(AF_INET, SOCK_DGRAM);
    const buffer = new Uint8Array(1);
    const cases: [unknown, string][] = [
      [socket, "a Socket: its descriptor is what its fileno() gives"],
      [
        { fd: 4, address: {} },
        "{ fd: 4, address: {} }: accept gives { fd, address }, of which this takes the fd",
      ],
      [Promise.resolve(3), "a Promise: it has to be awaited"],
      [[3, 4], "[3, 4]: socketpair gives two, of which this takes one"],
      ["3", '"3"'],
      ["length", '"length"'],
      [undefined, "undefined"],
      [3.5, "3.5"],
      [Number.NaN, "NaN"],
    ];
    for (const [fd, told] of cases) {
      for (const [call, ...rest] of [
        ["read", buffer],
        ["close"],
        ["bind", {}],
        ["getsockname"],
        ["dup2", 5],
        ["fcntl", 3],
        ["epoll_ctl", EPOLL_CTL_ADD, 3, { events: EPOLLIN }],
      ] as [keyof Posix, ...unknown[]][]) {
        const error = await failure(() => posix[call](fd, ...rest));
        expect(error).toStrictEqual(new TypeError(`${call}: fd is an integer, not ${told}`));
      }
    }
    const told = "a Socket: its descriptor is what its fileno() gives";
    expect(await failure(() => posix.select({ read: [socket] }))).toStrictEqual(
      new TypeError(`select: fd is an integer, not ${told}`),
    );
    expect(await failure(() => posix.poll([{ fd: socket, events: POLLIN }]))).toStrictEqual(
      new TypeError(`poll: fd is an integer, not ${told}`),
    );
    expect(host.posix.getsockname(socket.fileno()).port).toBe(0); // nothing was closed
    await socket.close();
  });

  it("say EBADF of an integer that is none", async () => {
    const { host, posix } = loose();
    for (const fd of [-1, 0, 77]) {
      expect((await failure(() => posix.read(fd, new Uint8Array(1)))).message).toBe("read EBADF");
      expect((await failure(() => posix.close(fd))).message).toBe("close EBADF");
      expect(thrown(() => host.posix.getsockname(fd)).message).toBe("getsockname EBADF");
    }
  });

  it("take numbers for their other arguments too", async () => {
    const { host, posix } = loose();
    const [fd, other] = host.posix.socketpair(AF_UNIX, SOCK_STREAM);
    expect(() => posix.fcntl(fd, "F_GETFL")).toThrow(
      new TypeError('fcntl: the command is an integer, not "F_GETFL"'),
    );
    expect(() => posix.fcntl(fd)).toThrow(new TypeError("fcntl: the command is an integer, not undefined"));
    expect(() => posix.listen(fd)).toThrow(new TypeError("listen: backlog is an integer, not undefined"));
    expect(() => posix.getrlimit("RLIMIT_NOFILE")).toThrow("getrlimit: the resource is an integer");
    expect(() => posix.setrlimit(undefined, {})).toThrow("setrlimit: the resource is an integer");
    await host.posix.close(fd);
    await host.posix.close(other);
  });
});
