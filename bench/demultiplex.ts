/**
 * Whose segment is it? `tcp.find` by four numbers among many connections, looked up in no order that a cache foresees;
 * beside it the same with a string for a key. And whose is it of 10,000 sockets on one port: beside it, one socket there.
 */
import { VirtualClock } from "../src/base/clock.ts";
import { SipKey } from "../src/base/hash.ts";
import { Random } from "../src/base/random.ts";
import type { Path, PathFinder } from "../src/ip/path.ts";
import { DEFAULT_TCP_CONFIG } from "../src/tcp/config.ts";
import { bind, listen, type Tcb, Tcp } from "../src/tcp/index.ts";
import { DEFAULT_UDP_CONFIG } from "../src/udp/config.ts";
import { Udp } from "../src/udp/udp.ts";
import { type MicroCase, micro, report, smoke } from "./harness.ts";

const SHARERS = smoke ? 100 : 10_000;
const COUNTS = smoke ? [1, 1000] : [1, 1000, 100_000];
const OPERATIONS = smoke ? 100 : 10_000;
const LOCAL_ADDRESS = 0x0a000001;
const LOCAL_PORT = 80;

const random = new Random("demultiplex");

/** Never asked: nothing is sent here. */
const nowhere: PathFinder = {
  path: () => -1,
  interfaceNamed: () => -1,
  interfaceWith: () => -1,
  interfaceName: () => "",
  interfaceAddress: () => 0,
  join: () => -1,
  interfaceTo: () => -1,
  leave() {},
  isLocal: () => false,
  isBroadcastOrMulticast: () => false,
  learnPathMtu() {},
  suspectRoute() {},
  sendError() {},
};

function environment() {
  return { clock: new VirtualClock(), paths: nowhere, key: SipKey.fromRandom(random) };
}

/** A server with `count` clients: many ports of not so many addresses. */
class Crowd {
  readonly tcp = new Tcp({ ...environment(), config: DEFAULT_TCP_CONFIG });
  readonly byString = new Map<string, Tcb>();
  readonly addresses = new Int32Array(OPERATIONS);
  readonly ports = new Int32Array(OPERATIONS);

  constructor(count: number, strings: boolean) {
    const tcbs: Tcb[] = [];
    for (let number = 0; number < count; number++) {
      const tcb = this.tcp.create();
      tcb.localAddress = LOCAL_ADDRESS;
      tcb.localPort = LOCAL_PORT;
      tcb.remoteAddress = 0x0b000000 + Math.floor(number / 16);
      tcb.remotePort = 49_152 + (number % 16) * 7;
      this.tcp.remember(tcb);
      tcbs.push(tcb);
      if (strings) this.byString.set(keyOf(tcb.remoteAddress, tcb.remotePort), tcb);
    }
    for (let lookup = 0; lookup < OPERATIONS; lookup++) {
      const tcb = tcbs[random.below(count)]!;
      this.addresses[lookup] = tcb.remoteAddress;
      this.ports[lookup] = tcb.remotePort;
    }
  }
}

function keyOf(remoteAddress: number, remotePort: number): string {
  return `${LOCAL_ADDRESS}:${LOCAL_PORT}-${remoteAddress}:${remotePort}`;
}

let crowd: Crowd | undefined;

function byNumbers(count: number): MicroCase {
  return {
    name: `tcp.find among ${count}`,
    peer: `Map with string keys, ${count}`,
    operations: OPERATIONS,
    start() {
      crowd = new Crowd(count, false);
    },
    run() {
      const { tcp, addresses, ports } = crowd!;
      let sum = 0;
      for (let lookup = 0; lookup < OPERATIONS; lookup++) {
        sum += tcp.find(LOCAL_ADDRESS, LOCAL_PORT, addresses[lookup]!, ports[lookup]!)!.remotePort;
      }
      return sum;
    },
  };
}

function byString(count: number): MicroCase {
  return {
    name: `Map with string keys, ${count}`,
    operations: OPERATIONS,
    start() {
      crowd = new Crowd(count, true);
    },
    run() {
      const { byString, addresses, ports } = crowd!;
      let sum = 0;
      for (let lookup = 0; lookup < OPERATIONS; lookup++) {
        sum += byString.get(keyOf(addresses[lookup]!, ports[lookup]!))!.remotePort;
      }
      return sum;
    },
  };
}

/** Looks up the socket for what comes from a remote port, whose socket may be any of `count` on one port. */
type Lookup = (remotePort: number) => number;

const REMOTE_ADDRESS = 0x0b000001;

/** What an endpoint is connected by. */
const TO_PEER: Path = {
  source: LOCAL_ADDRESS,
  destination: REMOTE_ADDRESS,
  mtu: 1500,
  linkMtu: 1500,
  checksumTrusted: false,
  segmentation: false,
  isLocal: false,
  optionsLength: 0,
  send: () => 0,
};

function listeners(count: number): Lookup {
  const tcp = new Tcp({ ...environment(), config: DEFAULT_TCP_CONFIG });
  for (let number = 0; number < count; number++) {
    const tcb = tcp.create();
    tcb.settings.reusePort = true;
    if (bind(tcb, 0, LOCAL_PORT) < 0 || listen(tcb, 1) < 0) throw new Error("the port is taken");
  }
  return (remotePort) =>
    tcp.ports.listener(LOCAL_ADDRESS, LOCAL_PORT, REMOTE_ADDRESS, remotePort, 1)!.localPort;
}

function endpoints(count: number, connected: boolean): Lookup {
  const paths = { ...nowhere, path: () => TO_PEER };
  const udp = new Udp({ ...environment(), paths, config: DEFAULT_UDP_CONFIG });
  for (let number = 0; number < count; number++) {
    const endpoint = udp.create();
    endpoint.settings.reusePort = true;
    if (endpoint.bind(0, LOCAL_PORT) < 0) throw new Error("the port is taken");
    if (connected && endpoint.connect(REMOTE_ADDRESS, number + 1) < 0) throw new Error("there is no path");
  }
  return (remotePort) => {
    const peer = connected ? (remotePort % count) + 1 : remotePort;
    return udp.ports.find(LOCAL_ADDRESS, LOCAL_PORT, REMOTE_ADDRESS, peer, 1)!.localPort;
  };
}

let lookup: Lookup | undefined;

/** One look-up among many, and among one. */
function sharing(name: string, make: (count: number) => Lookup): MicroCase[] {
  return [SHARERS, 1].map((count) => ({
    name: `${name}, ${count} on a port`,
    ...(count > 1 && { peer: `${name}, 1 on a port` }),
    operations: OPERATIONS,
    start() {
      lookup = make(count);
    },
    run() {
      let sum = 0;
      for (let number = 0; number < OPERATIONS; number++) sum += lookup!((number * 7919) & 0x7fff);
      return sum;
    },
  }));
}

await report(
  "demultiplex",
  await micro([
    ...COUNTS.flatMap((count) => [byNumbers(count), byString(count)]),
    ...sharing("UDP, SO_REUSEPORT", (count) => endpoints(count, false)),
    ...sharing("UDP, connected", (count) => endpoints(count, true)),
    ...sharing("TCP listeners, SO_REUSEPORT", listeners),
  ]),
);
