/** Objects of the Python face act by number: what dup2 and close do to the descriptor below them. */
import { describe, expect, it } from "vitest";
import { AF_INET, AF_UNIX, POLLNVAL, POLLOUT, SOCK_DGRAM } from "../../src/index.ts";
import { network } from "../../src/vitest/index.ts";
import { failure, thrown } from "../support/world.ts";

describe("an object", () => {
  it("acts on what dup2 puts in the place of its descriptor, and closes that", async () => {
    const net = network();
    const host = net.host("a");
    const { posix } = host;
    await net.run(async () => {
      const [left, right] = host.socketpair();
      const object = host.socket(AF_INET, SOCK_DGRAM);
      await right.send("x");
      posix.dup2(left.fileno(), object.fileno());
      await left.close();
      expect(object.getsockname()).toBe("");
      expect([object.family, object.type]).toEqual([AF_INET, SOCK_DGRAM]); // remembered, as in Python
      expect((await object.recv(5)).length).toBe(1);
      await object.close();
      expect((await right.recv(5)).length).toBe(0);
      await right.close();
      expect([...host.descriptors.used()]).toEqual([]);
      expect(host.descriptors.openFiles).toBe(0);
    });
  });

  it("is closed with its number, though a duplicate lives and another socket gets the number", async () => {
    const net = network();
    const host = net.host("a");
    await net.run(async () => {
      const object = host.socket(AF_INET, SOCK_DGRAM);
      const copy = object.dup();
      const fd = object.fileno();
      await host.posix.close(fd);
      expect(thrown(() => object.getsockname()).code).toBe("EBADF");
      expect(await events(host, fd)).toBe(POLLNVAL);
      const other = host.socket(AF_INET, SOCK_DGRAM);
      expect(other.fileno()).toBe(fd);
      expect(thrown(() => object.getsockname()).code).toBe("EBADF");
      await object.close();
      expect(await events(host, fd)).toBe(POLLOUT);
      await other.close();
      await copy.close();
    });
  });

  it("fails with ENOTSOCK, or of an epoll EINVAL, where something else has come", async () => {
    const net = network();
    const host = net.host("a");
    await net.run(async () => {
      const [object, peer] = host.socketpair(AF_UNIX, SOCK_DGRAM);
      const epoll = host.epoll();
      const fd = host.posix.epoll_create1();
      host.posix.dup2(fd, object.fileno());
      expect(thrown(() => object.getsockname()).code).toBe("ENOTSOCK");
      expect((await failure(object.recv(5))).code).toBe("ENOTSOCK");
      host.posix.dup2(peer.fileno(), epoll.fileno());
      expect(thrown(() => epoll.register(fd)).code).toBe("EINVAL");
      epoll.close();
      expect(host.descriptors.get(peer.fileno())?.references).toBe(1);
      for (const each of [object, peer]) await each.close();
      await host.posix.close(fd);
    });
  });
});

async function events(host: ReturnType<ReturnType<typeof network>["host"]>, fd: number): Promise<number> {
  const asked = { fd, events: POLLOUT, revents: 0 };
  await host.posix.poll([asked], 0);
  return asked.revents;
}
