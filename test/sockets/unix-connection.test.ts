/** Connections in AF_UNIX: what SOCK_STREAM and SOCK_SEQPACKET have in common. */
import { describe, expect, it } from "vitest";
import { SHUT_RD, SHUT_RDWR, SHUT_WR, SOCK_SEQPACKET, SOCK_STREAM } from "../../src/sockets/constants.ts";
import type { UnixCore } from "../../src/sockets/unix/core.ts";
import {
  CONNECTIONS,
  named,
  newsOf,
  poll,
  recv,
  send,
  sendTo,
  unixHost,
  unixListener,
  unixPair,
  unixSocket,
} from "../support/unix.ts";

describe.each(CONNECTIONS)("connections of %s in AF_UNIX", (_name, type) => {
  const notConnected = type === SOCK_STREAM ? "EINVAL" : "ENOTCONN";

  it("answers a socket that has done nothing yet as Linux does", () => {
    const host = unixHost();
    const core = unixSocket(host, type);
    expect(poll(core)).toBe("OUT|HUP");
    expect(recv(core)).toBe(`<${notConnected}>`);
    expect(send(core, "x")).toBe("ENOTCONN");
    expect(sendTo(core, "x", "nobody")).toBe(type === SOCK_STREAM ? "EOPNOTSUPP" : "ENOTCONN");
    expect(named(core.listen(1))).toBe("EINVAL");
    expect(named(core.accept() as number)).toBe("EINVAL");
    expect(named(core.disconnect())).toBe("EINVAL");
    expect(core.shutdown(SHUT_RD)).toBe(0);
    expect(core.shutdown(SHUT_WR)).toBe(0);
    expect(poll(core)).toBe("IN|OUT|HUP|RDHUP");
    expect(recv(core)).toBe(`<${notConnected}>`);
    expect(send(core, "x")).toBe("ENOTCONN");
  });

  it("connects before the other end is accepted, and carries what was sent by then", () => {
    const host = unixHost();
    const listening = unixListener(host, type, "server");
    expect([listening.listening, poll(listening)]).toEqual([true, ""]);
    expect(named(listening.accept() as number)).toBe("EAGAIN");
    const client = unixSocket(host, type, "client");
    expect(client.connect("server")).toBe(0);
    expect([client.connectPending, poll(client), poll(listening)]).toEqual([false, "OUT", "IN"]);
    expect(client.remoteName?.path).toBe("server");
    expect(send(client, "early")).toBe(5);
    const server = listening.accept() as UnixCore;
    expect(poll(listening)).toBe("");
    expect([server.localName.path, server.remoteName?.path]).toEqual(["server", "client"]);
    expect(recv(server)).toBe("early");
    expect(server.senderName).toEqual({ family: 1, path: "client" });
    expect(send(server, "answer")).toBe(6);
    expect(recv(client)).toBe("answer");
    expect(sendTo(client, "x", "server")).toBe(type === SOCK_STREAM ? "EISCONN" : 1);
    expect(named(client.connect("server"))).toBe("EISCONN");
    expect(named(client.connect("nobody"))).toBe("ENOENT");
    expect(named(client.listen(1))).toBe("EINVAL");
    expect(named(client.disconnect())).toBe("EINVAL");
  });

  it("takes neither connect nor data at a listener", () => {
    const host = unixHost();
    const listening = unixListener(host, type, "server");
    unixListener(host, type, "other");
    expect(named(listening.connect("other"))).toBe("EINVAL");
    expect(named(listening.connect("nobody"))).toBe("ENOENT");
    expect(recv(listening)).toBe(`<${notConnected}>`);
    expect(send(listening, "x")).toBe("ENOTCONN");
    expect(listening.listen(7)).toBe(0);
  });

  it("lets a connected socket still be named", () => {
    const [one, other] = unixPair(unixHost(), type);
    expect(one.bind("late")).toBe(0);
    expect(other.remoteName?.path).toBe("late");
  });

  it("has one connection more wait than the backlog says, and the next connect until there is room", () => {
    const host = unixHost();
    const listening = unixListener(host, type, "server", 0);
    const [first, second, third] = [1, 2, 3].map(() => unixSocket(host, type)) as [
      UnixCore,
      UnixCore,
      UnixCore,
    ];
    expect(first.connect("server")).toBe(0);
    expect(named(second.connect("server"))).toBe("EAGAIN");
    expect(named(third.connect("server"))).toBe("EAGAIN");
    expect([second.connectPending, named(second.connectResult())]).toEqual([true, "EALREADY"]);
    const news = [newsOf(second), newsOf(third)];
    listening.accept();
    host.clock.runInstant();
    expect(news.map(({ count }) => count)).toEqual([1, 1]);
    expect(second.connectResult()).toBe(0);
    expect(second.connectPending).toBe(false);
    expect(named(third.connectResult())).toBe("EALREADY");
    listening.listen(1); // makes room too
    host.clock.runInstant();
    expect(third.connectResult()).toBe(0);
    expect(named(unixSocket(host, type).connect("server"))).toBe("EAGAIN");
  });

  it("forgets those whose connect waited for room when they close, connect elsewhere, or were told", () => {
    const host = unixHost();
    const listening = unixListener(host, type, "server", 0);
    const other = unixListener(host, type, "other", 0);
    for (const path of ["server", "other"]) unixSocket(host, type).connect(path);
    const waiting = (core: UnixCore) => (core as unknown as { knocking: Set<UnixCore> }).knocking.size;
    for (let count = 0; count < 10; count++) {
      const client = unixSocket(host, type);
      expect(named(client.connect("server"))).toBe("EAGAIN");
      client.close();
    }
    expect(waiting(listening)).toBe(0);
    const client = unixSocket(host, type);
    client.connect("server");
    client.connect("other");
    expect([waiting(listening), waiting(other)]).toEqual([0, 1]);
    other.accept();
    client.close();
    expect(waiting(other)).toBe(0);
  });

  it("refuses a connection for whose other end the host has no room", () => {
    const host = unixHost();
    unixListener(host, type, "server");
    const client = unixSocket(host, type);
    host.limits.sockets = 2;
    expect(named(client.connect("server"))).toBe("ENOMEM");
    host.limits.sockets = 3;
    expect(client.connect("server")).toBe(0);
  });

  it("takes a backlog below 0 for a large one", () => {
    const host = unixHost();
    unixListener(host, type, "server", -1);
    for (let count = 0; count < 20; count++) expect(unixSocket(host, type).connect("server")).toBe(0);
  });

  it("refuses those whose connect waits when the listener is closed", () => {
    const host = unixHost();
    const listening = unixListener(host, type, "server", 0);
    unixSocket(host, type).connect("server");
    const waiting = unixSocket(host, type);
    waiting.connect("server");
    const news = newsOf(waiting);
    listening.close();
    host.clock.runInstant();
    expect(news.count).toBe(1);
    expect(named(waiting.connectResult())).toBe("ECONNREFUSED");
    expect(waiting.connectPending).toBe(false);
  });

  it("resets the connections that wait at a listener which is closed", () => {
    const host = unixHost();
    const listening = unixListener(host, type, "server");
    const client = unixSocket(host, type);
    client.connect("server");
    listening.close();
    expect(host.sockets.size).toBe(1);
    expect(poll(client)).toBe("IN|OUT|ERR|HUP|RDHUP");
    expect([client.takeError(), client.takeError()]).toEqual([104, 0]); // ECONNRESET
    expect(send(client, "x")).toBe("EPIPE");
    expect(recv(client)).toBe("");
    expect(named(client.connect("server"))).toBe("ECONNREFUSED");
  });

  it("lets accept what had come before the listener was shut down, and nobody new", () => {
    const host = unixHost();
    const listening = unixListener(host, type, "server");
    unixSocket(host, type).connect("server");
    listening.shutdown(SHUT_WR);
    expect(unixSocket(host, type).connect("server")).toBe(0);
    listening.shutdown(SHUT_RD);
    expect(named(unixSocket(host, type).connect("server"))).toBe("ECONNREFUSED");
    expect(poll(listening)).toBe("IN|HUP|RDHUP");
    expect(typeof listening.accept()).toBe("object");
    expect(typeof listening.accept()).toBe("object");
    expect(named(listening.accept() as number)).toBe("EINVAL");
  });

  it("accepts who has gone already, with what he had sent", () => {
    const host = unixHost();
    const listening = unixListener(host, type, "server");
    const client = unixSocket(host, type, "client");
    client.connect("server");
    send(client, "early");
    client.close();
    const server = listening.accept() as UnixCore;
    expect(recv(server)).toBe("early");
    expect(recv(server)).toBe("");
    expect(send(server, "x")).toBe("EPIPE");
    expect(server.remoteName?.path).toBe("client");
  });

  it.each([
    [SHUT_RD, "IN|OUT|RDHUP", "IN|OUT", ["1", ""], ["2", "<EAGAIN>"], 1, "EPIPE"],
    [SHUT_WR, "IN|OUT", "IN|OUT|RDHUP", ["1", "<EAGAIN>"], ["2", ""], "EPIPE", 1],
    [SHUT_RDWR, "IN|OUT|HUP|RDHUP", "IN|OUT|HUP|RDHUP", ["1", ""], ["2", ""], "EPIPE", "EPIPE"],
  ] as const)("shuts down in mode %i", (how, mask, peerMask, reads, peerReads, sends, peerSends) => {
    const host = unixHost();
    const [one, other] = unixPair(host, type);
    send(other, "1");
    send(one, "2");
    const news = newsOf(other);
    expect(one.shutdown(how)).toBe(0);
    host.clock.runInstant();
    expect(news.count).toBe(1);
    expect([poll(one), poll(other)]).toEqual([mask, peerMask]);
    expect([recv(one), recv(one)]).toEqual(reads);
    expect([recv(other), recv(other)]).toEqual(peerReads);
    expect([send(one, "x"), send(other, "x")]).toEqual([sends, peerSends]);
    expect([one.takeError(), other.takeError()]).toEqual([0, 0]);
    expect(one.shutdown(how)).toBe(0);
  });

  it("ends the stream at the other end when it is closed", () => {
    const host = unixHost();
    const [one, other] = unixPair(host, type);
    send(one, "last");
    const news = newsOf(other);
    one.close();
    host.clock.runInstant();
    expect(news.count).toBe(1);
    expect(poll(other)).toBe("IN|OUT|HUP|RDHUP");
    expect([recv(other), recv(other), recv(other)]).toEqual(["last", "", ""]);
    expect(send(other, "x")).toBe("EPIPE");
    expect(other.shutdown(SHUT_RDWR)).toBe(0);
    expect(other.remoteName).toEqual({ family: 1, path: "" });
  });

  it("resets the connection when something was left unread", () => {
    const [one, other] = unixPair(unixHost(), type);
    send(other, "unread");
    send(one, "data");
    one.close();
    expect(poll(other)).toBe("IN|OUT|ERR|HUP|RDHUP");
    // a stream gives first what had come; records come after the error
    const reads = type === SOCK_STREAM ? ["data", "<ECONNRESET>", ""] : ["<ECONNRESET>", "data", ""];
    expect([recv(other), recv(other), recv(other)]).toEqual(reads);
    expect(send(other, "x")).toBe("EPIPE");
  });

  it("tells a sender of the reset only where the type does", () => {
    const [one, other] = unixPair(unixHost(), type);
    send(other, "unread");
    one.close();
    expect(send(other, "x")).toBe(type === SOCK_SEQPACKET ? "ECONNRESET" : "EPIPE");
    expect(recv(other)).toBe(type === SOCK_SEQPACKET ? "" : "<ECONNRESET>");
  });

  it("tells of data at the end of the instant, never from inside a call", () => {
    const host = unixHost();
    const [one, other] = unixPair(host, type);
    const news = newsOf(other);
    send(one, "a");
    send(one, "b");
    expect(news.count).toBe(0);
    host.clock.runInstant();
    expect(news.count).toBe(1);
  });

  it("knows who connected, who listens, and who made a pair", () => {
    const host = unixHost();
    const nobody = { pid: 0, uid: -1, gid: -1 };
    host.credentials = { pid: 10, uid: 1, gid: 1 };
    const listening = unixSocket(host, type, "server");
    expect(listening.peerCredentials).toEqual(nobody);
    listening.listen(1);
    host.credentials = { pid: 20, uid: 2, gid: 2 };
    const client = unixSocket(host, type);
    client.connect("server");
    host.credentials = { pid: 30, uid: 3, gid: 3 };
    const server = listening.accept() as UnixCore;
    expect([client, server, listening].map((core) => core.peerCredentials.pid)).toEqual([10, 20, 10]);
    expect(unixPair(host, type).map((core) => core.peerCredentials.pid)).toEqual([30, 30]);
  });
});
