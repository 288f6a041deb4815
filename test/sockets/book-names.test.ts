import { describe, expect, it } from "vitest";
import {
  AF_INET,
  AF_UNIX,
  htonl,
  htons,
  INADDR_ANY,
  INADDR_LOOPBACK,
  IP_ADD_MEMBERSHIP,
  IP_DROP_MEMBERSHIP,
  IP_MULTICAST_IF,
  IPPROTO_IP,
  inet_addr,
  inet_aton,
  MSG_CTRUNC,
  MSG_TRUNC,
  SCM_RIGHTS,
  SIOCGIFADDR,
  SIOCGIFFLAGS,
  SIOCGIFINDEX,
  SIOCGIFNAME,
  SO_LINGER,
  SO_RCVTIMEO,
  SO_SNDTIMEO,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../../src/index.ts";
import { network, pair, thrown } from "../support/world.ts";

describe("structures in the book's spelling", () => {
  it("are times", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const { posix } = a;
      const fd = posix.socket(AF_INET, SOCK_DGRAM);
      for (const option of [SO_RCVTIMEO, SO_SNDTIMEO]) {
        posix.setsockopt(fd, SOL_SOCKET, option, { tv_sec: 2, tv_usec: 500_000 });
        expect(posix.getsockopt(fd, SOL_SOCKET, option)).toBe(2500);
        for (const wrong of [
          { tv_sec: 0, tv_usec: 1_000_000 },
          { tv_sec: 0, tv_usec: -1 },
        ]) {
          expect(thrown(() => posix.setsockopt(fd, SOL_SOCKET, option, wrong)).code).toBe("EDOM");
        }
      }
      expect(() =>
        posix.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, { tv_sec: "2", tv_usec: 0 } as never),
      ).toThrow(new TypeError('setsockopt: tv_sec is an integer, not "2"'));
      expect(() => posix.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, { tv_sec: 2, usec: 0 } as never)).toThrow(
        new TypeError("setsockopt: unknown field usec; there are tv_sec, tv_usec"),
      );
      const start = net.now;
      expect(await posix.select({ read: [fd] }, { tv_sec: 1, tv_usec: 250_000 })).toEqual({
        read: [],
        write: [],
        except: [],
      });
      expect(net.now - start).toBe(1250);
      posix.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, { tv_sec: -1, tv_usec: 0 }); // not at all, as in Linux
      await expect(posix.recv(fd, new Uint8Array(1))).rejects.toThrow("recv EWOULDBLOCK");
      await expect(posix.select({ read: [fd] }, { tv_sec: 0, tv_usec: 2_000_000 })).resolves.toBeDefined();
      expect(net.now - start).toBe(3250);
      await expect(posix.select({ read: [fd] }, { tv_sec: -1, tv_usec: 0 })).rejects.toThrow("select EINVAL");
      await posix.close(fd);
    });
  });

  it("are values of options", async () => {
    const { a } = pair();
    const { posix } = a;
    const stream = posix.socket(AF_INET, SOCK_STREAM);
    posix.setsockopt(stream, SOL_SOCKET, SO_LINGER, { l_onoff: 1, l_linger: 5 });
    expect(posix.getsockopt(stream, SOL_SOCKET, SO_LINGER)).toEqual({ onoff: 1, linger: 5 });
    posix.setsockopt(stream, SOL_SOCKET, SO_LINGER, { l_onoff: 0, l_linger: 0 });
    expect(() => posix.setsockopt(stream, SOL_SOCKET, SO_LINGER, { onof: 1, linger: 5 } as never)).toThrow(
      new TypeError("setsockopt: unknown field onof; there are onoff, linger"),
    );

    const fd = posix.socket(AF_INET, SOCK_DGRAM);
    const any = { s_addr: htonl(INADDR_ANY) };
    const own = { s_addr: inet_addr("10.0.0.1") };
    for (const [joins, leaves] of [
      [{ imr_multiaddr: { s_addr: inet_addr("224.1.2.3") }, imr_interface: own }, { imr_ifindex: 2 }],
      [{ imr_multiaddr: inet_aton("224.1.2.3"), imr_interface: any }, { imr_interface: "10.0.0.1" }],
      [
        { imr_multiaddr: "224.1.2.3", imr_address: any, imr_ifindex: 2 },
        { imr_address: own, imr_ifindex: 0 },
      ],
    ]) {
      posix.setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, joins as never);
      expect(
        thrown(() =>
          posix.setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, { multiaddr: "224.1.2.3", interface: 2 }),
        ).code,
      ).toBe("EADDRINUSE");
      posix.setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, {
        imr_multiaddr: "224.1.2.3",
        ...leaves,
      } as never);
    }
    posix.setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, { imr_address: own, imr_ifindex: 0 } as never);
    expect(posix.getsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF)).toBe("10.0.0.1");
    expect(() =>
      posix.setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, { imr_multiaddr: { s_addr: INADDR_LOOPBACK } }),
    ).toThrow("s_addr is in network order");
    expect(() => posix.setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, { imr_multiaddr: 5 } as never)).toThrow(
      "imr_multiaddr is { s_addr: htonl(…) }, 4 bytes or a dotted quad, not 5",
    );
    for (const open of [stream, fd]) await posix.close(open);
  });

  it("are interface requests, whose answer has our names", async () => {
    const { posix } = pair().a;
    const fd = posix.socket(AF_INET, SOCK_DGRAM);
    const request = { ifr_name: "eth0" };
    expect(posix.ioctl(fd, SIOCGIFADDR, request)).toBe(0);
    expect(posix.ioctl(fd, SIOCGIFINDEX, request)).toBe(0);
    expect(request).toEqual({ ifr_name: "eth0", address: "10.0.0.1", ifr_ifindex: 2 });
    const byIndex = { ifr_ifindex: 2 };
    posix.ioctl(fd, SIOCGIFNAME, byIndex);
    expect(byIndex).toEqual({ ifr_ifindex: 2, ifr_name: "eth0" });
    expect(() => posix.ioctl(fd, SIOCGIFFLAGS, {})).toThrow(
      new TypeError("ioctl: the argument is an object { name } or an interface's name, not {}"),
    );
    expect(() => posix.ioctl(fd, SIOCGIFNAME, { name: "eth0" })).toThrow("is an object { index }, not {");
    expect(() => posix.ioctl(fd, SIOCGIFADDR, { nmae: "eth0" } as never)).toThrow('not { nmae: "eth0" }');
    await posix.close(fd);
  });

  it("are messages with control messages", async () => {
    const { posix } = network().host("a");
    const [left, right] = posix.socketpair(AF_UNIX, SOCK_DGRAM);
    const rights = { cmsg_len: 20, cmsg_level: SOL_SOCKET, cmsg_type: SCM_RIGHTS, cmsg_data: [left] };
    const sent = {
      msg_name: null,
      msg_namelen: 0,
      msg_iov: ["he", "llo"],
      msg_iovlen: 2,
      msg_control: [rights],
      msg_controllen: 24,
      msg_flags: 0,
    };
    expect(await posix.sendmsg(left, sent)).toBe(5);
    const iov = [new Uint8Array(4)];
    const got = { msg_name: {} as never, msg_iov: iov, msg_control: [], msg_controllen: 24, msg_flags: -1 };
    expect(await posix.recvmsg(right, got)).toBe(4);
    const [passed] = (got.msg_control as unknown as { data: number[] }[])[0]!.data as [number];
    expect(got).toEqual({
      msg_name: expect.anything(),
      msg_iov: iov,
      msg_control: [{ level: SOL_SOCKET, type: SCM_RIGHTS, data: [passed] }],
      msg_controllen: 24,
      msg_flags: MSG_TRUNC,
    });
    await posix.sendmsg(left, sent);
    const careless = { msg_iov: [new Uint8Array(9)], msg_control: null, msg_flags: 0 };
    await posix.recvmsg(right, careless);
    expect(careless.msg_flags).toBe(MSG_CTRUNC);

    await expect(posix.sendmsg(left, { iov: ["x"], msg_control: [rights] } as never)).rejects.toThrow(
      new TypeError(
        "sendmsg: unknown field iov; there are msg_name, msg_namelen, msg_iov, msg_iovlen, msg_control, " +
          "msg_controllen, msg_flags",
      ),
    );
    await expect(posix.sendmsg(left, { iov: ["x"], contorl: [] } as never)).rejects.toThrow(
      "sendmsg: unknown field contorl; there are name, iov, control, controllen, flags",
    );
    const loose = { level: SOL_SOCKET, type: SCM_RIGHTS, data: [left], len: 5 };
    await expect(posix.sendmsg(left, { iov: ["x"], control: [loose] })).rejects.toThrow("unknown field len");
    for (const fd of [left, right, passed]) await posix.close(fd);
  });

  it("leave addresses as they were", async () => {
    const { posix } = network().host("a");
    const fd = posix.socket(AF_INET, SOCK_DGRAM);
    const sin_addr = { s_addr: htonl(INADDR_LOOPBACK) };
    posix.bind(fd, { sin_family: AF_INET, sin_port: htons(7), sin_addr });
    expect(posix.getsockname(fd)).toEqual({ family: AF_INET, address: "127.0.0.1", port: 7 });
    await posix.close(fd);
  });
});
