import { describe, expect, it } from "vitest";
import { errno, POLLIN, POLLOUT } from "../../src/index.ts";
import type { SocketCore } from "../../src/sockets/core.ts";
import { Waiter } from "../../src/sockets/waiter.ts";
import { network, pair, pattern, text, thrown } from "../support/world.ts";

describe("the synchronous core", () => {
  it("makes an echo server and its client without a promise, by readiness alone", () => {
    const { net, a, b } = pair({ latency: 5 });
    const listening = b.stream();
    expect(listening.bind("0.0.0.0", 7)).toBe(0);
    expect(listening.listen(5)).toBe(0);
    expect(listening.accept()).toBe(-errno.EAGAIN);
    listening.onReadiness = () => {
      const server = listening.accept();
      if (typeof server === "number") return;
      const buffer = new Uint8Array(100);
      server.onReadiness = () => {
        const count = server.receive(buffer);
        if (count > 0) server.send(buffer, 0, count);
        else if (count === 0) server.close();
      };
    };
    const client = a.stream();
    let reply = "";
    client.onReadiness = (mask) => {
      if ((mask & POLLOUT) !== 0 && reply === "") {
        expect(client.connect("10.0.0.2", 7)).toBe(0);
        client.send(new TextEncoder().encode("hola"));
        reply = "?";
      }
      if ((mask & POLLIN) !== 0) {
        const buffer = new Uint8Array(100);
        reply = text(buffer.subarray(0, client.receive(buffer)));
        client.onReadiness = undefined;
        client.close();
      }
    };
    expect(client.connect({ address: "10.0.0.2", port: 7 })).toBe(-errno.EINPROGRESS);
    expect(client.connect(0x0a00_0002, 7)).toBe(-errno.EALREADY);
    net.drain();
    expect(reply).toBe("hola");
    listening.close();
  });

  it("carries datagrams", () => {
    const { net, a, b } = pair();
    const there = b.datagram();
    const here = a.datagram();
    there.bind("", 53);
    const data = pattern(100);
    expect(here.sendTo(data, 10, 20, 0, "10.0.0.2", 53)).toBe(20);
    net.drain();
    expect(there.readiness & POLLIN).toBe(POLLIN);
    expect(there.readable).toBe(20);
    const buffer = new Uint8Array(50);
    expect(there.receive(buffer, 5, 15)).toBe(15);
    expect([...buffer.subarray(5, 20)]).toEqual([...data.subarray(10, 25)]);
    expect(there.message).toMatchObject({ address: 0x0a00_0001, port: here.localPort, length: 20 });
    expect(there.receive(buffer)).toBe(-errno.EAGAIN);
    here.close();
    there.close();
  });

  it("answers EBADF once it is closed, and calls nobody back", () => {
    const { net, a } = pair();
    for (const socket of [a.stream(), a.datagram()]) {
      socket.bind("", 99);
      socket.onReadiness = () => {
        throw new Error("it is closed");
      };
      expect(socket.close()).toBe(0);
      const bytes = new Uint8Array(1);
      for (const result of [
        socket.bind("", 1),
        socket.connect("10.0.0.2", 1),
        socket.listen(),
        socket.accept(),
        socket.send(bytes),
        socket.sendTo(bytes, 0, 1, 0, "10.0.0.2", 1),
        socket.receive(bytes),
        socket.shutdown(2),
        socket.close(),
      ]) {
        expect(result).toBe(-errno.EBADF);
      }
    }
    net.drain();
    expect(a.sockets.size).toBe(0);
  });

  it("refuses what makes no sense by a TypeError or RangeError", () => {
    const host = network().host("a");
    const socket = host.stream();
    expect(() => socket.bind("10.0.0", 1)).toThrow(
      'bind: address is a dotted quad such as "10.0.0.1", a host name or "", not "10.0.0"',
    );
    expect(() => socket.connect("b", 1)).toThrow('not "b"');
    expect(() => socket.connect("10.0.0.1", 70_000)).toThrow(
      "connect: port is an integer from 0 to 65535, not 70000",
    );
    expect(() => socket.send(new Uint8Array(10), 5, 6)).toThrow(
      "send: offset 5 and length 6 do not lie within the 10 bytes given",
    );
    expect(() => socket.receive(new Uint8Array(10), -1)).toThrow(RangeError);
    expect(() => socket.shutdown(3)).toThrow("shutdown: how is an integer from 0 to 2, not 3");
    socket.close();
  });

  it("ends with its host: what is made afterwards is ENETDOWN", () => {
    const net = network();
    const host = net.host("a");
    const socket = host.stream();
    host.close();
    expect(socket.closed).toBe(true);
    expect(thrown(() => host.stream()).message).toBe("socket ENETDOWN");
    expect(thrown(() => host.datagram()).code).toBe("ENETDOWN");
    expect(thrown(() => host.socket()).code).toBe("ENETDOWN");
  });
});

class Note extends Waiter {
  readonly name: string;
  readonly log: string[];
  onWake: () => void = () => {};

  constructor(name: string, log: string[]) {
    super();
    this.name = name;
    this.log = log;
  }

  wake(): void {
    this.log.push(this.name);
    this.onWake();
  }

  dismiss(reason: number): void {
    this.log.push(`${this.name} ${reason}`);
  }
}

describe("queues of waiters", () => {
  const ready = { readiness: POLLIN } as SocketCore;

  function three(core: SocketCore): { log: string[]; notes: Note[] } {
    const log: string[] = [];
    const notes = ["1", "2", "3"].map((name) => new Note(name, log));
    for (const note of notes) core.watchers.add(note, POLLIN);
    return { log, notes };
  }

  it("wake everyone who waits for what is ready, whoever leaves meanwhile", () => {
    const core = network().host("a").datagram();
    const { log, notes } = three(core);
    const [first, second, third] = notes as [Note, Note, Note];
    core.watchers.wakeAll({ readiness: POLLOUT } as SocketCore);
    expect(log).toEqual([]);
    first.onWake = () => second.leave(); // the next one
    third.onWake = () => {
      third.leave(); // itself
      first.leave(); // one before
    };
    core.watchers.wakeAll(ready);
    expect(log).toEqual(["1", "3"]);
    expect(core.watchers.empty).toBe(true);
    core.close();
  });

  it("serve the first until it has left", () => {
    const core = network().host("a").datagram();
    const { log, notes } = three(core);
    notes[0]!.onWake = () => notes[0]!.leave();
    core.watchers.serve(ready);
    expect(log).toEqual(["1", "2"]);
    core.watchers.serve(ready);
    expect(log).toEqual(["1", "2", "2"]);
    core.close();
    expect(log.slice(3)).toEqual(["2 9", "3 9"]);
  });
});
