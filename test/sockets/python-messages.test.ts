/** `sendmsg`, `recvmsg` and `recvmsg_into`. What is expected was said by Python 3.11 on Linux, unless a test says otherwise. */
import { describe, expect, it } from "vitest";
import {
  AF_UNIX,
  IP_RECVTTL,
  IP_TTL,
  IPPROTO_IP,
  MSG_CTRUNC,
  MSG_PEEK,
  MSG_TRUNC,
  SCM_RIGHTS,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOL_SOCKET,
} from "../../src/index.ts";
import { CMSG_SPACE } from "../../src/sockets/control.ts";
import { connection, failure, pair, receiver, text } from "../support/world.ts";

const bytes = (data: string) => new TextEncoder().encode(data);
const HERE = { address: "127.0.0.1", port: 53 };
const FROM = { ...HERE, family: "IPv4" };

describe("sendmsg", () => {
  it("sends all its buffers as one message", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const udp = receiver(a, 53);
      expect(await udp.sendmsg([bytes("ab"), "c", new Uint8Array(0), "de"], [], 0, HERE)).toBe(5);
      expect(text(await udp.recv(10))).toBe("abcde");
      expect((await failure(udp.sendmsg(["x"], [], 0, null))).code).toBe("EDESTADDRREQ");
      await udp.connect(HERE);
      expect([await udp.sendmsg(new Set(["a", "b"])), await udp.sendmsg([])]).toEqual([2, 0]);
      expect([text(await udp.recv(9)), (await udp.recv(9)).length]).toEqual(["ab", 0]);
      const [client, server] = await connection(a, b);
      expect(await client.sendmsg(Array(1024).fill("x"))).toBe(1024);
      expect((await failure(client.sendmsg(Array(1025).fill("x")))).message).toBe("sendmsg EMSGSIZE");
      expect((await server.recv(5000)).length).toBe(1024);
      const unconnected = a.socket();
      expect((await failure(unconnected.sendmsg(["x"]))).code).toBe("EPIPE");
      await Promise.all([udp.close(), client.close(), server.close(), unconnected.close()]);
    });
  });

  it("carries control messages: IP_TTL, for this message alone", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const server = receiver(b, 53);
      const client = receiver(a, 53);
      server.setsockopt(IPPROTO_IP, IP_RECVTTL, 1);
      const where = { address: "10.0.0.2", port: 53 };
      await client.sendmsg(["one"], [[IPPROTO_IP, IP_TTL, 7]], 0, where);
      await client.sendmsg(["two"], [], 0, where);
      const from = { address: "10.0.0.1", port: 53, family: "IPv4" };
      expect(await server.recvmsg(10, CMSG_SPACE(4))).toEqual([
        ...[bytes("one"), [[IPPROTO_IP, IP_TTL, 7]], 0, from],
      ]);
      expect((await server.recvmsg(10, CMSG_SPACE(4)))[1]).toEqual([[IPPROTO_IP, IP_TTL, 64]]);
      expect((await failure(client.sendmsg(["x"], [[IPPROTO_IP, IP_TTL, 0]], 0, where))).message).toBe(
        "sendmsg EINVAL",
      );
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("passes descriptors, which are closed when nobody takes them", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const [left, right] = a.socketpair();
      const [gift, other] = a.socketpair();
      const rights = [SOL_SOCKET, SCM_RIGHTS, [gift.fileno()]] as const;
      await left.sendmsg(["x"], [[...rights]]);
      expect(await right.recvmsg(5)).toEqual([bytes("x"), [], MSG_CTRUNC, null]);
      await left.sendmsg(["y"], [[...rights]]);
      const [data, ancdata, flags] = await right.recvmsg(5, CMSG_SPACE(4));
      expect([text(data), flags, ancdata.length]).toEqual(["y", 0, 1]);
      const [[level, type, descriptors]] = ancdata as unknown as [[number, number, number[]]];
      expect([level, type, descriptors.length]).toEqual([SOL_SOCKET, SCM_RIGHTS, 1]);
      const passed = a.socket<string>({ fileno: descriptors[0]! });
      await gift.close();
      await passed.send("through");
      expect(text(await other.recv(10))).toBe("through");
      await passed.close();
      expect((await other.recv(1)).length).toBe(0);
      await other.close();
      await right.close();
      const [kept, end] = a.socketpair();
      // the send fails, and the reference it had is given back
      expect((await failure(left.sendmsg(["z"], [[SOL_SOCKET, SCM_RIGHTS, [kept.fileno()]]]))).code).toBe(
        "EPIPE",
      );
      await kept.close();
      expect((await end.recv(1)).length).toBe(0);
      await Promise.all([left.close(), end.close()]);
    });
  });

  it("says what is wrong with what it gets", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const udp = receiver(a, 53);
      for (const [buffers, ancdata, message] of [
        ["ab", [], 'sendmsg: buffers is an array of Uint8Arrays or strings, not "ab"'],
        [bytes("ab"), [], "sendmsg: buffers is an array of Uint8Arrays or strings, not a Uint8Array"],
        [5, [], "sendmsg: buffers is an array of Uint8Arrays or strings, not 5"],
        [[5], [], "sendmsg: data is a Uint8Array or a string, not 5"],
        [["x"], [[1]], "sendmsg: ancdata is an array of [level, type, data], of which [1] is none"],
        [["x"], 0, "sendmsg: ancdata is an array of [level, type, data], not 0"],
      ] as const) {
        await expect(udp.sendmsg(buffers as never, ancdata as never, 0, HERE)).rejects.toThrow(
          new TypeError(message),
        );
      }
      await expect(udp.recvmsg(-1)).rejects.toThrow("recvmsg: size is an integer from 0");
      await expect(udp.recvmsg(undefined as never)).rejects.toThrow(
        "recvmsg: size is an integer, not undefined",
      );
      await expect(udp.recvmsg(1, -1)).rejects.toThrow("recvmsg: ancbufsize is an integer from 0");
      await expect(udp.recvmsg_into(new Uint8Array(1) as never)).rejects.toThrow(
        "recvmsg_into: buffers is an array of Uint8Arrays, not a Uint8Array",
      );
      await expect(udp.recvmsg_into(["x"] as never)).rejects.toThrow(
        'recvmsg_into: the buffer is a Uint8Array, not "x"',
      );
      await udp.close();
    });
  });
});

describe("recvmsg", () => {
  it("tells of what was cut off, of the bytes and of the control messages", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const udp = receiver(a, 53);
      udp.setsockopt(IPPROTO_IP, IP_RECVTTL, 1);
      for (let round = 0; round < 4; round++) await udp.sendto("hello", HERE);
      expect(await udp.recvmsg(2)).toEqual([bytes("he"), [], MSG_TRUNC | MSG_CTRUNC, FROM]);
      expect(await udp.recvmsg(2, 15)).toEqual([bytes("he"), [], MSG_TRUNC | MSG_CTRUNC, FROM]);
      const whole = [bytes("hello"), [[IPPROTO_IP, IP_TTL, 64]], 0, FROM];
      expect(await udp.recvmsg(9, 20, MSG_PEEK)).toEqual(whole);
      expect(await udp.recvmsg(9, CMSG_SPACE(4))).toEqual(whole);
      expect((await udp.recvmsg(0))[2]).toBe(MSG_TRUNC | MSG_CTRUNC); // it takes the datagram
      udp.setblocking(false);
      expect((await failure(udp.recvmsg(0))).message).toBe("recvmsg EWOULDBLOCK");
      await udp.close();
    });
  });

  it("waits, and fills many buffers", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const udp = receiver(a, 53);
      const buffers = [new Uint8Array(2), new Uint8Array(0), new Uint8Array(5)];
      const reading = udp.recvmsg_into(buffers);
      await net.sleep(5);
      await udp.sendto("hello", HERE);
      expect(await reading).toEqual([5, [], 0, FROM]);
      expect(buffers.map(text)).toEqual(["he", "", "llo\0\0"]);
      await udp.close();
    });
  });

  it("keeps records apart in AF_UNIX", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      for (const type of [SOCK_SEQPACKET, SOCK_DGRAM]) {
        const [left, right] = a.socketpair(AF_UNIX, type);
        await left.send("abc");
        await left.send("d");
        expect(await right.recvmsg(2)).toEqual([bytes("ab"), [], MSG_TRUNC, null]);
        expect(await right.recvmsg(5)).toEqual([bytes("d"), [], 0, null]);
        await Promise.all([left.close(), right.close()]);
      }
    });
  });
});
