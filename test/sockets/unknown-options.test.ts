import { describe, expect, it } from "vitest";
import {
  AF_INET,
  AF_UNIX,
  EPOLL_CTL_ADD,
  EPOLLIN,
  type Host,
  SOCK_DGRAM,
  SOCK_STREAM,
  type SocketError,
} from "../../src/index.ts";
import type { Posix } from "../../src/sockets/posix/index.ts";
import type { Socket } from "../../src/sockets/socket.ts";
import { network } from "../support/world.ts";

/** Calls that a newcomer writes otherwise than the types allow. */
type Loose<T> = { [name in keyof T]: (...given: unknown[]) => unknown };

async function failure(call: () => unknown): Promise<Error> {
  try {
    await call();
  } catch (error) {
    return error as Error;
  }
  throw new Error("the call did not fail");
}

async function expectTypeErrors(cases: [call: () => unknown, message: string][]): Promise<void> {
  for (const [call, message] of cases) expect(await failure(call)).toStrictEqual(new TypeError(message));
}

const LAST = "the last argument is an object { signal } with an AbortSignal, not";
const LENGTH = "there is no length: buffer.subarray(0, n) is n bytes of a buffer";

describe("options of the Python face", () => {
  it("are refused when nobody knows them", async () => {
    const host = network().host("a");
    const socket = host.socket();
    const { signal } = new AbortController();
    const loose = socket as unknown as Loose<Socket>;
    const { create_connection, create_server } = host as unknown as Loose<Host>;
    const where = { address: "", port: 0 };
    await expectTypeErrors([
      [() => loose.recv(1, 0, { singal: signal }), "recv: unknown option singal; there is signal"],
      [() => loose.accept({ timeout: 5 }), "accept: unknown option timeout; there is signal"],
      [() => loose.recv(1, 0, signal), `recv: ${LAST} an AbortSignal`],
      [
        () => host.select([socket], [], [], 0, { singal: signal } as never),
        "select: unknown option singal; there is signal",
      ],
      [
        () => loose.makefile("r", { mode: "rb" }),
        "makefile: unknown option mode; there are buffering, encoding, errors, newline",
      ],
      [
        () => create_server.call(host, where, { backlgo: 1 }),
        "create_server: unknown option backlgo; there are family, backlog, reuse_port, dualstack_ipv6",
      ],
      [
        () => create_connection.call(host, where, { timeuot: 5 }),
        "create_connection: unknown option timeuot; there are timeout, source_address, all_errors, signal",
      ],
    ]);
    await socket.close();
    expect(host.sockets.size).toBe(0);
  });

  it("are complained of after the arguments before them", async () => {
    const socket = network().host("a").socket(AF_INET, SOCK_DGRAM);
    const loose = socket as unknown as Loose<Socket>;
    const form = "the address is an object { address, port }, not";
    await expectTypeErrors([
      [() => loose.connect("server", 80), `connect: ${form} "server"`],
      [() => loose.connect_ex("server", 80), `connect_ex: ${form} "server"`],
      [() => loose.sendto("x", "server", 80), `sendto: ${form} "server"`],
      [() => loose.sendmsg(["x"], [], 0, "server", 80), `sendmsg: ${form} "server"`],
      [() => loose.send(5, 0, 5), "send: data is a Uint8Array or a string, not 5"],
      [() => loose.sendall(5, 0, 5), "sendall: data is a Uint8Array or a string, not 5"],
      [() => loose.connect({ address: "", port: 80 }, 80), `connect: ${LAST} 80`],
    ]);
    await socket.close();
  });
});

describe("options of calls by descriptor", () => {
  it("are told from what C has in their place", async () => {
    const host = network().host("a");
    const posix = host.posix as Loose<Posix>;
    const [fd, peer] = host.posix.socketpair(AF_UNIX, SOCK_STREAM);
    const inet = host.posix.socket(AF_INET, SOCK_STREAM);
    const buffer = new Uint8Array(4);
    const where = { family: AF_INET, address: "127.0.0.1", port: 80 };
    const returned = "who is at the other end is in what it returns, { fd, address }";
    const count = "iov says itself how many buffers it has";
    await expectTypeErrors([
      [() => posix.read(fd, buffer, 4), `read: ${LAST} 4; ${LENGTH}`],
      [() => posix.write(fd, buffer, 4), `write: ${LAST} 4; ${LENGTH}`],
      [() => posix.send(fd, buffer, 4, 0), `send: ${LAST} 0; ${LENGTH}`],
      [() => posix.recv(fd, buffer, 4, 0), `recv: ${LAST} 0; ${LENGTH}`],
      [
        () => posix.recvfrom(fd, buffer, 0, { sin_port: 0 }, 16),
        `recvfrom: unknown option sin_port; there is signal; ${LENGTH}, and who sent it is in what it returns, ` +
          "{ n, address }",
      ],
      [() => posix.readv(fd, [buffer], 1), `readv: ${LAST} 1; ${count}`],
      [() => posix.writev(fd, [buffer], 1), `writev: ${LAST} 1; ${count}`],
      [() => posix.accept(inet, null, null), `accept: ${LAST} null; ${returned}`],
      [
        () => posix.accept(inet, { sin_family: 0 }),
        `accept: unknown option sin_family; there is signal; ${returned}`,
      ],
      [() => posix.connect(inet, where, 16), `connect: ${LAST} 16; an address has no length beside it`],
      [
        () => posix.poll([{ fd, events: 0 }], 1, 5),
        `poll: ${LAST} 5; it takes no number of fds: poll(fds, timeout)`,
      ],
      [
        () => posix.select({ read: [fd] }, 0, { timeout: 1 }),
        "select: unknown option timeout; there is signal",
      ],
      [
        () => posix.epoll_ctl(9, EPOLL_CTL_ADD, fd, { events: EPOLLIN, fd }),
        "epoll_ctl: unknown field of the event fd; there are events, data",
      ],
    ]);
    // the call was not made for all that
    expect(((await failure(() => posix.getpeername(inet))) as SocketError).code).toBe("ENOTCONN");
    for (const open of [fd, peer, inet]) await host.posix.close(open);
  });
});
