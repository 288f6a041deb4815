/** What goes with messages in AF_UNIX: descriptors, and who sent them. */
import { describe, expect, it, vi } from "vitest";
import type { Host } from "../../src/host/host.ts";
import { AF_INET, MSG_CTRUNC, MSG_PEEK, SHUT_RDWR, SOCK_STREAM } from "../../src/sockets/constants.ts";
import type { SocketCore } from "../../src/sockets/core.ts";
import type { Description } from "../../src/sockets/descriptors.ts";
import type { UnixCore } from "../../src/sockets/unix/core.ts";
import {
  CONNECTIONS,
  RECORDS,
  recv,
  recvRights,
  send,
  sendTo,
  sendWith,
  TYPES,
  unixHost,
  unixListener,
  unixPair,
  unixSocket,
} from "../support/unix.ts";

/** A descriptor for `core`, whose description is returned. */
function open(host: Host, core: SocketCore): Description {
  return host.descriptors.get(host.descriptors.open(core)) as Description;
}

/** A TCP socket with a descriptor, to be sent. */
function cargo(host: Host): Description {
  return open(host, host.makeSocket(AF_INET, SOCK_STREAM, 0) as SocketCore);
}

/** One more reference, for a message to take. */
function reference(description: Description): Description {
  description.references++;
  return description;
}

/** `close` of a descriptor. */
function close(description: Description): void {
  if (description.drop()) description.file.close();
}

describe.each(TYPES)("descriptors over %s in AF_UNIX", (_name, type) => {
  it("go with their message, and their references to who receives them", () => {
    const host = unixHost();
    const [one, other] = unixPair(host, type);
    const sent = cargo(host);
    expect(sendWith(one, "x", [reference(sent)])).toBe(1);
    close(sent); // the sender's own
    expect([sent.references, sent.underWay, sent.file.closed]).toEqual([1, 1, false]);
    expect(recvRights(other)).toEqual(["x", [sent]]);
    expect([sent.references, sent.underWay]).toEqual([1, 0]);
    close(sent);
    expect(sent.file.closed).toBe(true);
  });

  it("are let go of when nobody asks for them, and that is told", () => {
    const host = unixHost();
    const [one, other] = unixPair(host, type);
    const sent = cargo(host);
    sendWith(one, "1234", [reference(sent), reference(sent)]);
    close(sent);
    expect(recv(other, 2)).toBe("12");
    expect([sent.references, sent.file.closed]).toEqual([0, true]);
    expect(other.message.flags & MSG_CTRUNC).toBe(MSG_CTRUNC);
    expect(recvRights(other)).toEqual(type === SOCK_STREAM ? ["34", []] : ["<EAGAIN>", []]);
  });

  it("are given again and again to who only looks, each time with references", () => {
    const host = unixHost();
    const [one, other] = unixPair(host, type);
    const sent = cargo(host);
    sendWith(one, "1234", [reference(sent)]);
    expect(recvRights(other, 2, MSG_PEEK)).toEqual(["12", [sent]]);
    expect(recv(other, 2, MSG_PEEK)).toBe("12"); // takes none
    expect([sent.references, sent.underWay]).toEqual([3, 1]);
    expect(recvRights(other, 4)).toEqual(["1234", [sent]]);
    expect([sent.references, sent.underWay]).toEqual([3, 0]);
    for (let count = 0; count < 3; count++) close(sent);
    expect(sent.file.closed).toBe(true);
  });

  it("are let go of with the queue in which they wait", () => {
    const host = unixHost();
    const [one, other] = unixPair(host, type);
    const sent = cargo(host);
    sendWith(one, "x", [reference(sent)]);
    close(sent);
    other.close();
    expect(sent.file.closed).toBe(true);
  });

  it("stay with the sender when the message is not taken", () => {
    const host = unixHost();
    const [one] = unixPair(host, type);
    const sent = cargo(host);
    one.shutdown(SHUT_RDWR);
    expect(sendWith(one, "x", [sent])).toBe("EPIPE");
    expect([sent.references, sent.underWay]).toEqual([1, 0]);
    close(sent);
  });

  it("may be as many under way as the limit of descriptors says, but for root", () => {
    const host = unixHost();
    const [one, other] = unixPair(host, type);
    const sent = cargo(host);
    host.limits.descriptors = 1;
    for (let count = 0; count < 3; count++) expect(sendWith(one, "x", [reference(sent)])).toBe(1);
    host.credentials = { pid: 1, uid: 1000, gid: 1000 };
    expect(sendWith(one, "x", [sent])).toBe("ETOOMANYREFS");
    expect(send(one, "y")).toBe(1);
    recv(other, 1);
    recv(other, 1);
    expect(sendWith(one, "x", [reference(sent)])).toBe(1);
    close(sent);
  });

  it("are collected when nobody can receive them any more", () => {
    const host = unixHost();
    const [one, other] = unixPair(host, type);
    const ends = [open(host, one), open(host, other)] as const;
    const sent = cargo(host);
    sendWith(one, "x", [reference(ends[1]), reference(sent)]); // other waits at other
    for (const description of [...ends, sent]) close(description);
    expect(other.closed).toBe(false);
    host.clock.runInstant();
    expect([one.closed, other.closed, sent.file.closed]).toEqual([true, true, true]);
    expect(host.descriptors.openFiles).toBe(0);
  });

  it("are collected in circles of several, but not while one of them can be reached", () => {
    const host = unixHost();
    const pairs = [0, 1, 2].map(() => unixPair(host, type));
    const ends = pairs.map(([, other]) => open(host, other));
    // each waits at the next one
    for (const [index, [one]] of pairs.entries()) sendWith(one, "x", [reference(ends[(index + 1) % 3]!)]);
    close(ends[0]!);
    close(ends[1]!);
    host.clock.runInstant();
    expect(pairs.map(([, other]) => other.closed)).toEqual([false, false, false]);
    close(ends[2]!);
    host.clock.runInstant();
    expect(pairs.map(([, other]) => other.closed)).toEqual([true, true, true]);
  });

  it("that wait far down are let go of without depth", () => {
    const host = unixHost();
    let last = cargo(host);
    for (let count = 0; count < 20_000; count++) {
      const [one, other] = unixPair(host, type);
      sendWith(one, "x", [reference(last)]);
      close(last);
      one.close();
      last = open(host, other);
    }
    close(last);
    expect(host.sockets.size).toBe(0);
  });
});

describe.each(CONNECTIONS)("descriptors over connections of %s that wait to be accepted", (_name, type) => {
  it("belong to the listener: with it they are received, or collected", () => {
    const host = unixHost();
    const listening = open(host, unixListener(host, type, "server"));
    const client = unixSocket(host, type);
    client.connect("server");
    sendWith(client, "x", [reference(listening)]);
    client.close();
    host.clock.runInstant();
    expect(listening.file.closed).toBe(false);
    close(listening);
    host.clock.runInstant();
    expect(listening.file.closed).toBe(true);
    expect(host.sockets.size).toBe(0);
  });

  it("rescue who waits there", () => {
    const host = unixHost();
    const listener = unixListener(host, type, "server");
    const client = unixSocket(host, type);
    client.connect("server");
    const [one, other] = unixPair(host, type);
    const sent = open(host, other);
    sendWith(one, "self", [reference(sent)]);
    sendWith(client, "x", [reference(sent)]);
    close(sent);
    host.clock.runInstant();
    expect(other.closed).toBe(false);
    const server = listener.accept() as UnixCore;
    expect(recvRights(server)).toEqual(["x", [sent]]);
    expect(recv(other, 4, MSG_PEEK)).toBe("self");
    close(sent);
    host.clock.runInstant();
    expect(other.closed).toBe(true);
  });
});

describe("the search for sockets that nobody can reach", () => {
  it("is made when a socket of AF_UNIX is left to messages, not for any other file", () => {
    const host = unixHost();
    const search = vi.spyOn(host.unix.rights as unknown as { collect(): void }, "collect");
    const [one] = unixPair(host, SOCK_STREAM);
    for (const [sent, searches] of [[cargo(host), 0] as const, [open(host, one), 1] as const]) {
      const [from, to] = unixPair(host, SOCK_STREAM);
      sendWith(from, "x", [reference(sent)]);
      close(sent);
      host.clock.runInstant();
      expect(search).toHaveBeenCalledTimes(searches);
      recvRights(to);
      close(sent);
    }
  });
});

describe("descriptors in a stream", () => {
  it("end what one receive gives, after what came before them", () => {
    const host = unixHost();
    const [one, other] = unixPair(host, SOCK_STREAM);
    const sent = cargo(host);
    const give = (text: string) => sendWith(one, text, [reference(sent)]);
    send(one, "aa");
    give("bb");
    send(one, "cc");
    send(one, "dd");
    give("ee");
    give("ff");
    expect(recvRights(other, 100, MSG_PEEK)).toEqual(["aabb", [sent]]);
    expect(recvRights(other)).toEqual(["aabb", [sent]]);
    expect(recv(other)).toBe("ccddee");
    expect(recvRights(other)).toEqual(["ff", [sent]]);
    expect(recvRights(other)).toEqual(["<EAGAIN>", []]);
    while (sent.references > 0) close(sent);
  });

  it("go with the first piece of a large send, and not without a byte", () => {
    const host = unixHost();
    const [one, other] = unixPair(host, SOCK_STREAM);
    const sent = cargo(host);
    expect(sendWith(one, "", [sent])).toBe(0);
    expect(sent.underWay).toBe(0);
    sendWith(one, "x".repeat(100_000), [sent]);
    const [data, rights] = recvRights(other, 100_000);
    expect([data.length, rights]).toEqual([36_544, [sent]]);
    expect(recvRights(other, 100_000)[1]).toEqual([]);
    close(sent);
  });
});

describe.each(RECORDS)("descriptors in records of %s", (_name, type) => {
  it("go with an empty record", () => {
    const host = unixHost();
    const [one, other] = unixPair(host, type);
    const sent = cargo(host);
    expect(sendWith(one, "", [sent])).toBe(0);
    expect(recvRights(other)).toEqual(["", [sent]]);
    close(sent);
  });
});

describe.each(TYPES)("credentials over %s in AF_UNIX", (_name, type) => {
  const own = { pid: 7, uid: 0, gid: 0 };
  const said = { pid: 1, uid: 2, gid: 3 };

  function asking(host: Host): [UnixCore, UnixCore] {
    host.credentials = own;
    const [one, other] = unixPair(host, type);
    other.common.passCredentials = true;
    return [one, other];
  }

  it("are told to who asks (SO_PASSCRED): the sender's, or what he says", () => {
    const [one, other] = asking(unixHost());
    send(one, "x");
    recv(other);
    expect(other.message.credentials).toEqual(own);
    sendWith(one, "y", undefined, said);
    recv(other);
    expect(other.message.credentials).toEqual(said);
  });

  it("are kept of what is sent by one who asks himself", () => {
    const host = unixHost();
    host.credentials = own;
    const [one, other] = unixPair(host, type);
    one.common.passCredentials = true;
    send(one, "x");
    other.common.passCredentials = true;
    recv(other);
    expect(other.message.credentials).toEqual(own);
  });

  it("are not kept of a message that was sent before somebody asked", () => {
    const [one, other] = asking(unixHost());
    other.common.passCredentials = false;
    send(one, "x");
    other.common.passCredentials = true;
    recv(other);
    expect(other.message.credentials).toEqual({ pid: 0, uid: 65_534, gid: 65_534 });
    other.common.passCredentials = false;
    send(one, "x");
    recv(other);
    expect(other.message.credentials).toBeUndefined();
  });

  it("keep the bytes of different senders apart for who asks, not for others", () => {
    const [one, other] = asking(unixHost());
    const three = () => {
      send(one, "1");
      sendWith(one, "2", undefined, said);
      sendWith(one, "3", undefined, { ...said });
    };
    three();
    expect([recv(other), recv(other), recv(other)]).toEqual(
      type === SOCK_STREAM ? ["1", "23", "<EAGAIN>"] : ["1", "2", "3"],
    );
    other.common.passCredentials = false;
    three();
    expect(recv(other)).toBe(type === SOCK_STREAM ? "123" : "1");
  });

  it("give a name to who asks for them and has none, when he connects or sends", () => {
    const host = unixHost();
    const server = unixSocket(host, type, "server");
    if (type === SOCK_STREAM) server.listen(5);
    const client = unixSocket(host, type);
    client.common.passCredentials = true;
    client.connect("server");
    expect(client.localName.path).toMatch(/^\0[0-9a-f]{5}$/);
    const sender = unixSocket(host, type);
    sender.common.passCredentials = true;
    sendTo(sender, "x", "server");
    expect(sender.localName.path !== "").toBe(server.type === 2);
  });
});
