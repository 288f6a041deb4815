import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import {
  AF_INET,
  AF_INET6,
  errno,
  IPPROTO_TCP,
  SO_RCVTIMEO,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  SocketError,
  TCP_INFO,
} from "../../src/index.ts";
import { listener, pair, thrown } from "../support/world.ts";

async function rejected(promise: Promise<unknown>): Promise<SocketError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SocketError);
  return error as SocketError;
}

describe("error.hint", () => {
  it("says what was forgotten", async () => {
    const { a } = pair();
    const socket = a.socket();
    const notListening = "the socket does not listen: call listen first";
    expect((await rejected(socket.accept())).hint).toBe(notListening);
    expect((await rejected(a.posix.accept(socket.fileno()))).hint).toBe(notListening);
    socket.bind({ address: "", port: 7 });
    expect(thrown(() => socket.bind({ address: "", port: 8 })).hint).toMatch(/^the socket is bound already/);
    expect((await rejected(socket.recv(1))).hint).toMatch(/^the socket has no connection/);
    const other = a.socket();
    expect(thrown(() => other.bind({ address: "", port: 7 })).hint).toMatch(
      /^another socket has the address/,
    );
    await socket.close();
    await other.close();
  });

  it("says which kind of socket there is not, and which option", async () => {
    const { a } = pair();
    const kind = `domain ${AF_INET6}, type ${SOCK_STREAM}, protocol 0`;
    expect(thrown(() => a.socket(AF_INET6)).hint).toBe(kind);
    expect(thrown(() => a.posix.socket(AF_INET6, SOCK_STREAM)).hint).toBe(kind);
    expect(thrown(() => a.socketpair(AF_INET)).hint).toBe("domain 2, type 1, protocol 0");
    expect(thrown(() => a.posix.socketpair(AF_INET, SOCK_STREAM)).hint).toBe("domain 2, type 1, protocol 0");
    const socket = a.socket(AF_INET, SOCK_DGRAM);
    expect(thrown(() => socket.setsockopt(SOL_SOCKET, 999, 1)).hint).toBe("option 999 of level 1");
    expect(thrown(() => socket.getsockopt(SOL_SOCKET, 999)).hint).toBe("option 999 of level 1");
    expect(thrown(() => socket.getsockopt(IPPROTO_TCP, TCP_INFO)).hint).toBe("TCP_INFO");
    await socket.close();
  });

  it("says after how long a time-out came", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const server = listener(b, 80);
      const client = a.socket();
      await client.connect({ address: "b", port: 80 });
      client.settimeout(5);
      expect((await rejected(client.recv(1))).hint).toBe("after 5 ms");
      client.settimeout(null);
      client.setsockopt(SOL_SOCKET, SO_RCVTIMEO, 2500);
      expect((await rejected(client.recv(1))).hint).toBe("after 2500 ms");
      const { signal } = { signal: AbortSignal.abort() };
      expect((await rejected(client.recv(1, 0, { signal }))).hint).toBeUndefined();
      await client.close();
      await server.close();
    });
    a.close();
    b.close();
  });

  it("is no part of the message, is not there without need, and is shown by the console", () => {
    const told = new SocketError(errno.EINVAL, "accept");
    expect(told.message).toBe("accept EINVAL");
    expect(inspect(told)).toContain("hint: 'the socket does not listen: call listen first'");
    expect("hint" in new SocketError(errno.ECONNREFUSED, "connect", "10.0.0.2", 80)).toBe(false);
    expect(new SocketError(-errno.EINVAL, "accept", undefined, undefined, "other").hint).toBe("other");
  });
});
