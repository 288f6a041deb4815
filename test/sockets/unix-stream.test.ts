import { describe, expect, it } from "vitest";
import { MSG_CTRUNC, MSG_OOB, MSG_PEEK, MSG_TRUNC, SOCK_STREAM } from "../../src/sockets/constants.ts";
import { newsOf, poll, recv, send, unixHost, unixPair } from "../support/unix.ts";

describe("SOCK_STREAM in AF_UNIX", () => {
  it("joins what was sent in pieces, and gives it in others", () => {
    const [one, other] = unixPair(unixHost(), SOCK_STREAM);
    for (const text of ["hello", "", "world", "!"]) send(one, text);
    expect(other.readable).toBe(11);
    expect([recv(other, 7), other.readable, recv(other, 3), recv(other), recv(other)]).toEqual([
      "hellowo",
      4,
      "rld",
      "!",
      "<EAGAIN>",
    ]);
  });

  it("keeps what is only looked at, across the borders of pieces", () => {
    const [one, other] = unixPair(unixHost(), SOCK_STREAM);
    send(one, "hello");
    send(one, "world");
    recv(other, 2);
    expect(recv(other, 5, MSG_PEEK)).toBe("llowo");
    expect(recv(other, 100, MSG_PEEK)).toBe("lloworld");
    expect(recv(other, 3, MSG_TRUNC)).toBe("llo"); // means nothing here
    expect(other.message.flags & (MSG_TRUNC | MSG_CTRUNC)).toBe(0);
    expect(recv(other)).toBe("world");
  });

  it("keeps a copy of what it is given", () => {
    const [one, other] = unixPair(unixHost(), SOCK_STREAM);
    const data = new Uint8Array([1, 2, 3, 4]);
    expect(one.send(data, 1, 2)).toBe(2);
    data.fill(9);
    const into = new Uint8Array(4);
    expect(other.receive(into, 1, 3)).toBe(2);
    expect([...into]).toEqual([0, 2, 3, 0]);
  });

  it("has an urgent byte at most, before which a receive stops", () => {
    const host = unixHost();
    const [one, other] = unixPair(host, SOCK_STREAM);
    expect(recv(other, 1, MSG_OOB)).toBe("<EINVAL>");
    expect(send(one, "", MSG_OOB)).toBe("EOPNOTSUPP");
    expect(send(one, "hello", MSG_OOB)).toBe(5);
    expect([poll(other), other.readable, other.atMark]).toEqual(["IN|PRI|OUT", 5, false]);
    expect([recv(other), other.atMark, poll(other)]).toEqual(["hell", true, "IN|PRI|OUT"]);
    expect([recv(other, 10, MSG_OOB | MSG_PEEK), recv(other, 10, MSG_OOB)]).toEqual(["o", "o"]);
    expect(other.message.flags).toBe(MSG_OOB);
    expect([poll(other), other.atMark, other.readable]).toEqual(["IN|OUT", true, 0]);
    expect([recv(other, 10, MSG_OOB), recv(other)]).toEqual(["<EINVAL>", "<EAGAIN>"]);
    expect([poll(other), other.atMark, one.unacknowledged]).toEqual(["OUT", false, 0]);
  });

  it("steps over an urgent byte that nobody has read, and that is then gone", () => {
    const [one, other] = unixPair(unixHost(), SOCK_STREAM);
    send(one, "abX", MSG_OOB);
    send(one, "cd");
    expect([recv(other), other.atMark, recv(other, 100, MSG_PEEK)]).toEqual(["ab", true, "cd"]);
    expect([recv(other), recv(other, 1, MSG_OOB), poll(other)]).toEqual(["cd", "<EINVAL>", "OUT"]);
  });

  it("makes an urgent byte an ordinary one when another follows", () => {
    const [one, other] = unixPair(unixHost(), SOCK_STREAM);
    send(one, "aX", MSG_OOB);
    send(one, "bY", MSG_OOB);
    expect([recv(other, 10, MSG_OOB), recv(other), recv(other)]).toEqual(["Y", "aXb", "<EAGAIN>"]);
  });

  it("goes on across an urgent byte that was read, up to the next one", () => {
    const [one, other] = unixPair(unixHost(), SOCK_STREAM);
    send(one, "aX", MSG_OOB);
    expect(recv(other, 10, MSG_OOB)).toBe("X");
    send(one, "bY", MSG_OOB);
    expect([recv(other, 100, MSG_PEEK), recv(other), other.atMark]).toEqual(["ab", "ab", true]);
  });

  it("leaves the urgent byte among the others when SO_OOBINLINE is set", () => {
    const [one, other] = unixPair(unixHost(), SOCK_STREAM);
    other.common.oobInline = true;
    send(one, "aX", MSG_OOB);
    send(one, "b");
    expect([recv(other, 10, MSG_OOB), recv(other), other.atMark]).toEqual(["<EINVAL>", "a", true]);
    expect([recv(other, 100, MSG_PEEK), recv(other), poll(other)]).toEqual(["Xb", "Xb", "OUT"]);
  });

  it("resets no connection for an urgent byte that was read", () => {
    const [one, other] = unixPair(unixHost(), SOCK_STREAM);
    send(one, "X", MSG_OOB);
    recv(other, 1, MSG_OOB);
    other.close();
    expect([one.takeError(), one.unacknowledged]).toEqual([0, 0]);
  });

  // SIOCOUTQ after each of these sends, one behind the other
  it("counts what is under way as Linux does", () => {
    const [one, other] = unixPair(unixHost(), SOCK_STREAM);
    const counts = [1, 10, 100, 1000, 5000, 40_000].map((length) => {
      send(one, length);
      return one.unacknowledged;
    });
    expect(counts).toEqual([768, 1536, 2304, 4608, 11_008, 52_480]);
    expect([other.readable, other.unacknowledged]).toEqual([46_111, 0]);
    recv(other, 1);
    expect(one.unacknowledged).toBe(51_712);
    recv(other, 9); // all but one of the second send's bytes
    expect(one.unacknowledged).toBe(51_712);
    recv(other, 100_000);
    expect(one.unacknowledged).toBe(0);
  });

  // bytes of each send, sends until EAGAIN, bytes they were, SIOCOUTQ then, bytes read until POLLOUT, SIOCOUTQ then
  it.each([
    [1, 278, 278, 213_504, 209, 52_992],
    [100, 278, 27_800, 213_504, 20_900, 52_992],
    [1000, 93, 93_000, 214_272, 70_000, 52_992],
    [3000, 49, 147_000, 213_248, 111_000, 52_224],
    [10_000, 17, 170_000, 213_248, 130_000, 50_176],
    [30_000, 7, 210_000, 216_832, 180_000, 30_976],
    [50_000, 5, 236_544, 243_968, 200_000, 37_120],
    [200_000, 2, 236_544, 241_408, 200_000, 37_120],
  ])("has room for as many sends of %i bytes as Linux", (length, sends, bytes, memory, read, left) => {
    const host = unixHost();
    const [one, other] = unixPair(host, SOCK_STREAM);
    let count = 0;
    let total = 0;
    for (let sent = send(one, length); typeof sent === "number"; sent = send(one, length)) {
      count++;
      total += sent;
    }
    expect([count, total, one.unacknowledged, poll(one)]).toEqual([sends, bytes, memory, ""]);
    const news = newsOf(one);
    let taken = 0;
    while (poll(one) === "") taken += recv(other, length).length;
    expect([taken, one.unacknowledged]).toEqual([read, left]);
    host.clock.runInstant();
    expect(news.count).toBe(1);
  });

  it.each([
    [2304, 4480],
    [4607, 9086],
    [10_000, 19_872],
  ])("takes of a large send what SO_SNDBUF %i has room for", (half, bytes) => {
    const [one] = unixPair(unixHost(), SOCK_STREAM);
    one.settings.sendBufferBytes = half;
    one.settingsChanged();
    expect(send(one, 700_000)).toBe(bytes);
    expect(send(one, 1)).toBe("EAGAIN");
  });

  it("becomes writable when its buffer is made larger, and says so", () => {
    const host = unixHost();
    const [one] = unixPair(host, SOCK_STREAM);
    one.settings.sendBufferBytes = 2304;
    send(one, 10_000);
    const news = newsOf(one);
    one.settings.sendBufferBytes = 106_496;
    one.settingsChanged();
    host.clock.runInstant();
    expect([news.count, poll(one)]).toEqual([1, "OUT"]);
  });

  it("carries a megabyte byte for byte", () => {
    const [one, other] = unixPair(unixHost(), SOCK_STREAM);
    const data = Uint8Array.from({ length: 1 << 20 }, (_, index) => (index * 31) >> 3);
    const got = new Uint8Array(data.length);
    let sent = 0;
    let received = 0;
    while (received < data.length) {
      if (sent < data.length) sent += Math.max(0, one.send(data, sent));
      received += other.receive(got, received, Math.min(70_001, data.length - received));
    }
    expect(got.every((byte, index) => byte === data[index])).toBe(true);
  });
});
