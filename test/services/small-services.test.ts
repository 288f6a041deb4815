import { describe, expect, test } from "vitest";
import { type Host, type Socket, serveChargen, serveDiscard, serveEcho } from "../../src/index.ts";
import { Loopback } from "../../src/link/loopback.ts";
import { type Pair, pair, receiver } from "../support/world.ts";

const PATTERN = new Uint8Array(1_000_000).map((_, index) => (index * 31 + (index >>> 8) * 7) & 255);

async function connectTo(host: Host, port: number): Promise<Socket> {
  return host.create_connection({ address: "b", port });
}

async function readAll(socket: Socket): Promise<Uint8Array> {
  const chunks: number[] = [];
  for await (const chunk of socket.chunks()) for (const byte of chunk) chunks.push(byte);
  return Uint8Array.from(chunks);
}

/** The lines of RFC 864. */
function chargenLines(bytes: number): string {
  let text = "";
  for (let line = 0; text.length < bytes; line++) {
    for (let column = 0; column < 72; column++) text += String.fromCharCode(32 + ((line + column) % 95));
    text += "\r\n";
  }
  return text.slice(0, bytes);
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe("echo (RFC 862)", () => {
  test("gives a connection all of it back, and ends it when the peer has", async () => {
    const { net, a, b } = pair({ latency: 5, loss: 0.01 });
    const service = serveEcho(b);
    await net.run(async () => {
      const socket = await connectTo(a, 7);
      const sending = socket.sendall(PATTERN).then(() => socket.shutdown(1));
      const back = await readAll(socket);
      await sending;
      expect(Buffer.from(back).equals(PATTERN)).toBe(true);
      await socket.close();
    });
    expect(service.counters).toMatchObject({ connections: 1, brokenConnections: 0 });
    expect(service.counters).toMatchObject({ receivedBytes: 1_000_000, sentBytes: 1_000_000 });
    service.close();
    await net.idle();
  });

  test("stops taking when the peer does not read what goes back", async () => {
    const { net, a, b } = pair();
    const service = serveEcho(b);
    await net.run(async () => {
      const socket = await connectTo(a, 7);
      let taken = 0;
      for (;;) {
        const count = await Promise.race([socket.send(PATTERN), net.sleep(5000).then(() => 0)]);
        if (count === 0) break;
        taken += count;
      }
      // no more than the buffers of both ends hold, twice
      expect(taken).toBeGreaterThan(1_000_000);
      expect(taken).toBeLessThan(40_000_000);
      expect(service.counters.receivedBytes).toBeLessThan(taken);
      await socket.close();
    });
    service.close();
    await net.idle();
  });

  test("answers datagrams of every size", async () => {
    const { net, a, b } = pair();
    const service = serveEcho(b, { port: 7007 });
    await net.run(async () => {
      const socket = receiver(a, 5000);
      await socket.connect({ address: "10.0.0.2", port: 7007 });
      for (const size of [0, 1, 1472, 1473, 65_507]) {
        await socket.send(PATTERN.subarray(0, size));
        expect(Buffer.from(await socket.recv(70_000)).equals(PATTERN.subarray(0, size))).toBe(true);
      }
      await socket.close();
    });
    expect(service.counters).toMatchObject({ datagrams: 5, unanswered: 0 });
    service.close();
    await net.idle();
  });

  test("answers so many datagrams, and the rest after others have had their turn", async () => {
    const { net, a } = pair();
    const services = [serveEcho(a), serveEcho(a, { port: 1007 }), serveDiscard(a)];
    await net.run(async () => {
      const client = a.datagram();
      client.settings.receiveBufferBytes = 1_000_000;
      await net.sleep(1); // the services' first look is over
      for (let number = 0; number < 80; number++) {
        for (const { port } of services) client.sendTo(Uint8Array.of(number), 0, 1, 0, 0x7f00_0001, port);
      }
      await net.sleep(1);
      const ports: number[] = [];
      while (client.receive(new Uint8Array(9)) >= 0) ports.push(client.message.port);
      expect(ports).toHaveLength(160);
      const turns = ports.filter((port, index) => port !== ports[index - 1]);
      expect(turns).toEqual([7, 1007, 7, 1007]);
      expect(services.map(({ counters }) => counters.datagrams)).toEqual([80, 80, 80]);
      client.close();
    });
    for (const service of services) service.close();
    await net.idle();
  });

  test("answers from the address that was asked", async () => {
    const { net, a, b } = pair({}, { ip: { strongHost: false } });
    b.attach(new Loopback(b.clock), { address: "10.1.0.2/24" });
    a.route.add({ to: "10.1.0.0/24", via: "10.0.0.2" });
    const service = serveEcho(b);
    await net.run(async () => {
      const socket = receiver(a, 5000);
      await socket.connect({ address: "10.1.0.2", port: 7 }); // hears nobody else
      await socket.send("x");
      expect(text(await socket.recv(10))).toBe("x");
      await socket.close();
    });
    service.close();
    await net.idle();
  });

  test("counts a connection that was reset, and goes on", async () => {
    const { net, a, b } = pair();
    const service = serveEcho(b);
    await net.run(async () => {
      const socket = await connectTo(a, 7);
      await socket.sendall("hello");
      await net.sleep(10);
      await socket.close(); // with the echo unread: RST
      await net.sleep(10);
      const next = await connectTo(a, 7);
      await next.sendall("again");
      expect(text(await next.recv(100))).toBe("again");
      await next.close();
      await net.sleep(10);
    });
    expect(service.counters).toMatchObject({ connections: 2, brokenConnections: 1 });
    service.close();
    await net.idle();
  });

  test("lets connections above the bound wait for their turn", async () => {
    const { net, a, b } = pair();
    const service = serveEcho(b, { connections: 1 });
    await net.run(async () => {
      const first = await connectTo(a, 7);
      const second = await connectTo(a, 7);
      await second.sendall("x");
      const answer = second.recv(10);
      await net.sleep(100);
      expect(service.counters.connections).toBe(1);
      await first.close();
      expect(text(await answer)).toBe("x");
      await second.close();
    });
    service.close();
    await net.idle();
  });
});

describe("discard (RFC 863)", () => {
  test("takes everything and says nothing", async () => {
    const { net, a, b } = pair();
    const service = serveDiscard(b);
    await net.run(async () => {
      const socket = await connectTo(a, 9);
      await socket.sendall(PATTERN);
      const datagrams = receiver(a, 5000);
      await datagrams.sendto("hello", { address: "b", port: 9 });
      socket.shutdown(1);
      expect(await readAll(socket)).toHaveLength(0);
      await socket.close();
      await datagrams.close();
    });
    expect(service.counters).toMatchObject({ receivedBytes: 1_000_005, sentBytes: 0, datagrams: 1 });
    service.close();
    await net.idle();
  });
});

describe("chargen (RFC 864)", () => {
  test("sends lines of 72 characters, each beginning one further, as long as they are read", async () => {
    const { net, a, b } = pair({ latency: 1 });
    const service = serveChargen(b);
    await net.run(async () => {
      const socket = await connectTo(a, 19);
      await socket.sendall("what comes is thrown away");
      socket.shutdown(1); // and who sends no more may go on reading
      const got: number[] = [];
      while (got.length < 300_000) for (const byte of await socket.recv(65_536)) got.push(byte);
      expect(text(Uint8Array.from(got)) === chargenLines(got.length)).toBe(true);
      const before = service.counters.sentBytes;
      await net.sleep(60_000); // nobody reads
      expect(service.counters.sentBytes - before).toBeLessThan(20_000_000);
      const still = service.counters.sentBytes;
      await net.sleep(60_000);
      expect(service.counters.sentBytes).toBe(still);
      await socket.close();
    });
    service.close();
    await net.idle();
  });

  test("answers a datagram with up to 512 characters", async () => {
    const { net, a, b } = pair();
    const service = serveChargen(b);
    const lengths = new Set<number>();
    await net.run(async () => {
      const socket = receiver(a, 5000);
      for (let number = 0; number < 50; number++) {
        await socket.sendto("x", { address: "b", port: 19 });
        const [answer] = await socket.recvfrom(1000);
        expect(text(answer)).toBe(chargenLines(answer.length));
        lengths.add(answer.length);
      }
      await socket.close();
    });
    expect(Math.max(...lengths)).toBeLessThanOrEqual(512);
    expect(lengths.size).toBeGreaterThan(30);
    service.close();
    await net.idle();
  });

  test("answers 1000 datagrams a second and no more", async () => {
    const { net, a, b } = pair();
    const service = serveChargen(b);
    await net.run(async () => {
      const socket = receiver(a, 5000);
      for (let number = 0; number < 1500; number++) {
        await socket.sendto("x", { address: "b", port: 19 });
        await net.sleep(0.1);
      }
      expect(service.counters).toMatchObject({ datagrams: 1500, unanswered: 500 });
      await net.sleep(1000);
      await socket.sendto("x", { address: "b", port: 19 });
      await net.sleep(1);
      expect(service.counters.unanswered).toBe(500);
      await socket.close();
    });
    service.close();
    await net.idle();
  });
});

describe("one datagram with a forged source starts nothing (CVE-1999-0103)", () => {
  /** How often the services answered in ten seconds after a datagram from `from` had come to echo. */
  async function answers({ net, a, b }: Pair, from: number, ports: { echo: number; chargen: number }) {
    const deafTo = Object.values(ports);
    const services = [
      serveEcho(b, { port: ports.echo, deafTo }),
      serveChargen(b, { port: ports.chargen, deafTo }),
      serveEcho(a, { port: ports.echo, deafTo }),
    ];
    await net.run(async () => {
      const forger = a.socket(2, 3, 17); // AF_INET, SOCK_RAW: it writes UDP's header itself
      const datagram = new Uint8Array(12);
      new DataView(datagram.buffer).setUint16(0, from);
      new DataView(datagram.buffer).setUint16(2, ports.echo);
      new DataView(datagram.buffer).setUint16(4, datagram.length);
      await forger.sendto(datagram, { address: "10.0.0.2", port: 0 });
      await forger.close();
      await net.sleep(10_000);
    });
    const sum = services.reduce((total, { counters }) => total + counters.datagrams, 0);
    const unanswered = services.reduce((total, { counters }) => total + counters.unanswered, 0);
    for (const service of services) service.close();
    await net.idle();
    return { sum, unanswered };
  }

  test.each([
    ["the services' own ports", 7, { echo: 7, chargen: 19 }],
    ["another service's", 7019, { echo: 7007, chargen: 7019 }],
    ["the same service of another host", 7007, { echo: 7007, chargen: 7019 }],
    ["any server's", 53, { echo: 7007, chargen: 7019 }],
  ])("from %s", async (_, from, ports) => {
    expect(await answers(pair(), from, ports)).toEqual({ sum: 1, unanswered: 1 });
  });

  test("nor does one to all", async () => {
    const { net, a, b } = pair();
    const service = serveEcho(b);
    await net.run(async () => {
      const socket = receiver(a, 5000);
      socket.setsockopt(1, 6, 1); // SO_BROADCAST
      await socket.sendto("x", { address: "10.0.0.255", port: 7 });
      await net.sleep(10);
      await socket.close();
    });
    expect(service.counters).toMatchObject({ datagrams: 1, unanswered: 1 });
    service.close();
    await net.idle();
  });
});

describe("options", () => {
  test("that make no sense are refused", () => {
    const { b } = pair();
    expect(() => serveEcho(b, { port: 0 })).toThrow("echo: port is an integer from 1 to 65535, not 0");
    expect(() => serveEcho(b, { connections: 0 })).toThrow(RangeError);
    expect(() => serveEcho(b, { address: "10.9.9.9" })).toThrow("bind EADDRNOTAVAIL 10.9.9.9:7");
    expect(b.sockets.size).toBe(0);
  });

  test("a port that is taken says so", () => {
    const { b } = pair();
    const first = serveEcho(b);
    expect(() => serveDiscard(b, { port: 7 })).toThrow("EADDRINUSE 0.0.0.0:7");
    expect(b.sockets.size).toBe(2);
    first.close();
  });
});
