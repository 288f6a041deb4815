/**
 * Whose segment is it? `tcp.find` by four numbers among many connections, looked up in no order that a cache foresees;
 * beside it the same with a string for a key.
 */
import { VirtualClock } from "../src/base/clock.ts";
import { SipKey } from "../src/base/hash.ts";
import { Random } from "../src/base/random.ts";
import type { PathFinder } from "../src/ip/path.ts";
import { DEFAULT_TCP_CONFIG } from "../src/tcp/config.ts";
import { type Tcb, Tcp } from "../src/tcp/index.ts";
import { type MicroCase, micro, report, smoke } from "./harness.ts";

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

/** A server with `count` clients: many ports of not so many addresses. */
class Crowd {
  readonly tcp = new Tcp({
    clock: new VirtualClock(),
    paths: nowhere,
    key: SipKey.fromRandom(random),
    config: DEFAULT_TCP_CONFIG,
  });
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

await report("demultiplex", await micro(COUNTS.flatMap((count) => [byNumbers(count), byString(count)])));
