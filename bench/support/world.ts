/**
 * Where the conversations of the suites take place: hosts with a way between them, on virtual or on real time. A world
 * that is closed insists that nothing is left of what was done in it.
 */
import { Host, Network, packetPool, type WireOptions } from "../../src/index.ts";
import { Loopback } from "../../src/link/loopback.ts";

export interface World {
  readonly client: Host;
  readonly server: Host;
  /** Where the client finds the server. */
  readonly address: string;
  /** On virtual time: lets everything happen that is to happen. On real time it happens by itself. */
  drain(): void;
  /** Runs a program that awaits sockets of this world. */
  run(program: () => Promise<void>): Promise<void>;
  /** Ends it, when all sockets have been closed. Throws when a connection, a packet or a timer is left. */
  close(): Promise<void>;
}

/** A path of `lo` other than the one a host is born with. */
export interface LoOptions {
  mtu: number;
  /** Make and verify transport checksums. */
  checksums: boolean;
}

/** Two hosts and a wire on virtual time; an ideal one by default. */
export function wireWorld(options: WireOptions = {}): World {
  const net = new Network({ seed: 1 });
  const client = net.host("client");
  const server = net.host("server");
  net.link(client, server, options);
  return virtual(net, client, server, "10.0.0.2");
}

/** One host on virtual time that talks to itself. */
export function loWorld(lo?: LoOptions): World {
  const net = new Network({ seed: 1 });
  const host = net.host("host");
  if (lo !== undefined) replaceLo(host, lo);
  return virtual(net, host, host, "127.0.0.1");
}

/** One host on real time that talks to itself: what a program has that uses the stack instead of the kernel's. */
export function realWorld(lo?: LoOptions): World {
  const host = new Host({ seed: 1 });
  if (lo !== undefined) replaceLo(host, lo);
  return {
    client: host,
    server: host,
    address: "127.0.0.1",
    drain() {},
    run: (program) => program(),
    async close() {
      for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
      // TIME-WAIT lasts a minute of real time: of all that may be left it is the only thing that has to be
      const waiting = host.netstat().sockets.filter((socket) => socket.state === "TIME-WAIT").length;
      const expected = waiting === 0 ? [] : [`${waiting} armed timers`];
      insistOnNothing(host.leaks().filter((leak) => !leak.includes("TIME-WAIT") && !expected.includes(leak)));
      host.close();
      insistOnNothing(host.leaks());
    },
  };
}

function virtual(net: Network, client: Host, server: Host, address: string): World {
  return {
    client,
    server,
    address,
    drain: () => net.drain(),
    run: (program) => net.run(program),
    async close() {
      net.drain(); // through TIME-WAIT
      insistOnNothing(net.leaks());
      net.close();
    },
  };
}

function replaceLo(host: Host, { mtu, checksums }: LoOptions): void {
  host.ipv4.interfaces[0]!.up = false;
  const link = new Loopback(host.clock, { mtu, checksum: !checksums });
  host.attach(link, { address: "127.0.0.1/8", name: `lo${mtu}` });
}

function insistOnNothing(leaks: string[]): void {
  if (packetPool.outstanding > 0) leaks = [...leaks, `${packetPool.outstanding} packets`];
  if (leaks.length > 0) throw new Error(`left behind: ${leaks.slice(0, 10).join("; ")}`);
}
