/** A client and a server on one Ethernet, on the virtual clock. */
import { afterEach, expect } from "vitest";
import {
  DhcpClient,
  type DhcpOptions,
  EthernetLink,
  type EthernetOptions,
  Host,
  Random,
  VirtualClock,
} from "../../../src/index.ts";
import { packetPool } from "../../../src/packet/pool.ts";
import { FrameHub, type Seen, see } from "../../support/frame-hub.ts";
import { TestServer } from "./server.ts";

export const SERVER = "10.0.0.1";
const rigs: Rig[] = [];

export class Rig {
  readonly clock = new VirtualClock();
  readonly hub = new FrameHub(this.clock);
  readonly serverHost: Host;
  readonly server: TestServer;
  readonly host: Host;
  readonly link: EthernetLink;
  readonly client: DhcpClient;
  private readonly hosts: Host[] = [];

  constructor(options: DhcpOptions = {}, ethernet: EthernetOptions = {}, seed = 1) {
    this.serverHost = this.addHost(1, `${SERVER}/24`).host;
    this.server = new TestServer(this.serverHost, SERVER);
    const { host, link } = this.addHost(2, "0.0.0.0/0", ethernet, seed);
    this.host = host;
    this.link = link;
    this.client = new DhcpClient(host, "eth0", options);
    rigs.push(this);
  }

  addHost(hardware: number, address: string, ethernet: EthernetOptions = {}, seed = hardware) {
    const { clock } = this;
    const host = new Host({ clock, seed, name: `h${hardware}` });
    const link = new EthernetLink(
      { clock, random: new Random(hardware), port: this.hub.port(hardware) },
      ethernet,
    );
    host.attach(link, { address });
    this.hosts.push(host);
    return { host, link };
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

  /** What `host` has for an address. */
  get address(): string {
    const { address, prefixLength } = this.host.ipv4.interfaces[1]!;
    return `${[24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".")}/${prefixLength}`;
  }

  get routes(): string[] {
    const quad = (address: number) => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
    return [...this.host.route]
      .filter((route) => route.interface.name === "eth0")
      .map(({ network, prefixLength, via }) => `${quad(network)}/${prefixLength} via ${quad(via)}`);
  }

  close(): void {
    void this.client.close();
    this.server.socket.close();
    this.wait(5);
    for (const host of this.hosts) {
      expect(host.leaks()).toEqual([]);
      host.close();
    }
    this.clock.runInstant();
    expect(this.clock.timers.armedCount).toBe(0);
    expect(packetPool.outstanding).toBe(0);
  }
}

afterEach(() => {
  for (const rig of rigs.splice(0)) rig.close();
});
