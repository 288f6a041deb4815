/**
 * For tests with vitest: networks and hosts that the end of each test looks after. Nothing may be left on them: no open
 * socket, connection, pending call, timer or packet.
 *
 *     import { network } from "netwright/vitest";
 *     const net = network({ seed: 7 });
 */
import { afterEach, expect } from "vitest";
import { Host, type HostOptions, Network, type NetworkOptions, packetPool } from "../index.ts";

packetPool.debug = true; // who reads a packet that is released sees garbage

const networks: Network[] = [];
const hosts: Host[] = [];

/** A network of this test. At the end what is under way comes to its end, TIME-WAIT too, in virtual time; then it is closed. */
export function network(options: NetworkOptions = {}): Network {
  const made = new Network(options);
  networks.push(made);
  return made;
}

/** A stand-alone host of this test, on the real clock unless `options` say otherwise. It is closed at the end. */
export function host(options: HostOptions = {}): Host {
  const made = new Host(options);
  hosts.push(made);
  return made;
}

afterEach(async () => {
  const leaks: string[] = [];
  for (const net of networks.splice(0)) {
    // with a socket left open the world may never be idle: probes of a closed window go on for ever
    if (net.leaks().every((leak) => !/: (open socket|pending) /.test(leak))) await net.idle();
    leaks.push(...net.leaks());
    net.close();
  }
  for (const made of hosts.splice(0)) {
    made.close();
    leaks.push(...made.leaks());
  }
  expect(leaks, "what the test has left behind").toEqual([]);
  expect(packetPool.outstanding, "packets that nobody has released").toBe(0);
});
