/** What Python's `socket` module has beside sockets: descriptors in messages, interfaces. The answers are Linux 6.18's. */
import { expect, it } from "vitest";
import { AF_INET, MSG_CTRUNC, SOCK_DGRAM } from "../../src/index.ts";
import { failure, pair, text, thrown } from "../support/world.ts";

it("send_fds and recv_fds pass descriptors over AF_UNIX", async () => {
  const { net, a } = pair();
  await net.run(async () => {
    const [left, right] = a.socketpair();
    const [first, second] = [a.socket(AF_INET, SOCK_DGRAM), a.socket(AF_INET, SOCK_DGRAM)];
    first.bind({ address: "", port: 7001 });
    expect(await a.send_fds(left, ["two ", "more"], [first.fileno(), second.fileno()])).toBe(8);
    const [data, fds, flags] = await a.recv_fds(right, 100, 2);
    expect([text(data), fds.length, flags]).toEqual(["two more", 2, 0]);
    expect(a.socket({ fileno: fds[0]! }).getsockname()).toMatchObject({ port: 7001 });

    await a.send_fds(left, ["x"], [first.fileno(), second.fileno()]);
    const [, one, cut] = await a.recv_fds(right, 100, 1);
    expect([one.length, cut & MSG_CTRUNC]).toEqual([1, MSG_CTRUNC]);

    expect((await failure(a.send_fds(left, ["x"], [999]))).code).toBe("EBADF");
    await expect(a.send_fds(left, ["x"], first as never)).rejects.toThrow(
      /send_fds: fds is an array of descriptors/,
    );
    await expect(a.send_fds(left, ["x"], [first] as never)).rejects.toThrow(
      /send_fds: a descriptor is an integer/,
    );
    await expect(a.recv_fds(right, 1, -1)).rejects.toThrow(RangeError);
    await expect(a.recv_fds(3 as never, 1, 1)).rejects.toThrow(
      "recv_fds: the first argument is a Socket, not 3",
    );
    for (const socket of [left, right, first, second]) await socket.close();
    for (const fd of [...fds, ...one]) await a.posix.close(fd);
  });
});

it("if_nameindex and its kin know the host's interfaces", () => {
  const { a } = pair();
  expect(a.if_nameindex()).toEqual([
    [1, "lo"],
    [2, "eth0"],
  ]);
  expect([a.if_nametoindex("eth0"), a.if_indextoname(1)]).toEqual([2, "lo"]);
  expect(thrown(() => a.if_nametoindex("eth9")).code).toBe("ENODEV");
  expect(thrown(() => a.if_indextoname(9)).code).toBe("ENXIO");
  expect(a.has_ipv6).toBe(false);
});
