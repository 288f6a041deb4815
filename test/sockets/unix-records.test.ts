/** Sockets of AF_UNIX that keep the borders of what was sent. */
import { describe, expect, it } from "vitest";
import {
  MSG_EOR,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
} from "../../src/sockets/constants.ts";
import type { UnixCore } from "../../src/sockets/unix/core.ts";
import {
  named,
  newsOf,
  poll,
  RECORDS,
  recv,
  send,
  sendTo,
  unixHost,
  unixPair,
  unixSocket,
} from "../support/unix.ts";

describe.each(RECORDS)("records of %s in AF_UNIX", (_name, type) => {
  it("gives them one by one, the empty ones too", () => {
    const [one, other] = unixPair(unixHost(), type);
    expect([send(one, "one"), send(one, "", MSG_EOR), send(one, "three")]).toEqual([3, 0, 5]);
    expect([poll(other), recv(other), other.message.flags]).toEqual(["IN|OUT", "one", 0]);
    expect([poll(other), recv(other), other.message.length]).toEqual(["IN|OUT", "", 0]);
    expect([recv(other), other.message.flags, recv(other), poll(other)]).toEqual([
      "three",
      0,
      "<EAGAIN>",
      "OUT",
    ]);
  });

  it("cuts a record at the length asked for, and says so", () => {
    const [one, other] = unixPair(unixHost(), type);
    send(one, "hello");
    send(one, "world");
    expect(recv(other, 3, MSG_PEEK)).toBe("hel");
    expect(other.message).toMatchObject({ length: 5, flags: MSG_TRUNC });
    expect(other.receive(new Uint8Array(3), 0, 3, MSG_TRUNC | MSG_PEEK)).toBe(5);
    expect(recv(other, 3)).toBe("hel");
    expect(other.message).toMatchObject({ length: 5, flags: MSG_TRUNC });
    expect(recv(other, 0)).toBe("");
    expect(recv(other)).toBe("<EAGAIN>");
  });

  it("has no urgent data", () => {
    const [one, other] = unixPair(unixHost(), type);
    expect(send(one, "x", MSG_OOB)).toBe("EOPNOTSUPP");
    expect(recv(other, 1, MSG_OOB)).toBe("<EOPNOTSUPP>");
  });

  it("counts what is under way as Linux does", () => {
    const [one, other] = unixPair(unixHost(), type);
    const counts = [1, 10, 100, 1000, 5000, 40_000].map((length) => {
      send(one, length);
      return one.unacknowledged;
    });
    expect(counts).toEqual([768, 1536, 2304, 4608, 13_056, 54_272]);
    expect(other.readable).toBe(type === SOCK_DGRAM ? 1 : 46_111);
    for (let count = 0; count < 6; count++) recv(other);
    expect(one.unacknowledged).toBe(0);
  });

  it.each([
    [1, 278, 213_504, 209],
    [3000, 49, 213_248, 37],
    [10_000, 13, 216_320, 10],
    [30_000, 7, 231_168, 6],
    [50_000, 4, 214_016, 4],
    [100_000, 3, 307_968, 3],
    [200_000, 2, 401_920, 2],
  ])("has room for as many records of %i bytes as Linux", (length, records, memory, read) => {
    const [one, other] = unixPair(unixHost(), type);
    let count = 0;
    while (send(one, length) === length) count++;
    expect([count, send(one, 1), one.unacknowledged, poll(one)]).toEqual([records, "EAGAIN", memory, ""]);
    let taken = 0;
    for (; poll(one) === ""; taken++) recv(other);
    expect(taken).toBe(read);
  });

  it("refuses a record that SO_SNDBUF could never hold", () => {
    const [one] = unixPair(unixHost(), type);
    one.settings.sendBufferBytes = 10_000;
    expect(send(one, 19_969)).toBe("EMSGSIZE");
    expect(send(one, 19_968)).toBe(19_968);
  });
});

describe("SOCK_SEQPACKET in AF_UNIX", () => {
  it("sends to its peer whatever the place", () => {
    const [one, other] = unixPair(unixHost(), SOCK_SEQPACKET);
    expect(sendTo(one, "x", "nobody")).toBe(1);
    expect(recv(other)).toBe("x");
  });
});

describe("SOCK_DGRAM in AF_UNIX", () => {
  it("answers a socket that has done nothing yet as Linux does", () => {
    const core = unixSocket(unixHost(), SOCK_DGRAM);
    expect([poll(core), core.stateName]).toEqual(["OUT", "UNCONN"]);
    expect([recv(core), send(core, "x")]).toEqual(["<EAGAIN>", "ENOTCONN"]);
    expect([sendTo(core, "x", "nobody"), sendTo(core, "x", "")]).toEqual(["ENOENT", "EINVAL"]);
    expect([named(core.listen(1)), named(core.accept() as number)]).toEqual(["EOPNOTSUPP", "EOPNOTSUPP"]);
    expect(core.disconnect()).toBe(0);
    expect(core.shutdown(SHUT_RDWR)).toBe(0);
    expect([poll(core), send(core, "x")]).toEqual(["IN|OUT|HUP|RDHUP", "EPIPE"]);
  });

  it("tells who sent, by his path, or that he has none", () => {
    const host = unixHost();
    const server = unixSocket(host, SOCK_DGRAM, "server");
    const client = unixSocket(host, SOCK_DGRAM, "client");
    expect(sendTo(client, "x", "server")).toBe(1);
    expect([recv(server), server.senderName]).toEqual(["x", { family: 1, path: "client" }]);
    sendTo(unixSocket(host, SOCK_DGRAM), "y", "server");
    expect([recv(server), server.senderName]).toEqual(["y", undefined]);
  });

  it("hears of its peer alone, once it is connected", () => {
    const host = unixHost();
    const core = {
      x: unixSocket(host, SOCK_DGRAM, "x"),
      y: unixSocket(host, SOCK_DGRAM, "y"),
      z: unixSocket(host, SOCK_DGRAM, "z"),
    };
    expect(core.x.connect("y")).toBe(0);
    expect([core.x.stateName, core.x.remoteName?.path]).toEqual(["ESTABLISHED", "y"]);
    expect(core.y.connect("z")).toBe(0);
    expect([send(core.x, "1"), sendTo(core.x, "1", "y")]).toEqual(["EPERM", "EPERM"]);
    expect([named(core.x.connect("y")), core.x.remoteName?.path]).toEqual(["EPERM", "y"]);
    expect([sendTo(core.z, "2", "y"), recv(core.y)]).toEqual([1, "2"]);
    expect(sendTo(core.z, "3", "x")).toBe("EPERM");
    expect(core.x.connect("z")).toBe(0);
  });

  it("throws away what came from a former peer, who learns that he is one", () => {
    const host = unixHost();
    const [one, other] = unixPair(host, SOCK_DGRAM);
    send(one, "to other");
    send(other, "to one");
    const news = newsOf(other);
    expect(one.disconnect()).toBe(0);
    host.clock.runInstant();
    expect(news.count).toBe(1);
    expect([poll(one), poll(other)]).toEqual(["OUT", "IN|OUT|ERR"]);
    expect([send(other, "x"), recv(other), send(one, "x")]).toEqual(["ECONNRESET", "to other", "ENOTCONN"]);
    expect([recv(one), poll(other), other.takeError()]).toEqual(["<EAGAIN>", "OUT", 0]);
    expect(send(other, "again")).toBe(5); // it has kept its peer
    expect(one.remoteName).toBeUndefined();
  });

  it("gives an error before what waits", () => {
    const [one, other] = unixPair(unixHost(), SOCK_DGRAM);
    send(one, "x");
    one.disconnect();
    expect([recv(other), recv(other)]).toEqual(["<ECONNRESET>", "x"]);
  });

  it("learns when it sends that its peer is closed, and has none from then on", () => {
    const host = unixHost();
    const client = unixSocket(host, SOCK_DGRAM, "client");
    const server = unixSocket(host, SOCK_DGRAM, "server");
    client.connect("server");
    server.connect("client");
    send(client, "unread");
    send(server, "data");
    server.close();
    expect([poll(client), client.takeError(), client.unacknowledged]).toEqual(["IN|OUT", 0, 0]);
    expect(send(client, "x")).toBe("ECONNREFUSED");
    expect(recv(client)).toBe("<EAGAIN>"); // what the peer had sent is gone with it
    expect([send(client, "x"), client.remoteName]).toEqual(["ENOTCONN", undefined]);
    expect(sendTo(client, "x", "server")).toBe("ECONNREFUSED");
  });

  it("has eleven datagrams wait at most, and tells the senders when there is room again", () => {
    const host = unixHost();
    const server = unixSocket(host, SOCK_DGRAM, "server");
    const stranger = unixSocket(host, SOCK_DGRAM);
    let count = 0;
    while (sendTo(stranger, "x", "server") === 1) count++;
    expect([count, sendTo(stranger, "x", "server"), poll(stranger)]).toEqual([11, "EAGAIN", "OUT"]);
    const client = unixSocket(host, SOCK_DGRAM);
    client.connect("server");
    expect([poll(client), send(client, "x")]).toEqual(["", "EAGAIN"]);
    const watcher = unixSocket(host, SOCK_DGRAM);
    watcher.connect("server"); // has not tried to send
    const news = [stranger, client, watcher].map(newsOf);
    recv(server);
    host.clock.runInstant();
    expect(news.map((each) => each.count)).toEqual([1, 1, 1]);
    expect([poll(client), send(client, "x"), poll(client), poll(watcher)]).toEqual(["OUT", 1, "", ""]);
  });

  it("forgets senders that waited and have closed, wherever they did, and not those that wait at two", () => {
    const host = unixHost();
    const servers = ["a", "b"].map((path) => unixSocket(host, SOCK_DGRAM, path)) as [UnixCore, UnixCore];
    const patient = unixSocket(host, SOCK_DGRAM);
    for (const path of ["a", "b"]) while (sendTo(patient, "x", path) === 1);
    for (let count = 0; count < 10; count++) {
      const sender = unixSocket(host, SOCK_DGRAM);
      expect([sendTo(sender, "x", "a"), sendTo(sender, "x", "b")]).toEqual(["EAGAIN", "EAGAIN"]);
      sender.close();
    }
    const waiting = servers.map((core) => [...(core as unknown as { refused: Set<UnixCore> }).refused]);
    expect(waiting).toEqual([[patient], [patient]]);
    const news = newsOf(patient);
    for (const server of servers) {
      recv(server);
      host.clock.runInstant();
    }
    expect(news.count).toBe(2);
  });

  it("serves senders that wait in the order of their last attempts, and former clients not at all", () => {
    const host = unixHost();
    const server = unixSocket(host, SOCK_DGRAM, "server");
    unixSocket(host, SOCK_DGRAM, "elsewhere");
    const former = unixSocket(host, SOCK_DGRAM);
    former.connect("server");
    former.connect("elsewhere");
    const senders = [1, 2].map(() => unixSocket(host, SOCK_DGRAM));
    const [first, second] = senders as [UnixCore, UnixCore];
    while (sendTo(first, "x", "server") === 1);
    expect([sendTo(second, "x", "server"), sendTo(first, "x", "server")]).toEqual(["EAGAIN", "EAGAIN"]);
    const order: UnixCore[] = [];
    for (const core of [...senders, former]) core.onReadiness = () => order.push(core);
    host.clock.runInstant();
    order.length = 0;
    recv(server);
    host.clock.runInstant();
    expect(order.map((core) => senders.indexOf(core))).toEqual([1, 0]);
  });

  it.each(["itself", "each other"])("does not count datagrams to %s, but bytes", (whom) => {
    const host = unixHost();
    const [one] = unixPair(host, SOCK_DGRAM);
    const self = unixSocket(host, SOCK_DGRAM, "self");
    const transmit = () => (whom === "itself" ? sendTo(self, "x", "self") : send(one, "x"));
    let count = 0;
    while (transmit() === 1) count++;
    expect(count).toBe(278);
  });

  it("talks to itself", () => {
    const self = unixSocket(unixHost(), SOCK_DGRAM, "self");
    expect(self.connect("self")).toBe(0);
    expect([send(self, "x"), recv(self), self.senderName]).toEqual([1, "x", { family: 1, path: "self" }]);
  });

  it("shuts down its own side alone", () => {
    const host = unixHost();
    const [one, other] = unixPair(host, SOCK_DGRAM);
    send(one, "2");
    one.shutdown(SHUT_RD);
    expect([poll(one), poll(other)]).toEqual(["IN|OUT|RDHUP", "IN|OUT"]);
    expect([recv(one), send(other, "x"), send(one, "x")]).toEqual(["", "EPIPE", 1]);
    one.shutdown(SHUT_WR);
    expect([poll(one), poll(other), send(one, "x")]).toEqual(["IN|OUT|HUP|RDHUP", "IN|OUT", "EPIPE"]);
    expect(recv(other)).toBe("2");
  });

  it("lets go of senders that wait when it is shut down or closed", () => {
    const host = unixHost();
    for (const end of ["shutdown", "close"] as const) {
      const server = unixSocket(host, SOCK_DGRAM, end);
      const client = unixSocket(host, SOCK_DGRAM);
      client.connect(end);
      while (send(client, "x") === 1);
      const news = newsOf(client);
      if (end === "close") server.close();
      else server.shutdown(SHUT_RD);
      host.clock.runInstant();
      expect(news.count).toBe(1);
      expect(send(client, "x")).toBe(end === "close" ? "ECONNREFUSED" : "EPIPE");
    }
  });
});
