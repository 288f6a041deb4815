/** System V's names for what poll tells: each answer here is what Linux 6.18 gave to the same calls on loopback. */
import { describe, expect, it } from "vitest";
import {
  AF_INET,
  AF_UNIX,
  EPOLL_CTL_ADD,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDNORM,
  EPOLLWRNORM,
  type EpollEvent,
  type Host,
  MSG_OOB,
  MSG_PEEK,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLPRI,
  POLLRDBAND,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
  SOCK_STREAM,
} from "../../src/index.ts";
import { connection, listener, pair, receiver, thrown } from "../support/world.ts";

const ALL = 0x3fff;

async function polled(host: Host, fd: number, events = ALL): Promise<number> {
  const fds = [{ fd, events, revents: 0 }];
  await host.posix.poll(fds, 0);
  return fds[0]!.revents;
}

describe("poll", () => {
  it("tells POLLRDNORM with POLLIN and POLLWRNORM with POLLOUT of TCP, and no POLLWRBAND", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const fd = client.fileno();
      expect(await polled(a, fd)).toBe(POLLOUT | POLLWRNORM);
      expect(await polled(a, fd, POLLWRBAND | POLLRDBAND)).toBe(0);
      await server.send("x");
      await client.recv(1, MSG_PEEK);
      expect(await polled(a, fd)).toBe(POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM);
      expect(await polled(a, fd, POLLRDNORM)).toBe(POLLRDNORM);
      expect(await polled(a, fd, POLLIN)).toBe(POLLIN);
      expect(await polled(a, fd, POLLWRNORM)).toBe(POLLWRNORM);
      await server.send("!", MSG_OOB);
      await net.sleep(1);
      expect(await polled(a, fd, POLLPRI | POLLRDBAND)).toBe(POLLPRI);
      await server.close();
      await net.sleep(1);
      expect(await polled(a, fd, POLLRDNORM | POLLRDHUP)).toBe(POLLRDNORM | POLLRDHUP);
      await client.close();
    });
  });

  it("wakes for POLLRDNORM alone, as the servers of UNP ask", async () => {
    const { net, a, b } = pair({ latency: 5 });
    await net.run(async () => {
      const listening = listener(b, 80);
      const fds = [{ fd: listening.fileno(), events: POLLRDNORM, revents: 0 }];
      const waiting = b.posix.poll(fds, -1);
      const client = a.socket(AF_INET, SOCK_STREAM);
      const connecting = client.connect({ address: "b", port: 80 });
      expect(await waiting).toBe(1);
      expect(fds[0]!.revents).toBe(POLLRDNORM);
      await connecting;
      await Promise.all([client, listening].map((socket) => socket.close()));
    });
  });

  it("tells POLLWRBAND of datagrams and of AF_UNIX", async () => {
    const { net, b } = pair();
    await net.run(async () => {
      const socket = receiver(b, 1);
      const [one, other] = b.socketpair(AF_UNIX, SOCK_STREAM);
      for (const { fd, band } of [socket, one].map((each) => ({ fd: each.fileno(), band: POLLWRBAND }))) {
        expect(await polled(b, fd)).toBe(POLLOUT | POLLWRNORM | band);
        expect(await polled(b, fd, band)).toBe(band);
      }
      await other.close();
      expect(await polled(b, one.fileno())).toBe(
        POLLIN | POLLOUT | POLLHUP | POLLRDNORM | POLLWRNORM | POLLWRBAND | POLLRDHUP,
      );
      await Promise.all([socket, one].map((each) => each.close()));
    });
  });
});

describe("epoll", () => {
  async function waited(host: Host, epfd: number): Promise<number[]> {
    const events: EpollEvent[] = [];
    await host.posix.epoll_wait(epfd, events, 10, 0);
    return events.map((event) => event.events);
  }

  it("tells what was asked for, in the words it was asked in", async () => {
    const { net, b } = pair();
    await net.run(async () => {
      const { epoll_create1, epoll_ctl } = b.posix;
      const [one, other] = b.socketpair(AF_UNIX, SOCK_STREAM);
      const [both, single] = [epoll_create1(), epoll_create1()];
      epoll_ctl(both, EPOLL_CTL_ADD, one.fileno(), { events: 0x3ff });
      epoll_ctl(single, EPOLL_CTL_ADD, one.fileno(), { events: EPOLLRDNORM | EPOLLET });
      expect(await waited(b, both)).toEqual([0x304]);
      expect(await waited(b, single)).toEqual([]);
      expect(await polled(b, both)).toBe(POLLIN | POLLRDNORM);
      await other.send("x");
      await net.sleep(1);
      expect(await waited(b, both)).toEqual([EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM | POLLWRBAND]);
      expect(await waited(b, single)).toEqual([EPOLLRDNORM]);
      expect(await waited(b, single)).toEqual([]); // no new edge
      const call = () =>
        epoll_ctl(both, EPOLL_CTL_ADD, other.fileno(), { events: EPOLLRDNORM | EPOLLEXCLUSIVE });
      expect(thrown(call)).toMatchObject({ code: "EINVAL" });
      await Promise.all([one, other].map((each) => each.close()));
      await Promise.all([both, single].map((fd) => b.posix.close(fd)));
    });
  });
});
