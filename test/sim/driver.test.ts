import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { POLLIN } from "../../src/base/readiness.ts";
import { NEVER, Timer } from "../../src/base/timer.ts";
import type { Host } from "../../src/host/host.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { DeadlockError } from "../../src/sim/deadlock.ts";
import { Network } from "../../src/sim/network.ts";
import { AF_INET, SOCK_DGRAM } from "../../src/sockets/constants.ts";

let net: Network;
let a: Host;
let b: Host;

beforeEach(() => makeNetwork(50));

/** @param grace how long real work may take, ms; deadlocks take as long to be found */
function makeNetwork(grace: number, patience?: number): void {
  net = new Network(patience === undefined ? { seed: 1, grace } : { seed: 1, grace, patience });
  a = net.host("a");
  b = net.host("b");
  net.link(a, b, { latency: 10 });
}

afterEach(() => {
  net.close();
  expect(net.leaks()).toEqual([]);
  expect(packetPool.outstanding).toBe(0);
});

const never = () => new Promise<void>(() => {});
const realTime = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis));

/** A server on b that sends back, in upper case, what it gets. */
async function echo(): Promise<void> {
  const listener = b.socket();
  listener.bind({ address: "", port: 80 });
  listener.listen(8);
  for await (const connection of listener.connections()) {
    void (async () => {
      for await (const chunk of connection.chunks()) {
        await connection.sendall(new TextDecoder().decode(chunk).toUpperCase());
      }
      await connection.close();
    })();
  }
}

async function ask(what: string): Promise<string> {
  const client = a.socket();
  await client.connect({ address: "b", port: 80 });
  await client.sendall(what);
  const answer = new TextDecoder().decode(await client.recv(100));
  await client.close();
  return answer;
}

describe("run", () => {
  it("resolves with what the function gives, and rejects with what it throws", async () => {
    expect(await net.run(async () => 7)).toBe(7);
    expect(await net.run(() => 8)).toBe(8);
    await expect(
      net.run(() => {
        throw new Error("at once");
      }),
    ).rejects.toThrow("at once");
    await expect(
      net.run(async () => {
        await net.sleep(5);
        throw new Error("later");
      }),
    ).rejects.toThrow("later");
    expect(net.now).toBe(5);
    await expect(net.run(7 as never)).rejects.toThrow("run takes a function, got 7");
    await expect(net.run("x" as never)).rejects.toThrow('run takes a function, got "x"');
  });

  it("runs a client and its server, and stops when the function is done", async () => {
    void echo().catch(() => {});
    expect(await net.run(() => ask("hola"))).toBe("HOLA");
    expect(net.now).toBe(40); // SYN, SYN-ACK, question, answer: 10 ms each
    await net.idle();
    expect(net.now).toBe(60_060); // TIME-WAIT
  });

  it("keeps the order of sleeps, whoever asks first", async () => {
    const order: string[] = [];
    const nap = async (name: string, ...millis: number[]) => {
      for (const length of millis) {
        await net.sleep(length);
        order.push(`${name} ${net.now}`);
      }
    };
    await net.run(() => Promise.all([nap("x", 10, 10), nap("y", 5, 5, 5), nap("z", 10, 0), nap("w", 0.5)]));
    // at 10 three naps end at once: those of x and z began before y's second
    expect(order).toEqual(["w 0.5", "y 5", "x 10", "z 10", "y 10", "z 10", "y 15", "x 20"]);
  });

  it("lets promise chains of any length run before time moves", async () => {
    const times = await net.run(async () => {
      void net.sleep(1); // something to jump to
      for (let index = 0; index < 10_000; index++) await Promise.resolve();
      const before = net.now;
      await net.sleep(3);
      return [before, net.now];
    });
    expect(times).toEqual([0, 3]);
  });

  it("refuses to be nested, and says what to do", async () => {
    await net.run(async () => {
      await expect(net.run(async () => {})).rejects.toThrow(
        "run: this network is being driven by run already; inside run, wait with net.sleep(ms)",
      );
      await expect(net.advance(5)).rejects.toThrow("advance: this network is being driven by run already");
      await expect(net.idle()).rejects.toThrow("idle: this network is being driven by run already");
      expect(() => net.drain()).toThrow("drain: this network is being driven by run already");
    });
    const idle = net.idle();
    await expect(net.run(async () => {})).rejects.toThrow("driven by idle already; await it first");
    await idle;
    expect(await net.run(async () => "again")).toBe("again");
  });

  it("refuses times that are none", async () => {
    expect(() => net.sleep(-1)).toThrow("sleep must be 0 to 1e12 milliseconds, got -1");
    await expect(net.advance(Number.NaN)).rejects.toThrow("advance must be 0 to 1e12 milliseconds, got NaN");
  });
});

describe("a deadlock", () => {
  it("lists what every pending call waits for", async () => {
    const listener = b.socket();
    listener.bind({ address: "", port: 80 });
    listener.listen(1);
    const datagrams = a.socket(AF_INET, SOCK_DGRAM);
    datagrams.bind({ address: "10.0.0.1", port: 53 });
    const error = await net
      .run(async () => {
        await net.sleep(12);
        await Promise.race([listener.accept(), datagrams.recvfrom(10)]);
      })
      .catch((reason) => reason);
    expect(error).toBeInstanceOf(DeadlockError);
    expect(error.name).toBe("DeadlockError");
    expect(error.pending.length).toBe(2);
    expect(error.message).toMatch(
      /^deadlock at 12 ms: nothing is left to happen, and the function has not finished$/m,
    );
    expect(error.message).toMatch(/^ {2}b: accept on .*0\.0\.0\.0:80/m);
    expect(error.message).toMatch(/^ {2}a: recv.* on .*10\.0\.0\.1:53/m);
    expect(error.message).toContain("net.external(promise)");
    expect(error.message).toContain("another network moves only in a run of its own");
  });

  it("costs one grace, though nobody waits for the network", async () => {
    makeNetwork(1000);
    let now = 0;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => {
      now += 100;
      return now;
    });
    const alarms = vi.spyOn(globalThis, "setTimeout");
    await expect(net.run(never)).rejects.toBeInstanceOf(DeadlockError);
    clock.mockRestore();
    expect(alarms.mock.calls.length).toBeGreaterThan(5);
    expect(alarms.mock.calls.length).toBeLessThan(12); // ten make a grace by this clock
    alarms.mockRestore();
  });

  it("with no call pending says so", async () => {
    await expect(net.run(never)).rejects.toThrow("no call on this network is pending");
  });

  it("leaves a network that still works", async () => {
    void echo().catch(() => {});
    await expect(net.run(never)).rejects.toBeInstanceOf(DeadlockError);
    expect(await net.run(() => ask("still"))).toBe("STILL");
    await net.idle();
  });
});

describe("a world that goes on for ever without news", () => {
  /** A stream to b that b never reads: probes of its closed window go on, and are answered. */
  async function stuck(): Promise<void> {
    const listener = b.socket();
    listener.bind({ address: "", port: 80 });
    listener.listen(1);
    const client = a.socket();
    await client.connect({ address: "b", port: 80 });
    await client.sendall(new Uint8Array(5e6));
  }

  it("ends the run by the patience, and the error says since when and who waits", async () => {
    const error = await net.run(stuck).catch((reason) => reason);
    expect(error).toBeInstanceOf(DeadlockError);
    expect(error.message).toMatch(
      /^deadlock at \d+\.?\d* ms: since 20 ms no call has come to its end, only timers \(probes, keep-alives\) went on,/,
    );
    expect(error.pending).toEqual([expect.stringMatching(/^a: send on 10\.0\.0\.1:\d+ ↔ 10\.0\.0\.2:80/)]);
    expect(error.message).toContain(error.pending[0]);
    expect(error.message).toContain("new Network({ patience: milliseconds })");
    const day = 24 * 3600e3;
    expect(net.now).toBeGreaterThanOrEqual(20 + day);
    expect(net.now).toBeLessThan(20 + day + 120_001); // the first probe behind it
  });

  it("has as much patience as it was given, and sleeps are news", async () => {
    makeNetwork(5, 60_000);
    const minutes = async () => {
      void stuck().catch(() => {});
      await net.sleep(3_600_000); // longer than the patience, and sure to end
      await never();
    };
    await expect(net.run(minutes)).rejects.toThrow("since 3600000 ms no call has come to its end");
    expect(net.now).toBeLessThan(3_600_000 + 60_000 + 120_001);
  });

  it.each([
    ["run", () => net.run(stuck)],
    ["idle", () => net.idle()],
    ["advance", () => net.advance(1e12)],
  ])("leaves the event loop its turns in %s: a real timer can end it", async (name, drive) => {
    makeNetwork(5, Number.POSITIVE_INFINITY);
    if (name !== "run") void stuck().catch(() => {});
    const ended = drive().catch((error) => error.code);
    await realTime(1);
    net.close();
    expect(await ended).toBe(name === "run" ? "ECONNABORTED" : undefined);
  });
});

describe("real work inside run", () => {
  beforeEach(() => makeNetwork(20_000)); // however busy the machine is

  it("has time to finish when nothing else is left", async () => {
    const answer = await net.run(async () => {
      const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(100_000));
      const file = await readFile(new URL(import.meta.url));
      await realTime(20);
      return digest.byteLength + Math.min(file.length, 1);
    });
    expect(answer).toBe(33);
    expect(net.now).toBe(0);
  });

  it("has time to finish while a server waits for connections", async () => {
    void echo().catch(() => {});
    await net.run(async () => {
      expect(await ask("hola")).toBe("HOLA");
      await readFile(new URL(import.meta.url));
      await realTime(10);
      expect(await ask("adios")).toBe("ADIOS");
    });
    await net.idle();
  });

  it("does not let time move while no call on the network is pending", async () => {
    const tick = new Timer(() => {});
    const clock = a.clock;
    clock.arm(tick, 5_000_000);
    const now = await net.run(async () => {
      await realTime(10);
      return net.now;
    });
    expect(now).toBe(0);
    await net.idle();
    expect(net.now).toBe(5000);
  });

  it("external holds time, whatever else is pending", async () => {
    const log: string[] = [];
    await net.run(async () => {
      const nap = net.sleep(5).then(() => log.push(`woke at ${net.now}`));
      const value = await net.external(realTime(20).then(() => "from outside"));
      log.push(`${value} at ${net.now}`);
      await nap;
    });
    expect(log).toEqual(["from outside at 0", "woke at 5"]);
    await expect(net.run(() => net.external(Promise.reject(new Error("refused"))))).rejects.toThrow(
      "refused",
    );
    const idle: string[] = [];
    void net.external(realTime(20)).then(() => idle.push(`outside at ${net.now}`));
    void net.sleep(7).then(() => idle.push(`slept at ${net.now}`));
    await net.idle();
    expect(idle).toEqual(["outside at 5", "slept at 12"]);
  });

  it("a program that waits by its own callbacks goes on too", async () => {
    makeNetwork(10); // real work has had its chance after that
    a.clock.arm(new Timer(() => {}), 5_000_000); // the world has more to do, later
    const times = await net.run(async () => {
      const seen: number[] = [];
      for (let round = 0; round < 3; round++) {
        // neither a call of a socket nor a sleep: the driver cannot see that the world will end this
        await new Promise<void>((resolve) => a.clock.armIn(new Timer(resolve), 1000));
        seen.push(net.now);
      }
      return seen;
    });
    expect(times).toEqual([1, 2, 3]);
    await net.idle();
  });
});

describe("advance, idle and drain", () => {
  it("advance moves exactly so far, and what is due at the end happens", async () => {
    const fired: number[] = [];
    for (const millis of [5, 10, 10.001]) {
      a.clock.arm(new Timer(() => fired.push(millis)), millis * 1000);
    }
    await net.advance(10);
    expect(fired).toEqual([5, 10]);
    expect(net.now).toBe(10);
    await net.advance(0);
    expect(net.now).toBe(10);
    await net.advance(100);
    expect(net.now).toBe(110);
    expect(fired).toEqual([5, 10, 10.001]);
  });

  it("advance lets programs go on in between", async () => {
    const log: number[] = [];
    void (async () => {
      for (let index = 0; index < 3; index++) {
        await net.sleep(10);
        log.push(net.now);
      }
    })();
    await net.advance(25);
    expect(log).toEqual([10, 20]);
    await net.advance(5);
    expect(log).toEqual([10, 20, 30]);
  });

  it("idle ends when nothing is left, with programs still waiting", async () => {
    void echo().catch(() => {});
    const answer = ask("hola");
    await net.idle();
    expect(await answer).toBe("HOLA");
    expect(a.clock.nextDeadline()).toBe(NEVER);
  });

  it("drain runs a world without promises to its end, at once", () => {
    const to = b.datagram();
    to.bind(0, 9);
    const from = a.datagram();
    const got: number[] = [];
    const buffer = new Uint8Array(10);
    to.onReadiness = (mask) => {
      if ((mask & POLLIN) !== 0) got.push(to.receive(buffer), net.now);
    };
    from.connect(0x0a000002, 9);
    from.send(Uint8Array.of(1, 2, 3));
    net.drain();
    expect(got).toEqual([3, 10]);
    from.close();
    to.close();
  });

  it("throw what a program's callback throws", async () => {
    const to = b.datagram();
    to.bind(0, 9);
    to.onReadiness = (mask) => {
      if ((mask & POLLIN) !== 0) throw new Error("a program's mistake");
    };
    const from = a.datagram();
    from.connect(0x0a000002, 9);
    from.send(Uint8Array.of(1));
    expect(() => net.drain()).toThrow("a program's mistake");
    from.send(Uint8Array.of(2));
    await expect(net.run(() => net.sleep(50))).rejects.toThrow("a program's mistake");
    net.drain();
  });
});
