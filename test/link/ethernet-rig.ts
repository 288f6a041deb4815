/** Hosts on one Ethernet, on the virtual clock. */
import { afterEach, expect } from "vitest";
import {
  EthernetLink,
  type EthernetOptions,
  Host,
  type HostOptions,
  Random,
  VirtualClock,
} from "../../src/index.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { DatagramInfo, type UdpEndpoint } from "../../src/udp/endpoint.ts";
import { FrameHub, type Seen, see } from "../support/frame-hub.ts";
import { ip } from "../support/wire.ts";

export const BROADCAST = "ffffffffffff";

export interface Station {
  host: Host;
  link: EthernetLink;
}

const worlds: World[] = [];

export class World {
  readonly clock = new VirtualClock();
  readonly hub = new FrameHub(this.clock);
  readonly stations: Station[] = [];

  constructor() {
    worlds.push(this);
  }

  /** A host 10.0.0.`last` whose hardware address ends in `hardware`. */
  station(
    last: number,
    hardware = last,
    options: EthernetOptions = {},
    hostOptions: HostOptions = {},
  ): Station {
    const { clock } = this;
    const host = new Host({ clock, seed: hardware, name: `h${hardware}`, ...hostOptions });
    const link = new EthernetLink(
      { clock, random: new Random(hardware), port: this.hub.port(hardware) },
      options,
    );
    host.attach(link, { address: `10.0.0.${last}/24` });
    const station = { host, link };
    this.stations.push(station);
    return station;
  }

  /** Lets `seconds` pass; returns the frames sent since the last call. */
  wait(seconds: number): Seen[] {
    const end = this.clock.now + seconds * 1e6;
    while (this.clock.nextDeadline() <= end) {
      this.clock.jumpTo(this.clock.nextDeadline());
      this.clock.runInstant();
    }
    this.clock.jumpTo(end);
    return this.hub.take().map(see);
  }

  close(): void {
    for (const { host } of this.stations) host.close();
    this.clock.runInstant();
    expect(this.clock.timers.armedCount).toBe(0);
    expect(packetPool.outstanding).toBe(0);
  }
}

afterEach(() => {
  for (const world of worlds.splice(0)) world.close();
});

/** A bound endpoint. */
export function endpoint({ host }: Station, port: number): UdpEndpoint {
  const made = host.udp.create();
  expect(made.bind(0, port)).toBe(0);
  return made;
}

/** Sends `byte` to port 9. */
export function tell(from: UdpEndpoint, to: string, byte: number): number {
  return from.send(Uint8Array.of(byte), 0, 1, ip(to), 9);
}

/** The first bytes of what has come, and a negative errno, unless that is EAGAIN. */
export function heard(at: UdpEndpoint): number[] {
  const got: number[] = [];
  const into = new Uint8Array(10);
  for (;;) {
    const length = at.receive(into, 0, 10, 0, new DatagramInfo());
    if (length === -11) return got;
    got.push(length < 0 ? length : (into[0] as number));
    if (length < 0) return got;
  }
}
