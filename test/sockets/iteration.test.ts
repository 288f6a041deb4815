import { describe, expect, it } from "vitest";
import { SHUT_WR, SO_LINGER, SOL_SOCKET, Socket } from "../../src/index.ts";
import { connection, failure, listener, pair, pattern, receiver, text } from "../support/world.ts";

describe("a socket as an async iterable", () => {
  it("gives the chunks until the peer closes", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      await client.sendall("hola");
      const reading = (async () => {
        let all = "";
        for await (const chunk of server) all += text(chunk as Uint8Array);
        return all;
      })();
      await net.sleep(5);
      await client.sendall(" y adiós");
      client.shutdown(SHUT_WR);
      expect(await reading).toBe("hola y adiós");
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("gives the connections while it listens, and ends when it is closed here", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const listening = listener(b, 80);
      const serving = (async () => {
        let count = 0;
        for await (const connected of listening) {
          count++;
          if (!(connected instanceof Socket)) throw new Error("no connection");
          await connected.sendall("pues hola");
          await connected.close();
        }
        return count;
      })();
      for (let round = 0; round < 3; round++) {
        const client = a.socket();
        await client.connect({ address: "b", port: 80 });
        expect(text(await client.recv(100))).toBe("pues hola");
        await client.close();
      }
      await listening.close();
      expect(await serving).toBe(3);
    });
  });

  it("gives datagrams, empty ones too, until it is closed here", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const socket = receiver(a, 53);
      const to = { address: "127.0.0.1", port: 53 };
      const reading = (async () => {
        const seen: string[] = [];
        for await (const datagram of socket.chunks()) seen.push(text(datagram));
        return seen;
      })();
      for (const data of ["uno", "", "dos"]) await socket.sendto(data, to);
      await net.sleep(1);
      await socket.close();
      expect(await reading).toEqual(["uno", "", "dos"]);
    });
  });

  it("throws what the network did", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const reading = (async () => {
        for await (const _ of server);
      })();
      client.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 });
      await client.close();
      expect((await failure(reading)).message).toBe("recv ECONNRESET");
      await server.close();
    });
  });

  it("closes itself by Symbol.asyncDispose", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const socket = receiver(a, 53);
      await socket[Symbol.asyncDispose]();
      expect(socket.fileno()).toBe(-1);
    });
  });
});

describe("web streams", () => {
  it("carry a megabyte from a writable to a readable", async () => {
    const { net, a, b } = pair({ latency: 2, loss: 0.01 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const data = pattern(1 << 20);
      const writing = new Blob([data]).stream().pipeTo(client.writable);
      const received = new Uint8Array(await new Response(server.readable).arrayBuffer());
      await writing;
      expect(received.length).toBe(data.length);
      expect(received.every((byte, at) => byte === data[at])).toBe(true);
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("report errors, and let go when cancelled", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      await client.sendall("x");
      const reader = server.readable.getReader();
      expect(text((await reader.read()).value!)).toBe("x");
      await reader.cancel();
      client.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 });
      await client.close();
      await net.sleep(1);
      const writer = server.writable.getWriter();
      expect((await failure(writer.write("y"))).code).toBe("ECONNRESET");
      await writer.closed.catch(() => {});
      await server.close();
    });
  });

  it("are the same at every access", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const socket = receiver(a, 53);
      expect(socket.readable).toBe(socket.readable);
      expect(socket.writable).toBe(socket.writable);
      await socket.close();
    });
  });

  it("abort while a write waits for a peer that does not read", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const writer = client.writable.getWriter();
      const writing = failure(writer.write(pattern(8 << 20)));
      writer.closed.catch(() => {});
      await net.sleep(100);
      await writer.abort("enough");
      expect((await writing).message).toBe("send EBADF");
      expect(client.fileno()).toBe(-1);
      await server.close();
    });
  });

  it("abort when nothing waits", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      await client.writable.abort();
      expect(client.fileno()).toBe(-1);
      expect((await server.recv(1)).length).toBe(0);
      await server.close();
    });
  });
});
